import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { PacketCutter } from '../../../gateway/broker/packet-cutter.ts'
import { syntaxFault } from '../../../gateway/broker/packet-syntax.ts'

/** The verdict on one packet, written as hexadecimal with spaces between its fields. */
function verdict(hex: string, isConnected = true): string | undefined {
  const { packets } = new PacketCutter(1_000).cut(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
  const [packet] = packets
  return packet === undefined ? 'not a packet' : syntaxFault(packet, isConnected)
}

const connects: readonly (readonly [name: string, hex: string, fault: string | undefined])[] = [
  ['of MQTT 3.1.1', '10 0e 0004 4d515454 04 02 003c 0002 6d31', undefined],
  ['of MQTT 3.1', '10 10 0006 4d5149736470 03 02 003c 0002 6d31', undefined],
  ['with everything', '10 19 0004 4d515454 04 ce 003c 0001 61 0001 62 0001 63 0001 64 0001 65', undefined],
  ['of another name', '10 0e 0004 4d515455 04 02 003c 0002 6d31', 'protocol-name'],
  [
    'of a name that every object has',
    '10 17 000b 636f6e7374727563746f72 04 02 003c 0004 6d316d31',
    'protocol-name',
  ],
  ['of MQTT 5', '10 0f 0004 4d515454 05 02 003c 00 0002 6d31', 'protocol-level'],
  ['with the reserved flag', '10 0e 0004 4d515454 04 03 003c 0002 6d31', 'connect-flags'],
  ['with a QoS of no will', '10 0e 0004 4d515454 04 0a 003c 0002 6d31', 'connect-flags'],
  ['with a retained will that there is not', '10 0e 0004 4d515454 04 22 003c 0002 6d31', 'connect-flags'],
  ['with a will of QoS 3', '10 14 0004 4d515454 04 1e 003c 0002 6d31 0001 62 0001 63', 'will-qos'],
  ['with a will to no topic', '10 13 0004 4d515454 04 06 003c 0002 6d31 0000 0001 63', 'will-topic'],
  ['with a will to a wildcard', '10 14 0004 4d515454 04 06 003c 0002 6d31 0001 23 0001 63', 'will-topic'],
  [
    'with a password without user name',
    '10 11 0004 4d515454 04 42 003c 0002 6d31 0001 63',
    'password-without-user-name',
  ],
  ['with a byte too many', '10 0f 0004 4d515454 04 02 003c 0002 6d31 00', 'length'],
  ['that ends too early', '10 0d 0004 4d515454 04 02 003c 0002 6d', 'length'],
  ['with a client id that is not UTF-8', '10 0e 0004 4d515454 04 02 003c 0002 c0af', 'text'],
  ['with U+0000 in its client id', '10 0e 0004 4d515454 04 02 003c 0002 6d00', 'text'],
  ['with reserved bits', '11 0e 0004 4d515454 04 02 003c 0002 6d31', 'reserved-bits'],
]

describe('a CONNECT', () => {
  it.each(connects)('%s: %s', (_name, hex, fault) => {
    expect(verdict(hex, false)).toBe(fault)
  })

  it('comes once, and before anything else', () => {
    expect(verdict('c0 00', false)).toBe('not-connected')
    expect(verdict('10 0e 0004 4d515454 04 02 003c 0002 6d31', true)).toBe('second-connect')
  })
})

const packets: readonly (readonly [name: string, hex: string, fault: string | undefined])[] = [
  ['a PUBLISH', '30 05 0001 61 7879', undefined],
  ['a PUBLISH without payload', '30 03 0001 61', undefined],
  ['a PUBLISH of QoS 1', '32 06 0001 61 0001 78', undefined],
  ['a PUBLISH with packet id 0', '32 06 0001 61 0000 78', 'packet-id'],
  ['a PUBLISH of QoS 3', '36 06 0001 61 0001 78', 'qos'],
  ['a DUP of QoS 0', '38 05 0001 61 7879', 'dup-without-qos'],
  ['a PUBLISH to no topic', '30 03 0000 78', 'topic'],
  ['a PUBLISH to a wildcard', '30 04 0001 2b 78', 'topic'],
  ['a PUBLISH to ill-formed text', '30 05 0002 61ff 78', 'text'],
  ['a PUBLISH to a surrogate', '30 06 0003 eda080 78', 'text'],
  ['a PUBLISH cut off in its topic', '30 03 0004 61', 'length'],
  ['a PUBLISH cut off in its packet id', '32 04 0001 61 00', 'length'],
  ['a PUBACK', '40 02 0001', undefined],
  ['a PUBACK of packet id 0', '40 02 0000', 'packet-id'],
  ['a PUBACK of one byte', '40 01 00', 'length'],
  ['a PUBACK of three bytes', '40 03 0001 00', 'length'],
  ['a PUBREL', '62 02 0001', undefined],
  ['a PUBREL without its bit', '60 02 0001', 'reserved-bits'],
  ['a SUBSCRIBE', '82 06 0001 0001 61 01', undefined],
  ['a SUBSCRIBE without its bit', '80 06 0001 0001 61 01', 'reserved-bits'],
  ['a SUBSCRIBE with packet id 0', '82 06 0000 0001 61 01', 'packet-id'],
  ['a SUBSCRIBE of QoS 3', '82 06 0001 0001 61 03', 'qos'],
  ['a SUBSCRIBE with reserved options', '82 06 0001 0001 61 81', 'qos'],
  ['a SUBSCRIBE without filters', '82 02 0001', 'no-filter'],
  ['a SUBSCRIBE to nothing', '82 05 0001 0000 01', 'topic'],
  ['a SUBSCRIBE without options', '82 05 0001 0001 61', 'length'],
  ['a SUBSCRIBE to ill-formed text', '82 06 0001 0001 ff 01', 'text'],
  ['an UNSUBSCRIBE', 'a2 05 0001 0001 61', undefined],
  ['an UNSUBSCRIBE without filters', 'a2 02 0001', 'no-filter'],
  ['a PINGREQ', 'c0 00', undefined],
  ['a PINGREQ with a body', 'c0 01 00', 'length'],
  ['a DISCONNECT', 'e0 00', undefined],
  ['a DISCONNECT with reserved bits', 'e1 00', 'reserved-bits'],
  ['a CONNACK', '20 02 0000', 'packet-type'],
  ['a SUBACK', '90 03 0001 00', 'packet-type'],
  ['a PINGRESP', 'd0 00', 'packet-type'],
  ['a packet of type 0', '00 00', 'packet-type'],
  ['a packet of type 15', 'f0 00', 'packet-type'],
]

describe('a packet of a connected client', () => {
  it.each(packets)('%s: %s', (_name, hex, fault) => {
    expect(verdict(hex)).toBe(fault)
  })

  it('of any bytes gets a verdict and never throws', () => {
    fc.assert(
      fc.property(
        fc.nat(255),
        fc.uint8Array({ maxLength: 60 }),
        fc.boolean(),
        (firstByte, bytes, isConnected) => {
          const body = Buffer.from(bytes)
          syntaxFault({ firstByte, body }, isConnected)
        },
      ),
      { numRuns: 5_000 },
    )
  })
})
