import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { PROTOCOLS } from '../../../../devices/registry.ts'
import type { Command, DriverOutput, LinkEvent } from '../../../../devices/protocol.ts'
import { isPermitted } from '../../../../gateway/stages/permit-command.ts'
import { AT_MS, bytesOf, keptMemory } from '../../../support/fake-peer.ts'

const SEED = 0x1808
const GATT = PROTOCOLS.filter(({ link }) => link.kind === 'gatt')

const UUIDS = [
  '2A18',
  '2A19',
  '2A1C',
  '2A1D',
  '2A1E',
  '2A21',
  '2A25',
  '2A2B',
  '2A34',
  '2A35',
  '2A36',
  '2A37',
  '2A49',
  '2A51',
  '2A52',
  '2A5E',
  '2A5F',
  '2A60',
  '2AA7',
  '2AA8',
  '2AA9',
  '2AAA',
  '2AAB',
  '2B20',
  '2B21',
  '2B22',
  '2B23',
  '2B24',
  '2B27',
  '2B28',
  '2B34',
  '2B35',
]

const TELLING = [
  '06000101',
  '06000106',
  '0600010a',
  '06000301',
  '06000104',
  '0f0f33f0',
  '0f0f3306',
  '008001 59 ffff',
  'ffff 00 6400 2e8000',
  '02 0100 ea0709140a0100 78b0 11',
  '12 0200 ea0709140a0200 78b0 1a',
  '06 00 7800 1e00',
  '0f00 00000000 0000 33 ea0709140a0000 00 00',
  '6900 01000000 3c00 0700 33 19f0 0000 0000',
  '0c00',
  'ff00',
  '00',
  '03 6100 4800 ea0709140a0100 0002',
  '02 6c0100ff ea0709140a0000',
  '00 7800 5000 5d00',
].map(bytesOf)

const octets = fc.oneof(fc.constantFrom(...TELLING), fc.uint8Array({ maxLength: 24 }))
const event: fc.Arbitrary<LinkEvent | 'tick' | 'fail'> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('value' as const),
      characteristic: fc.constantFrom(...UUIDS),
      via: fc.constantFrom('read' as const, 'indication' as const, 'notification' as const),
      bytes: octets,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'opened' as const, characteristics: UUIDS }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'closed' as const, reason: 'connection-timeout' }) },
  { weight: 2, arbitrary: fc.constant('tick' as const) },
  { weight: 2, arbitrary: fc.constant('fail' as const) },
)

describe.each(GATT)('$id with a peer that sends whatever it likes', (protocol) => {
  it('asks for nothing outside its closed list, ends in time, and gives no value where there is none', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const driver = protocol.createDriver(keptMemory())
        let atMs = AT_MS
        let last: Command | undefined
        for (const next of [{ kind: 'opened' as const, characteristics: UUIDS }, ...events]) {
          atMs += 7_000
          const outputs = step(next, atMs)
          for (const output of outputs) {
            check(output)
            if (isCommand(output)) last = output
          }
        }
        function step(next: LinkEvent | 'tick' | 'fail', nowMs: number): readonly DriverOutput[] {
          if (next === 'tick') {
            const outputs = driver.tick?.(nowMs) ?? []
            // Whatever was due has been done: no busy loop.
            expect(driver.wakeAtMs ?? Infinity).toBeGreaterThan(nowMs)
            return outputs
          }
          if (next !== 'fail') return driver.receive(next, nowMs)
          return last === undefined
            ? []
            : driver.receive({ kind: 'failed', command: last, reason: 'out-of-range' }, nowMs)
        }
      }),
      { seed: SEED, numRuns: 150 },
    )
  })

  function check(output: DriverOutput): void {
    if (isCommand(output)) expect([output, isPermitted(output, protocol.sends)]).toEqual([output, true])
    if (output.kind !== 'observation') return
    for (const { value, quality, metric } of output.numerics) {
      expect(protocol.metrics).toContain(metric)
      if (value === null) expect(quality).not.toBe('valid')
      else expect(Number.isFinite(value)).toBe(true)
    }
  }
})

function isCommand(output: DriverOutput): output is Command {
  return 'characteristic' in output || output.kind === 'send'
}
