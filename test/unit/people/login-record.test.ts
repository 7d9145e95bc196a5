import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { LoginRecord, NO_ROWS, sourceOf } from '../../../gateway/people/login-record.ts'

const MINUTE_MS = 60_000
const START_MS = 1_000_000_000
const from = (source: string, id = 'anna') => ({ id, source, delaysEndedAtMs: 0 })

/** Fails as often as the rule lets it within that time; the number of attempts it got. */
function attack(record: LoginRecord, durationMs: number, attempt: ReturnType<typeof from>): number {
  let count = 0
  for (let nowMs = START_MS; nowMs < START_MS + durationMs;) {
    const waitMs = record.waitMs(attempt, nowMs)
    if (waitMs === 0) {
      record.begun(attempt, nowMs)
      count += 1
    }
    nowMs += Math.max(1, waitMs)
  }
  return count
}

describe('the rule of delays', () => {
  it('gives a guesser about a hundred attempts a day at one account', () => {
    expect(attack(new LoginRecord(NO_ROWS), 24 * 60 * MINUTE_MS, from('10.0.0.1'))).toBeLessThan(115)
  })

  it('slows one address down that tries many accounts', () => {
    const record = new LoginRecord(NO_ROWS)
    let count = 0
    let name = 0
    for (let nowMs = START_MS; nowMs < START_MS + 60 * MINUTE_MS; nowMs += 1_000) {
      name += 1
      const attempt = from('10.0.0.1', `user-${name}`)
      if (record.waitMs(attempt, nowMs) > 0) continue
      record.begun(attempt, nowMs)
      count += 1
    }
    expect(count).toBeLessThan(90)
  })

  it('never keeps anybody out for longer than a quarter of an hour', () => {
    const record = new LoginRecord(NO_ROWS)
    attack(record, 24 * 60 * MINUTE_MS, from('10.0.0.1'))
    const waitMs = record.waitMs(from('10.0.0.1'), START_MS + 24 * 60 * MINUTE_MS)
    expect(waitMs).toBeLessThanOrEqual(15 * MINUTE_MS)
  })

  it('lets a person in at a familiar address while somebody guesses from elsewhere', () => {
    const record = new LoginRecord(NO_ROWS)
    record.begun(from('10.0.0.7'), START_MS).succeeded()
    attack(record, 60 * MINUTE_MS, from('10.0.0.66'))
    const nowMs = START_MS + 60 * MINUTE_MS
    expect(record.waitMs(from('10.0.0.8'), nowMs)).toBeGreaterThan(0)
    expect(record.waitMs(from('10.0.0.7'), nowMs)).toBe(0)
  })

  it('delays at a familiar address too, for the failures made there', () => {
    const record = new LoginRecord(NO_ROWS)
    record.begun(from('10.0.0.7'), START_MS).succeeded()
    for (let time = 0; time < 8; time += 1) record.begun(from('10.0.0.7'), START_MS)
    expect(record.waitMs(from('10.0.0.7'), START_MS)).toBe(8_000)
    expect(record.waitMs(from('10.0.0.8'), START_MS)).toBe(0)
  })

  it('forgets the failures of an account that has logged in, but not those of the address', () => {
    const record = new LoginRecord(NO_ROWS)
    for (let name = 0; name < 24; name += 1) record.begun(from('10.0.0.1', `user-${name}`), START_MS)
    for (let time = 0; time < 4; time += 1) record.begun(from('10.0.0.2'), START_MS)
    record.begun(from('10.0.0.1'), START_MS + MINUTE_MS).succeeded()
    for (let time = 0; time < 4; time += 1) record.begun(from('10.0.0.2'), START_MS + MINUTE_MS)
    expect(record.waitMs(from('10.0.0.2'), START_MS + MINUTE_MS)).toBe(0)
    record.begun(from('10.0.0.1', 'user-x'), START_MS + MINUTE_MS)
    expect(record.waitMs(from('10.0.0.1', 'user-y'), START_MS + MINUTE_MS)).toBe(32_000)
  })

  it('is the same after it was written and read again', () => {
    const record = new LoginRecord(NO_ROWS)
    record.begun(from('10.0.0.7'), START_MS).succeeded()
    attack(record, 60 * MINUTE_MS, from('10.0.0.66'))
    const again = new LoginRecord(JSON.parse(JSON.stringify(record.rows())))
    for (const source of ['10.0.0.7', '10.0.0.66', '10.0.0.8'])
      expect(again.waitMs(from(source), START_MS + 61 * MINUTE_MS)).toBe(
        record.waitMs(from(source), START_MS + 61 * MINUTE_MS),
      )
  })

  it('forgets where those were familiar who are gone', () => {
    const record = new LoginRecord(NO_ROWS)
    record.begun(from('10.0.0.7', 'anna'), START_MS).succeeded()
    record.begun(from('10.0.0.7', 'bert'), START_MS).succeeded()
    record.forgetOthers((id) => id === 'bert')
    expect(record.rows().familiar).toEqual([['bert', ['10.0.0.7']]])
  })

  it('remembers a bounded number of familiar addresses', () => {
    const record = new LoginRecord(NO_ROWS)
    for (let host = 0; host < 50; host += 1) record.begun(from(`10.0.0.${host}`), START_MS).succeeded()
    expect(record.rows().familiar[0]?.[1]).toHaveLength(8)
  })
})

describe('where a login comes from', () => {
  it.each([
    ['10.0.0.7:50123', '10.0.0.7'],
    ['::ffff:10.0.0.7:50123', '10.0.0.7'],
    ['[::ffff:10.0.0.7]:50123', '10.0.0.7'],
    ['fd00:1:2:3:4:5:6:7:443', 'fd00:1:2:3:4:5:6:7'],
    ['[FD00::9]:443', 'fd00::9'],
    ['fe80::1%eth0:443', 'fe80::1'],
    ['::1:443', '::1'],
    ['', 'unknown'],
    ['nonsense', 'unknown'],
  ])('%s is %s', (address, source) => {
    expect(sourceOf(address)).toBe(source)
  })

  it('is one of a bounded length, whatever is said', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV6(), fc.ipV4()), (text) => {
        expect(sourceOf(`${text}:1`).length).toBeLessThanOrEqual(45)
      }),
      { seed: 5 },
    )
  })
})
