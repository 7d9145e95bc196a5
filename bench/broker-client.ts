/** A raw MQTT 3.1.1 client over mutual TLS that costs next to nothing beside its TLS, so that the cores measure the broker. */

import { connect, type SecureContext, type TLSSocket } from 'node:tls'

export interface Target {
  readonly port: number
  readonly context: SecureContext
}

interface Handlers {
  /** The body of a PUBLISH behind its topic (and packet id): the payload. */
  publish?: (payload: Buffer) => void
  pubacks?: (count: number) => void
}

export class BenchClient {
  readonly socket: TLSSocket
  handlers: Handlers = {}
  /** How long TLS and CONNECT took together. */
  connectedAfterMs = 0
  #rest: Buffer = Buffer.alloc(0)
  #packetId = 0
  #onAnswer: (() => void) | undefined

  private constructor(socket: TLSSocket) {
    this.socket = socket
    socket.on('data', (bytes: Buffer) => this.#receive(bytes))
  }

  /** `clientId` also asks for that identity at brokers that tell their clients apart. */
  static async connect({ port, context }: Target, clientId: string): Promise<BenchClient> {
    const startedAtMs = performance.now()
    const socket = connect({
      host: '127.0.0.1',
      port,
      servername: 'localhost',
      secureContext: context,
      minVersion: 'TLSv1.3',
    })
    socket.setNoDelay(true)
    const client = new BenchClient(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.once('close', () => reject(new Error(`${clientId}: closed`)))
      socket.once('secureConnect', () => {
        client.#onAnswer = resolve
        socket.write(connectPacket(clientId))
      })
    })
    socket.on('error', () => undefined)
    client.connectedAfterMs = performance.now() - startedAtMs
    return client
  }

  async subscribe(filter: string, qos: 0 | 1): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onAnswer = resolve
      const body = Buffer.concat([Buffer.of(0, 1), text(filter), Buffer.of(qos)])
      this.socket.write(packet(0x82, body))
    })
  }

  /** Several publications in one write, as a busy device has them. */
  publish(topic: string, qos: 0 | 1, payloads: readonly Buffer[]): void {
    const packets = payloads.map((payload) => {
      if (qos === 0) return packet(0x30, Buffer.concat([text(topic), payload]))
      this.#packetId = (this.#packetId % 0xffff) + 1
      return packet(0x32, Buffer.concat([text(topic), uint16(this.#packetId), payload]))
    })
    this.socket.write(packets.length === 1 ? (packets[0] ?? '') : Buffer.concat(packets))
  }

  end(): void {
    this.socket.destroy()
  }

  #receive(piece: Buffer): void {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece])
    const acknowledgements: Buffer[] = []
    let pubackCount = 0
    let offset = 0
    for (;;) {
      const header = readHeader(bytes, offset)
      if (header === undefined || header.end > bytes.length) break
      const first = bytes[offset] ?? 0
      if (first >> 4 === 3) {
        const qos = (first >> 1) & 3
        const topicEnd = header.start + 2 + bytes.readUInt16BE(header.start)
        if (qos > 0) acknowledgements.push(bytes.subarray(topicEnd, topicEnd + 2))
        this.handlers.publish?.(bytes.subarray(qos > 0 ? topicEnd + 2 : topicEnd, header.end))
      } else if (first === 0x40) pubackCount += 1
      else if (first === 0x20 || first === 0x90) this.#onAnswer?.()
      offset = header.end
    }
    this.#rest = offset === bytes.length ? Buffer.alloc(0) : bytes.subarray(offset)
    if (acknowledgements.length > 0) this.socket.write(pubacks(acknowledgements))
    if (pubackCount > 0) this.handlers.pubacks?.(pubackCount)
  }
}

function pubacks(packetIds: readonly Buffer[]): Buffer {
  const bytes = Buffer.allocUnsafe(packetIds.length * 4)
  for (const [index, id] of packetIds.entries()) {
    bytes.writeUInt16BE(0x4002, index * 4)
    id.copy(bytes, index * 4 + 2)
  }
  return bytes
}

function readHeader(
  bytes: Buffer,
  offset: number,
): { readonly start: number; readonly end: number } | undefined {
  let length = 0
  for (let index = 1; index <= 4; index += 1) {
    const byte = bytes[offset + index]
    if (byte === undefined) return undefined
    length |= (byte & 0x7f) << (7 * (index - 1))
    if (byte < 0x80) return { start: offset + index + 1, end: offset + index + 1 + length }
  }
  throw new Error('a length of more than four bytes')
}

function connectPacket(clientId: string): Buffer {
  // A clean session; keep alive of 300 s.
  return packet(0x10, Buffer.concat([text('MQTT'), Buffer.of(4, 2, 1, 44), text(clientId)]))
}

function packet(header: number, body: Buffer): Buffer {
  const length: number[] = []
  let left = body.length
  do {
    length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0))
    left >>= 7
  } while (left > 0)
  return Buffer.concat([Buffer.of(header, ...length), body])
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([uint16(bytes.length), bytes])
}

function uint16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff)
}
