/**
 * What MQTT 3.1.1 demands of every packet of a client, beyond what Aedes looks at: reserved bits, lengths, packet ids,
 * text. One row for each packet type; a row reads its body once, from front to back. Pure.
 */

import { isFilter } from '../security/topic-filter.ts'
import { BodyReader } from './body-reader.ts'

export type SyntaxFault =
  | 'packet-type'
  | 'reserved-bits'
  | 'length'
  | 'packet-id'
  | 'text'
  | 'topic'
  | 'filter'
  | 'qos'
  | 'dup-without-qos'
  | 'no-filter'
  | 'protocol-name'
  | 'protocol-level'
  | 'connect-flags'
  | 'will-topic'
  | 'will-qos'
  | 'password-without-user-name'
  | 'not-connected'
  | 'second-connect'

/** A whole packet, as far as its syntax goes. */
interface PacketParts {
  readonly firstByte: number
  readonly body: Buffer
  /** Its packet id, if it is nothing else. */
  readonly loneId?: number | undefined
}

interface Row {
  /** [MQTT-2.2.2-2]: what the low four bits must be; undefined where they mean something. */
  readonly flags: number | undefined
  readonly check: (reader: BodyReader, flags: number) => SyntaxFault | undefined
}

const CONNECT = 1
const PUBACK_IN_ORDER = 0x40
const QOS_MASK = 0x06
const DUP_BIT = 0x08

// MQTT 3.1.1, table 2.1; what only a server sends has no row.
const ROWS: ReadonlyMap<number, Row> = new Map<number, Row>([
  [CONNECT, { flags: 0, check: connectFault }],
  [3, { flags: undefined, check: publishFault }],
  [4, { flags: 0, check: packetIdAlone }],
  [5, { flags: 0, check: packetIdAlone }],
  [6, { flags: 2, check: packetIdAlone }],
  [7, { flags: 0, check: packetIdAlone }],
  [8, { flags: 2, check: subscribeFault }],
  [10, { flags: 2, check: unsubscribeFault }],
  [12, { flags: 0, check: empty }],
  [14, { flags: 0, check: empty }],
])

/** The first rule that the packet breaks; undefined for a packet in order. */
export function syntaxFault(packet: PacketParts, isConnected: boolean): SyntaxFault | undefined {
  const { firstByte, loneId = 0 } = packet
  // A subscriber answers every message with one.
  if (firstByte === PUBACK_IN_ORDER && loneId > 0 && isConnected) return undefined
  const type = firstByte >> 4
  const row = ROWS.get(type)
  if (row === undefined) return 'packet-type'
  // [MQTT-3.1.0-1], [MQTT-3.1.0-2]
  if (!isConnected && type !== CONNECT) return 'not-connected'
  if (isConnected && type === CONNECT) return 'second-connect'
  const flags = firstByte & 0x0f
  if (row.flags !== undefined && flags !== row.flags) return 'reserved-bits'
  const reader = new BodyReader(packet.body)
  const fault = row.check(reader, flags)
  if (fault !== undefined) return fault
  if (reader.hasBadText) return 'text'
  return reader.isExactlyRead ? undefined : 'length'
}

const LEVELS: Readonly<Record<string, number>> = { MQTT: 4, MQIsdp: 3 }
/** A bridge sets this bit of the level; Mosquitto and Aedes know it. */
const BRIDGE_BIT = 0x80

function connectFault(reader: BodyReader): SyntaxFault | undefined {
  const name = reader.text()
  const level = LEVELS[name]
  if (level === undefined || !Object.hasOwn(LEVELS, name)) return 'protocol-name'
  if ((reader.byte() & ~BRIDGE_BIT) !== level) return 'protocol-level'
  const flags = reader.byte()
  const hasWill = (flags & 0x04) !== 0
  const willQos = (flags >> 3) & 0x03
  const hasUserName = (flags & 0x80) !== 0
  const hasPassword = (flags & 0x40) !== 0
  // [MQTT-3.1.2-3], [MQTT-3.1.2-11], [MQTT-3.1.2-13], [MQTT-3.1.2-15]
  if ((flags & 0x01) !== 0 || (!hasWill && (flags & 0x38) !== 0)) return 'connect-flags'
  if (willQos === 3) return 'will-qos'
  if (hasPassword && !hasUserName) return 'password-without-user-name'
  reader.skip(2)
  reader.text()
  if (hasWill) {
    // [MQTT-4.7.3-1], [MQTT-3.3.2-2]: the will is a PUBLISH like any other.
    if (!isTopicName(reader.text())) return 'will-topic'
    reader.bytes()
  }
  if (hasUserName) reader.text()
  if (hasPassword) reader.bytes()
  return undefined
}

function publishFault(reader: BodyReader, flags: number): SyntaxFault | undefined {
  // [MQTT-3.3.1-4], [MQTT-3.3.1-2]
  if ((flags & QOS_MASK) === QOS_MASK) return 'qos'
  if ((flags & QOS_MASK) === 0 && (flags & DUP_BIT) !== 0) return 'dup-without-qos'
  if (!isTopicName(reader.text())) return reader.isShort ? 'length' : 'topic'
  const fault = (flags & QOS_MASK) === 0 ? undefined : packetIdFault(reader)
  reader.rest()
  return fault
}

function packetIdAlone(reader: BodyReader): SyntaxFault | undefined {
  return packetIdFault(reader)
}

/** [MQTT-2.3.1-1] */
function packetIdFault(reader: BodyReader): SyntaxFault | undefined {
  return reader.number() === 0 && !reader.isShort ? 'packet-id' : undefined
}

function subscribeFault(reader: BodyReader): SyntaxFault | undefined {
  return filtersFault(reader, () => (reader.byte() > 2 ? 'qos' : undefined))
}

function unsubscribeFault(reader: BodyReader): SyntaxFault | undefined {
  return filtersFault(reader, () => undefined)
}

function filtersFault(
  reader: BodyReader,
  checkOptions: () => SyntaxFault | undefined,
): SyntaxFault | undefined {
  const fault = packetIdFault(reader)
  if (fault !== undefined) return fault
  // [MQTT-3.8.3-3], [MQTT-3.10.3-2]
  if (!reader.hasMore) return 'no-filter'
  while (reader.hasMore) {
    const filter = reader.text()
    // [MQTT-4.7.3-1], [MQTT-4.7.1-2], [MQTT-4.7.1-3]; text that is no text at all has its own word.
    if (!reader.isShort && !reader.hasBadText && !isFilter(filter)) return filter === '' ? 'topic' : 'filter'
    const optionsFault = checkOptions()
    if (optionsFault !== undefined) return optionsFault
  }
  return undefined
}

function empty(): undefined {
  return undefined
}

function isTopicName(text: string): boolean {
  return text !== '' && !text.includes('+') && !text.includes('#')
}
