import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { bleInsulinDelivery } from '../../../../devices/ble-insulin-delivery.ts'
import type { LinkEvent } from '../../../../devices/protocol.ts'
import { isPermitted } from '../../../../gateway/stages/permit-command.ts'
import { AT_MS, bytesOf, FakePump, PUMP_CHARACTERISTICS } from '../../../support/fake-pump.ts'

const SEED = 0x183a

// Written out here on purpose: none of these starts, stops or changes therapy.
const READER_REQUESTS = ['0c03', '3003', '5603', '6503', '9503', 'a603', 'c003', 'f303']
/** Reports and the abort; 3c would delete. */
const HISTORY_REQUESTS = ['33550f', '33690f', '550f']

function writesAfter(pump: FakePump, act: () => void): string[] {
  pump.commands.length = 0
  act()
  return pump.commands.flatMap((command) =>
    command.kind === 'write' ? [Buffer.from(command.bytes).toString('hex')] : [],
  )
}

describe('the conversation with a pump', () => {
  it('fetches what changed and resets exactly the bits it fetched', () => {
    const pump = new FakePump()
    pump.open()
    expect(writesAfter(pump, () => pump.indicate('2B20', 'ff00'))).toEqual([
      '6503',
      '3003',
      'c003',
      '33550f00000000',
      '9503',
      '0c03ff00',
    ])
    expect(writesAfter(pump, () => pump.indicate('2B20', 'a000'))).toEqual([
      '6503',
      '33550f00000000',
      '0c03a000',
    ])
    expect(writesAfter(pump, () => pump.indicate('2B20', '8000'))).toEqual(['33550f00000000', '0c038000'])
  })

  it('leaves a bit set whose value could not be fetched', () => {
    const pump = new FakePump({ answers: { '6503': '0303650372' } })
    pump.open()
    expect(writesAfter(pump, () => pump.indicate('2B20', '6000'))).toEqual(['6503', '3003', '0c034000'])
  })

  it('does not reset a bit that changed again and could not be fetched since', () => {
    const pump = new FakePump({ features: '020000', answers: { '6503': null, c003: null } })
    pump.open()
    const answer = (hex: string): unknown => pump.indicate('2B24', hex)
    const refusal = '0303650372'
    answer(refusal)
    answer('0303c00372')
    const written = writesAfter(pump, () => {
      pump.indicate('2B20', '3000')
      answer('6a03000155e0')
      pump.indicate('2B20', '3000')
      answer('cf037b0000ff2d0000ff')
      answer(refusal)
      answer('cf037b0000ff2d0000ff')
    })
    expect(written).toEqual(['6503', 'c003', '9503', '6503', 'c003', '0c031000'])
  })

  it('polls every minute, counted from the last poll', () => {
    const pump = new FakePump()
    pump.open()
    expect(pump.driver.wakeAtMs).toBe(AT_MS + 60_000)
    expect(pump.tick(AT_MS + 59_999)).toEqual([])
    expect(writesAfter(pump, () => pump.tick(AT_MS + 60_000))).toEqual(['6503', '3003', 'c003', 'f303'])
    expect(pump.driver.wakeAtMs).toBe(AT_MS + 120_000)
  })

  it('gives a request up after 30 seconds of silence and goes on', () => {
    const pump = new FakePump({ answers: { '6503': null } })
    pump.open()
    expect(pump.driver.wakeAtMs).toBe(AT_MS + 30_000)
    const outputs = pump.tick(AT_MS + 30_000)
    expect(outputs[0]).toEqual({ kind: 'text', name: 'procedure_timed_out', value: 'get-active-basal-rate' })
    expect(outputs.filter((output) => output.kind === 'write')).toHaveLength(7)
  })

  it('goes on after a refused write or read, and says what failed', () => {
    const pump = new FakePump({ values: { '2B22': '' }, answers: { '6503': null } })
    pump.open()
    const command = { kind: 'write', characteristic: '2B24', bytes: bytesOf('6503') } as const
    const outputs = pump.settle({ kind: 'failed', command, reason: 'procedure-already-in-progress' })
    expect(outputs[0]).toMatchObject({ name: 'command_failed' })
    expect(outputs.some((output) => output.kind === 'write')).toBe(true)
  })

  it('stops asking when a counter is out of step, so that silence opens the link anew', () => {
    const pump = new FakePump({ isProtected: true })
    pump.open()
    pump.value('2B21', 'indication', '55965af001')
    const outputs = pump.indicate('2B21', '55965af001')
    expect(outputs).toMatchObject([
      { kind: 'discarded', reason: 'bad-counter' },
      { kind: 'text', name: 'session_out_of_step', value: '2B21' },
    ])
    expect(pump.driver.wakeAtMs).toBeUndefined()
    expect(pump.indicate('2B20', '2000')).toEqual([])
    pump.settle({ kind: 'closed', reason: 'silence' })
    expect(pump.open().some((output) => output.kind === 'observation')).toBe(true)
  })

  it('takes no answer that nobody asked for', () => {
    const pump = new FakePump()
    pump.open()
    expect(pump.indicate('2B24', '6a03000155e0')).toMatchObject([{ reason: 'unexpected-op-code' }])
  })
})

