import { describe, expect, it } from '@jest/globals'
import { levelBeforeEnd } from '../../../certs/forecast-level.ts'
import { createExpiryAlarms, isPressing, type ExpiryRow } from '../../../gateway/upkeep/expiry-alarms.ts'
import { soonestByRole } from '../../../gateway/upkeep/process-expiries.ts'

const DAY_MS = 86_400_000
const NOW_MS = Date.parse('2026-09-20T10:15:00Z')

function row(change: Partial<ExpiryRow> = {}): ExpiryRow {
  return {
    role: 'device',
    id: 'mon-1',
    key: 'aa',
    notAfterMs: NOW_MS + 97 * DAY_MS,
    level: undefined,
    advice: 'renew it on the device',
    isOwn: true,
    ...change,
  }
}

describe('alarms', () => {
  it.each([
    { name: 'its own', isOwn: true, expired: 4 },
    { name: 'that of a device that was perhaps taken away', isOwn: false, expired: 1 },
  ])('come once for each level, and daily on the last day; $name', ({ isOwn, expired }) => {
    const alarms = createExpiryAlarms()
    const notAfterMs = NOW_MS + 40 * DAY_MS
    const told: string[] = []
    for (let hour = 0; hour < 44 * 24; hour += 1) {
      const nowMs = NOW_MS + hour * 3_600_000
      const rows = [row({ notAfterMs, isOwn, level: levelBeforeEnd(notAfterMs, nowMs) })]
      for (const { level } of alarms.take(rows, nowMs)) told.push(`day ${Math.floor(hour / 24)}: ${level}`)
    }
    expect(told.slice(0, 4)).toEqual([
      'day 10: notice',
      'day 33: warning',
      'day 39: critical',
      expect.stringMatching(/^day 40: (critical|expired)$/),
    ])
    expect(told.filter((text) => text.endsWith('expired'))).toHaveLength(expired)
  })

  it('begin anew with the successor of a certificate', () => {
    const alarms = createExpiryAlarms()
    expect(alarms.take([row({ level: 'critical' })], NOW_MS)).toHaveLength(1)
    expect(alarms.take([row({ key: 'bb' })], NOW_MS)).toHaveLength(0)
    expect(alarms.take([row({ key: 'bb', level: 'critical' })], NOW_MS)).toHaveLength(1)
  })

  it('say how many whole days are left', () => {
    const rows = [row({ notAfterMs: NOW_MS + 6.9 * DAY_MS, level: 'warning' })]
    expect(createExpiryAlarms().take(rows, NOW_MS)).toMatchObject([
      { level: 'warning', daysLeft: 6, row: { advice: 'renew it on the device' } },
    ])
  })

  it('are not silenced by a clock that was set back', () => {
    const alarms = createExpiryAlarms()
    const rows = [row({ level: 'critical' })]
    alarms.take(rows, NOW_MS)
    expect(alarms.take(rows, NOW_MS - 3_600_000)).toHaveLength(1)
  })

  it.each([
    { level: 'critical', isOwn: true, pressing: true },
    { level: 'expired', isOwn: true, pressing: true },
    { level: 'warning', isOwn: true, pressing: false },
    { level: 'expired', isOwn: false, pressing: false },
    { level: undefined, isOwn: true, pressing: false },
  ] as const)('make a process unready or not: $level, own: $isOwn', ({ level, isOwn, pressing }) => {
    expect(isPressing(row({ level, isOwn }))).toBe(pressing)
  })
})

it('the soonest end of each role is that of its own, also in the past, or of others who are still there', () => {
  const rows = [
    row({ role: 'server', notAfterMs: NOW_MS - 1 }),
    row({ role: 'device', isOwn: false, notAfterMs: NOW_MS - 1 }),
    row({ role: 'device', isOwn: false, notAfterMs: NOW_MS + 9 }),
    row({ role: 'device', isOwn: false, notAfterMs: NOW_MS + 5 }),
    row({ role: 'trust', notAfterMs: NOW_MS + 1 }),
  ]
  expect([...soonestByRole(rows, NOW_MS)]).toEqual([
    ['server', NOW_MS - 1],
    ['device', NOW_MS + 5],
  ])
})
