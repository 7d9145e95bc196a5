import { describe, expect, it } from '@jest/globals'
import { createExpiryAlarms, levelOf, type ExpiryRow } from '../../../gateway/upkeep/expiry-alarms.ts'

const DAY_MS = 86_400_000
const NOW_MS = Date.parse('2026-09-20T10:15:00Z')

function row(change: Partial<ExpiryRow> = {}): ExpiryRow {
  return {
    role: 'device',
    id: 'mon-1',
    key: 'aa',
    notBeforeMs: NOW_MS - 300 * DAY_MS,
    notAfterMs: NOW_MS + 97 * DAY_MS,
    advice: 'renew it on the device',
    isOwn: false,
    ...change,
  }
}

describe('the level of an expiry', () => {
  it.each([
    { name: 'more than 30 days: none', leftMs: 30 * DAY_MS, level: undefined },
    { name: 'less than 30 days: notice', leftMs: 30 * DAY_MS - 1, level: 'notice' },
    { name: 'less than 7 days: warning', leftMs: 7 * DAY_MS - 1, level: 'warning' },
    { name: 'less than a day: critical', leftMs: DAY_MS - 1, level: 'critical' },
    { name: 'the last moment: critical', leftMs: 0, level: 'critical' },
    { name: 'over: expired', leftMs: -1, level: 'expired' },
  ])('$name', ({ leftMs, level }) => {
    expect(levelOf(row({ notAfterMs: NOW_MS + leftMs }), NOW_MS)).toBe(level)
  })

  it('is no news for a list of 30 days that is renewed at half of its life', () => {
    const list = row({ role: 'crl', notBeforeMs: NOW_MS, notAfterMs: NOW_MS + 30 * DAY_MS })
    const levels = [0, 15, 22, 24, 29.5, 31].map((day) => levelOf(list, NOW_MS + day * DAY_MS))
    expect(levels).toEqual([undefined, undefined, undefined, 'warning', 'critical', 'expired'])
  })
})

describe('alarms', () => {
  it('come once for each level, and daily from the last day on', () => {
    const alarms = createExpiryAlarms()
    const rows = [row({ notAfterMs: NOW_MS + 40 * DAY_MS })]
    const told: string[] = []
    for (let hour = 0; hour < 44 * 24; hour += 1)
      for (const { level } of alarms.take(rows, NOW_MS + hour * 3_600_000))
        told.push(`day ${hour / 24}: ${level}`)
    expect(told).toEqual([
      `day ${10 + 1 / 24}: notice`,
      `day ${33 + 1 / 24}: warning`,
      `day ${39 + 1 / 24}: critical`,
      `day ${40 + 1 / 24}: expired`,
      `day ${41 + 1 / 24}: expired`,
      `day ${42 + 1 / 24}: expired`,
      `day ${43 + 1 / 24}: expired`,
    ])
  })

  it('begin anew with the successor of a certificate', () => {
    const alarms = createExpiryAlarms()
    const short = { notAfterMs: NOW_MS + DAY_MS / 2 }
    expect(alarms.take([row(short)], NOW_MS)).toHaveLength(1)
    expect(alarms.take([row({ key: 'bb' })], NOW_MS)).toHaveLength(0)
    expect(alarms.take([row({ key: 'bb', ...short })], NOW_MS)).toHaveLength(1)
  })

  it('say how many whole days are left', () => {
    const [alarm] = createExpiryAlarms().take([row({ notAfterMs: NOW_MS + 6.9 * DAY_MS })], NOW_MS)
    expect(alarm).toMatchObject({ level: 'warning', daysLeft: 6, row: { advice: 'renew it on the device' } })
  })

  it('are not silenced by a clock that was set back', () => {
    const alarms = createExpiryAlarms()
    const rows = [row({ notAfterMs: NOW_MS + DAY_MS / 2 })]
    alarms.take(rows, NOW_MS)
    expect(alarms.take(rows, NOW_MS - 3_600_000)).toHaveLength(1)
  })
})
