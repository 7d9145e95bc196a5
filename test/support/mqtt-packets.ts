/** MQTT 3.1.1 by the byte: packets as a client writes them, well formed or not, and packets of a server read back. */

type Bytes = string | Uint8Array
export type Qos = 0 | 1 | 2

/** A field behind its length in two bytes. */
export function field(value: Bytes): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([number(bytes.length), bytes])
}

export function number(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff)
}

/** A packet of this first byte; the remaining length in as few bytes as it takes. */
export function packet(firstByte: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.of(firstByte), remainingLength(body.length), body])
}

function remainingLength(value: number): Buffer {
  const bytes: number[] = []
  let left = value
  do {
    const more = left > 0x7f ? 0x80 : 0
    bytes.push((left & 0x7f) | more)
    left >>= 7
  } while (left > 0)
  return Buffer.from(bytes)
}

export interface Will {
  readonly topic: Bytes
  readonly payload?: Bytes
  readonly qos?: number
  readonly retain?: boolean
}

export interface ConnectOptions {
  readonly id?: Bytes
  readonly clean?: boolean
  readonly keepAliveS?: number
  readonly will?: Will
  readonly userName?: Bytes
  readonly password?: Bytes
  readonly protocolName?: Bytes
  readonly level?: number
  /** Bits to add to the connect flags. */
  readonly extraFlags?: number
}

export function connect(options: ConnectOptions = {}): Buffer {
  const { id = '', clean = true, keepAliveS = 0, will, userName, password } = options
  const willFlags = will === undefined ? 0 : 0x04 | ((will.qos ?? 0) << 3) | (will.retain === true ? 0x20 : 0)
  const userFlags = (userName === undefined ? 0 : 0x80) | (password === undefined ? 0 : 0x40)
  const flags = (clean ? 0x02 : 0) | willFlags | userFlags | (options.extraFlags ?? 0)
  return packet(
    0x10,
    field(options.protocolName ?? 'MQTT'),
    Buffer.of(options.level ?? 4, flags),
    number(keepAliveS),
    field(id),
    ...(will === undefined ? [] : [field(will.topic), field(will.payload ?? '')]),
    ...(userName === undefined ? [] : [field(userName)]),
    ...(password === undefined ? [] : [field(password)]),
  )
}

export interface PublishOptions {
  readonly qos?: Qos
  readonly messageId?: number
  readonly dup?: boolean
  readonly retain?: boolean
}

export function publish(topic: Bytes, payload: Bytes = '', options: PublishOptions = {}): Buffer {
  const { qos = 0, messageId = 1, dup = false, retain = false } = options
  const firstByte = 0x30 | (dup ? 0x08 : 0) | (qos << 1) | (retain ? 0x01 : 0)
  return packet(firstByte, field(topic), ...(qos === 0 ? [] : [number(messageId)]), Buffer.from(payload))
}

export const puback = (messageId: number): Buffer => packet(0x40, number(messageId))
export const pubrec = (messageId: number): Buffer => packet(0x50, number(messageId))
export const pubrel = (messageId: number): Buffer => packet(0x62, number(messageId))
export const pubcomp = (messageId: number): Buffer => packet(0x70, number(messageId))

export function subscribe(messageId: number, ...filters: readonly (readonly [Bytes, number])[]): Buffer {
  const rows = filters.flatMap(([filter, qos]) => [field(filter), Buffer.of(qos)])
  return packet(0x82, number(messageId), ...rows)
}

export function unsubscribe(messageId: number, ...filters: readonly Bytes[]): Buffer {
  return packet(0xa2, number(messageId), ...filters.map((filter) => field(filter)))
}

export const PINGREQ = Buffer.of(0xc0, 0)
export const DISCONNECT = Buffer.of(0xe0, 0)

/** What a server sends. */
export type ServerPacket =
  | { readonly type: 'connack'; readonly sessionPresent: boolean; readonly code: number }
  | {
      readonly type: 'publish'
      readonly topic: string
      readonly payload: string
      readonly qos: number
      readonly dup: boolean
      readonly retain: boolean
      readonly messageId: number | undefined
    }
  | { readonly type: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp' | 'unsuback'; readonly messageId: number }
  | { readonly type: 'suback'; readonly messageId: number; readonly granted: readonly number[] }
  | { readonly type: 'pingresp' }
  /** Nothing that a server may send. */
  | { readonly type: 'malformed'; readonly hex: string }

// First byte, whole: the reserved bits of table 2.2 included.
const ACKNOWLEDGEMENTS = {
  0x40: 'puback',
  0x50: 'pubrec',
  0x62: 'pubrel',
  0x70: 'pubcomp',
  0xb0: 'unsuback',
} as const

/** The first whole packet of the bytes and what is left of them; undefined while there is none. */
export function decode(bytes: Buffer): { readonly packet: ServerPacket; readonly rest: Buffer } | undefined {
  let size = 0
  for (let index = 1; index <= 4; index += 1) {
    const byte = bytes[index]
    if (byte === undefined) return undefined
    size += (byte & 0x7f) * 128 ** (index - 1)
    if ((byte & 0x80) !== 0) continue
    const end = index + 1 + size
    if (bytes.length < end) return undefined
    const body = bytes.subarray(index + 1, end)
    return { packet: read(bytes.readUInt8(0), body), rest: bytes.subarray(end) }
  }
  return { packet: { type: 'malformed', hex: bytes.toString('hex') }, rest: Buffer.alloc(0) }
}

function read(firstByte: number, body: Buffer): ServerPacket {
  if (firstByte >> 4 === 3) return readPublish(firstByte, body)
  if (firstByte === 0x20 && body.length === 2 && body.readUInt8(0) <= 1)
    return { type: 'connack', sessionPresent: body[0] === 1, code: body.readUInt8(1) }
  if (firstByte === 0x90 && body.length > 2)
    return { type: 'suback', messageId: body.readUInt16BE(0), granted: [...body.subarray(2)] }
  if (firstByte === 0xd0 && body.length === 0) return { type: 'pingresp' }
  const type = Object.entries(ACKNOWLEDGEMENTS).find(([byte]) => Number(byte) === firstByte)?.[1]
  if (type !== undefined && body.length === 2) return { type, messageId: body.readUInt16BE(0) }
  return { type: 'malformed', hex: Buffer.concat([Buffer.of(firstByte), body]).toString('hex') }
}

function readPublish(firstByte: number, body: Buffer): ServerPacket {
  const qos = (firstByte >> 1) & 3
  const topicEnd = 2 + body.readUInt16BE(0)
  const payloadStart = topicEnd + (qos === 0 ? 0 : 2)
  return {
    type: 'publish',
    topic: body.toString('utf8', 2, topicEnd),
    payload: body.toString('utf8', payloadStart),
    qos,
    dup: (firstByte & 0x08) !== 0,
    retain: (firstByte & 0x01) !== 0,
    messageId: qos === 0 ? undefined : body.readUInt16BE(topicEnd),
  }
}
