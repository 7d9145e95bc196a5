/** The bytes of a PUBLISH, made once for all its subscribers: only the packet id differs between them. */

export interface PublishContent {
  readonly topic: string
  readonly payload: Buffer
}

export interface EncodedPublish {
  readonly bytes: Buffer
  /** Where the packet id goes; 0 at QoS 0, which has none. */
  readonly idOffset: number
}

const PUBLISH = 0x30
const QOS_1 = 0x02

export function encodePublish({ topic, payload }: PublishContent, qos: 0 | 1): EncodedPublish {
  const topicBytes = Buffer.byteLength(topic)
  const bodyBytes = 2 + topicBytes + (qos === 0 ? 0 : 2) + payload.length
  const headerBytes = 1 + lengthBytes(bodyBytes)
  const bytes = Buffer.allocUnsafe(headerBytes + bodyBytes)
  bytes[0] = PUBLISH | (qos === 0 ? 0 : QOS_1)
  writeLength(bytes, bodyBytes)
  bytes.writeUInt16BE(topicBytes, headerBytes)
  bytes.write(topic, headerBytes + 2)
  const idOffset = qos === 0 ? 0 : headerBytes + 2 + topicBytes
  if (idOffset > 0) bytes.writeUInt16BE(0, idOffset)
  payload.copy(bytes, bytes.length - payload.length)
  return { bytes, idOffset }
}

/** Copies the packet to where it will be sent from; answers where it ends. */
export function copyWithId(
  { bytes, idOffset }: EncodedPublish,
  messageId: number,
  target: Buffer,
  offset: number,
): number {
  bytes.copy(target, offset)
  if (idOffset > 0) {
    target[offset + idOffset] = messageId >> 8
    target[offset + idOffset + 1] = messageId & 0xff
  }
  return offset + bytes.length
}

// MQTT 3.1.1, 2.2.3: seven bits a byte, the lowest first, and the eighth says that more follow.
function lengthBytes(length: number): number {
  if (length < 0x80) return 1
  if (length < 0x4000) return 2
  return length < 0x20_0000 ? 3 : 4
}

function writeLength(bytes: Buffer, length: number): void {
  let left = length
  for (let offset = 1; ; offset += 1) {
    bytes[offset] = (left & 0x7f) | (left > 0x7f ? 0x80 : 0)
    left >>= 7
    if (left === 0) return
  }
}
