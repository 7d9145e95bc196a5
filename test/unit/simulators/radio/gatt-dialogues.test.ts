import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { writeDeclaration } from '../../../../devices/framing/att-declaration.ts'
import { uuidToWire } from '../../../../devices/framing/gatt-uuid.ts'
import type { Attribute } from '../../../../simulators/radio/gatt-database.ts'
import { createGattServer } from '../../../../simulators/radio/gatt-server.ts'
import { attribute, configurationOf, fromHex, toHex } from '../../../support/attributes.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

interface Row {
  readonly handle: number
  readonly type: string
  readonly value?: string
  readonly end?: number
  readonly properties?: number
  readonly uuid?: string
}

interface Dialogue {
  readonly name: string
  readonly database?: readonly Row[]
  readonly steps: readonly { readonly from: 'client' | 'server'; readonly hex: string }[]
}

const { dialogues }: { readonly dialogues: readonly Dialogue[] } = JSON.parse(
  readFileSync(new URL('../../../vectors/att/att_dialogues.json', import.meta.url), 'utf8'),
)

/** What the vectors leave to the server: attributes they do not list, and what its service refuses. */
const BEHIND: Readonly<Record<string, readonly Attribute[]>> = {
  'enable notifications, fetch the last history record': [
    attribute({ handle: 0x2d, type: '2b27', access: ['write'] }),
    attribute({ handle: 0x30, type: '2b28', access: [] }),
  ],
  'refused read, then a normal one': [
    attribute({ handle: 0x33, type: '2a2b', access: [] }),
    attribute({ handle: 0x37, type: '2a2b' }, 'e8070601162a0c062800'),
  ],
  'notification after a CCCD write (GAN/SR/BV-01)': [
    attribute({ handle: 3, type: '2a29', access: [] }),
    configurationOf(3, 4),
  ],
  'insulin delivery with E2E-Protection: wrong CRC, wrong counter, then a right request and its answer': [
    attribute({ handle: 48, type: '2b24', access: ['write'], write: scripted([0x81, 0x82]) }),
    configurationOf(48, 49),
  ],
  'protected value on an unencrypted, unbonded link': [
    attribute({ handle: 80, type: '2b21', readSecurity: 'authenticated' }),
  ],
}

// Configured before the dialogue begins.
const CONFIGURED = [0x2d, 0x30, 112]

const LISTS = new Set([0x05, 0x07, 0x09, 0x11])

describe('GATT server, shared dialogues', () => {
  it.each(dialogues)('$name', ({ name, database = [], steps }) => {
    const sent: string[] = []
    const server = createGattServer({
      attributes: database
        .map((row) => fromRow(row, database))
        .concat(BEHIND[name] ?? [])
        .sort(byHandle)
        .filter(isLast),
      mtu: offeredMtu(steps),
      clock: new FakeClock(),
      link: () => ({ level: 'none', isBonded: false, isAuthorized: false }),
      configurations: new Map(CONFIGURED.map((handle) => [handle, { notify: true, indicate: true }])),
      send: (payload) => sent.push(toHex(payload)),
      onSubscribe: () => undefined,
      onDead: () => undefined,
    })
    for (const { from, hex } of steps) {
      const bytes = fromHex(hex)
      const [opcode = 0] = bytes
      const handle = (bytes[1] ?? 0) + 256 * (bytes[2] ?? 0)
      if (from === 'client') {
        expect(sent).toEqual([])
        server.receive(bytes)
        continue
      }
      if (opcode === 0x1b) expect(server.notify(handle, bytes.subarray(3))).toBe('sent')
      if (opcode === 0x1d) void server.indicate(handle, bytes.subarray(3))
      const answer = sent.shift() ?? ''
      // The vectors put one item in a reply; joining several is also right.
      expect(LISTS.has(opcode) ? answer.slice(0, hex.length) : answer).toBe(hex)
    }
    expect(sent).toEqual([])
    server.close()
  })
})

function fromRow(
  { handle, type, value = '', end, properties, uuid = '' }: Row,
  all: readonly Row[],
): Attribute {
  if (type === '2800')
    return attribute({ handle, type, ...(end !== undefined && { groupEnd: end }) }, toHex(uuidToWire(value)))
  if (properties !== undefined)
    return attribute({ handle, type }, toHex(writeDeclaration({ properties, valueHandle: handle + 1, uuid })))
  if (type === '2902')
    return configurationOf(all.find((row) => row.handle === handle - 1)?.handle ?? 0, handle)
  return attribute({ handle, type }, value)
}

function byHandle(a: Attribute, b: Attribute): number {
  return a.handle - b.handle
}

/** Of two rows for one handle, what stands behind the dialogue counts. */
function isLast({ handle }: Attribute, index: number, all: readonly Attribute[]): boolean {
  return all[index + 1]?.handle !== handle
}

function offeredMtu(steps: Dialogue['steps']): number {
  const exchange = steps.find(({ from, hex }) => from === 'server' && hex.startsWith('03'))
  return exchange === undefined ? 247 : Buffer.from(exchange.hex, 'hex').readUInt16LE(1)
}

function scripted(codes: readonly number[]): () => number | undefined {
  let turn = 0
  return () => codes[turn++]
}