describe('the closed send list', () => {
  it('holds the requests of the status reader, reports of the history, and no other write', () => {
    const written = bleInsulinDelivery.sends.flatMap((rule) => (rule.kind === 'write' ? [rule] : []))
    const prefixes = (uuid: string): string[] =>
      written.filter((rule) => rule.characteristic === uuid).map(({ prefixHex }) => prefixHex)
    expect(prefixes('2B24').sort()).toEqual(READER_REQUESTS)
    expect(prefixes('2B27')).toEqual(HISTORY_REQUESTS)
    expect(written).toHaveLength(READER_REQUESTS.length + HISTORY_REQUESTS.length)
    expect(bleInsulinDelivery.sends.filter(({ kind }) => kind === 'send')).toEqual([])
  })

  it.each(['3c330f', '3c550f00000000', '3c690f', '3c660f'])('has no row for the deletion %s', (hex) => {
    const command = { kind: 'write', characteristic: '2B27', bytes: bytesOf(hex) } as const
    expect(isPermitted(command, bleInsulinDelivery.sends)).toBe(false)
  })

  it.each(['2B25', '2B26', '2A39'])('permits nothing at all on %s', (characteristic) => {
    const bytes = bytesOf('6503')
    for (const command of [
      { kind: 'write', characteristic, bytes },
      { kind: 'subscribe', characteristic },
      { kind: 'read', characteristic },
    ] as const) {
      expect(isPermitted(command, bleInsulinDelivery.sends)).toBe(false)
    }
  })

  const characteristic = fc.constantFrom(...PUMP_CHARACTERISTICS, '2A25', '2AA7')
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 24 }),
    fc
      .constantFrom('3f0307010002000300040005000600ffff', '3f0301ffff', 'ff00', 'ffff', '6a03000155e0')
      .map(bytesOf),
    fc
      .constantFrom('03030c030f', '550f4b110f', '4b11103338f000000000', '5a0f33', 'cf037b0000ff2d0000ff')
      .map(bytesOf),
    fc.integer({ min: 0, max: 0xffff }).map((id) => Uint8Array.of(0x3f, 0x03, 1, id & 0xff, id >>> 8)),
    fc.integer({ min: 0, max: 0xffff }).map((bits) => Uint8Array.of(bits & 0xff, bits >>> 8)),
  )
  const event: fc.Arbitrary<LinkEvent | 'tick'> = fc.oneof(
    fc.record({
      kind: fc.constant('value' as const),
      characteristic,
      via: fc.constantFrom('read' as const, 'indication' as const, 'notification' as const),
      bytes: hostile,
    }),
    characteristic.map((uuid) => ({
      kind: 'failed' as const,
      command: { kind: 'read' as const, characteristic: uuid },
      reason: 'unlikely-error',
    })),
    hostile.map((bytes) => ({
      kind: 'failed' as const,
      command: { kind: 'write' as const, characteristic: '2B24', bytes },
      reason: 'out-of-range',
    })),
    fc.constant('tick' as const),
    hostile.map((bytes) => ({ kind: 'bytes' as const, bytes })),
  )

  const boluses = fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 7 })
    .map((ids) =>
      Buffer.of(0x3f, 0x03, ids.length, ...ids.flatMap((id) => [id & 0xff, id >>> 8])).toString('hex'),
    )

  it.each([true, false])('is kept whatever the pump sends (end-to-end protection: %s)', (isProtected) => {
    let writeCount = 0
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), boluses, (events, bolusIds) => {
        const answers = { '3003': bolusIds, '5603': '0303560374' }
        const pump = new FakePump({ isProtected, features: isProtected ? 'ffff00' : 'feff00', answers })
        pump.open()
        let atMs = AT_MS
        for (const next of events) {
          atMs += 11_000
          if (next === 'tick') pump.tick(atMs)
          else if (next.kind !== 'value' || next.via === 'notification') pump.settle(next, atMs)
          else {
            const hex = Buffer.from(next.bytes).toString('hex')
            pump.settle(pump.value(next.characteristic, next.via, hex), atMs)
          }
        }
        writeCount += pump.commands.filter(({ kind }) => kind === 'write').length
        for (const command of pump.commands) {
          expect([command, isPermitted(command, bleInsulinDelivery.sends)]).toEqual([command, true])
          if (command.kind !== 'write') continue
          const written = Buffer.from(command.bytes).toString('hex')
          const allowed = command.characteristic === '2B24' ? READER_REQUESTS : HISTORY_REQUESTS
          expect(['2B24', '2B27']).toContain(command.characteristic)
          expect(allowed.some((prefix) => written.startsWith(prefix))).toBe(true)
        }
      }),
      { seed: SEED, numRuns: 200 },
    )
    expect(writeCount).toBeGreaterThan(1_500)
  })

  it('gives no numeric a value where the pump sent none', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const pump = new FakePump()
        pump.open()
        for (const next of events) {
          const outputs = next === 'tick' ? pump.driver.tick?.(AT_MS) : pump.driver.receive(next, AT_MS)
          for (const output of outputs ?? []) {
            if (output.kind !== 'observation') continue
            for (const { value, quality } of output.numerics) {
              expect(value === null || Number.isFinite(value)).toBe(true)
              if (quality === 'absent' || quality === 'invalid') expect(value).toBeNull()
            }
          }
        }
      }),
      { seed: SEED, numRuns: 150 },
    )
  })
})
