import { describe, expect, it } from '@jest/globals'
import { PROTOCOLS } from '../../../../devices/registry.ts'
import type { DriverOutput } from '../../../../devices/protocol.ts'
import { AT_MS, FakePeer, textsOf } from '../../../support/fake-peer.ts'

const GATT = PROTOCOLS.flatMap((protocol) =>
  protocol.link.kind === 'gatt' ? [{ ...protocol, gatt: protocol.link }] : [],
)

/** What each driver needs before it listens to anything else. */
const NEEDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'ble-cgm': { '2AA8': '008001 59 ffff' },
  'ble-cgm-ccitt-false': { '2AA8': '008001 59 ffff' },
  'ble-insulin-delivery': {
    '2B23': 'ffff 00 6400 000000',
    '2B21': '5596 5af0 01',
    '2B20': '0000',
    '2B22': '00',
  },
}
const STREAMS = ['2A37', '2A5F', '2A1C', '2A35', '2A18', '2A52', '2AA7', '2B24']

const RIGHT = 'ea0709140a0f00 07 00 00'

function connect(
  id: string,
  values: Readonly<Record<string, string>>,
): { peer: FakePeer; outputs: DriverOutput[] } {
  const protocol = GATT.find((each) => each.id === id)
  if (protocol === undefined) throw new Error(id)
  const peer = new FakePeer(protocol.createDriver(), { ...NEEDS[id], ...values })
  return { peer, outputs: peer.open(STREAMS) }
}

function alertsOf(outputs: readonly DriverOutput[]): unknown[] {
  return outputs.flatMap((output) => (output.kind === 'alert' ? [[output.code, output.phase]] : []))
}

describe.each(GATT.map(({ id }) => id))('%s', (id) => {
  it('tells battery, identity and clock of the device', () => {
    const { outputs } = connect(id, { '2A19': '53', '2A25': '4131', '2A2B': RIGHT, '2A0F': '0404' })
    const told = textsOf(outputs)
    expect(told).toContainEqual(['battery_pct', 83])
    expect(told).toContainEqual(['serial_number', 'A1'])
    expect(told).toContainEqual(['device_clock', '2026-09-20T10:15:00'])
    expect(told).toContainEqual(['device_clock_ahead_s', 0])
    expect(told).toContainEqual(['device_utc_offset_min', 120])
  })

  it('raises an alert for a low battery and ends it when it is charged', () => {
    const values = { '2A19': '14' }
    const { peer, outputs } = connect(id, values)
    expect(alertsOf(outputs)).toEqual([['battery-level-low', 'present']])
    const bytes = (percent: number): Uint8Array => Uint8Array.of(percent)
    const read = (percent: number): DriverOutput[] =>
      peer.hear({ kind: 'value', characteristic: '2A19', via: 'read', bytes: bytes(percent) })
    expect(alertsOf(read(19))).toEqual([])
    expect(alertsOf(read(90))).toEqual([['battery-level-low', 'ended']])
    expect(read(101)).toMatchObject([{ kind: 'discarded', reason: 'rfu-value' }])
  })

  it('reads battery and clock again every ten minutes, and tells them when they have changed', () => {
    const { peer } = connect(id, { '2A19': '53', '2A2B': RIGHT })
    peer.commands.length = 0
    const outputs = peer.tick(AT_MS + 600_000)
    const again = peer.commands
      .filter(({ kind }) => kind === 'read')
      .map((command) => Object.values(command)[1])
    expect(again).toEqual(expect.arrayContaining(['2A19', '2A2B']))
    // The clock of this device stands still.
    expect(textsOf(outputs)).toContainEqual(['device_clock_ahead_s', -600])
    expect(textsOf(outputs).map(([name]) => name)).not.toContain('battery_pct')
  })

  it('says when the clock of the device is not set', () => {
    const { outputs } = connect(id, { '2A2B': '00000000000000 00 00 00' })
    expect(textsOf(outputs)).toContainEqual(['device_clock', 'not_set'])
  })
})

describe('every Bluetooth profile', () => {
  it('asks for an encrypted link, and for an authenticated one where therapy or a sensor in the body is read', () => {
    for (const { id, gatt } of GATT)
      expect([id, gatt.security]).toEqual([
        id,
        ['183A', '181F'].includes(gatt.service) ? 'authenticated' : 'encrypted',
      ])
  })

  it('writes to nothing but the control points for records and the status reader of a pump', () => {
    const written = GATT.flatMap(({ sends }) => sends).flatMap((rule) =>
      rule.kind === 'write' ? [rule.characteristic] : [],
    )
    expect(new Set(written)).toEqual(new Set(['2A52', '2B24', '2B27']))
  })
})
