/** The few MQTT 3.1.1 packets of the benchmarks, so that a client costs next to nothing beside its TLS. */

const KEEP_ALIVE_S = 60

export function connectPacket(clientId: string): Buffer {
  const variable = Buffer.from([0x04, 0x02, 0, KEEP_ALIVE_S])
  return packet(0x10, Buffer.concat([text('MQTT'), variable, text(clientId)]))
}

/** At QoS 1. */
export function publishPacket(topic: string, packetId: number, payload: string): Buffer {
  return packet(0x32, Buffer.concat([text(topic), uint16(packetId), Buffer.from(payload)]))
}

export interface Answers {
  connack(code: number): void
  puback(packetId: number): void
}

/** CONNACK and PUBACK, the only packets a broker sends to a device; both are four bytes long. */
export function readAnswers(bytes: Buffer, answers: Answers): Buffer {
  let rest = bytes
  for (; rest.length >= 4; rest = rest.subarray(4)) {
    if (rest[0] === 0x20) answers.connack(rest[3] ?? 255)
    else if (rest[0] === 0x40) answers.puback(rest.readUInt16BE(2))
    else throw new Error(`a packet that no device expects: ${rest.toString('hex')}`)
  }
  return rest
}

function packet(header: number, body: Buffer): Buffer {
  const length =
    body.length < 128
      ? Buffer.from([body.length])
      : Buffer.from([(body.length & 0x7f) | 0x80, body.length >> 7])
  return Buffer.concat([Buffer.from([header]), length, body])
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([uint16(bytes.length), bytes])
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff])
}
