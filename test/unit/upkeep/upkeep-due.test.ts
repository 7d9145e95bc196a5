import { describe, expect, it } from '@jest/globals'
import { assert, integer, property, uint8Array } from 'fast-check'
import {
  renewAtMs,
  upkeepDue,
  type AuthorityHeld,
  type CertificateHeld,
  type Holding,
} from '../../../gateway/upkeep/upkeep-due.ts'

const DAY_MS = 86_400_000
const NOW_MS = Date.parse('2026-09-20T10:15:00Z')

function certificate(change: Partial<CertificateHeld> = {}): CertificateHeld {
  return {
    kind: 'certificate',
    role: 'bedside',
    id: 'box-1',
    notBeforeMs: NOW_MS - 200 * DAY_MS,
    notAfterMs: NOW_MS + 200 * DAY_MS,
    fingerprint: '00000000',
    renewedBy: 'store',
    ...change,
  }
}

function authority(daysLeft: number, change: Partial<AuthorityHeld> = {}): AuthorityHeld {
  return {
    kind: 'authority',
    role: 'issuing-ca',
    notBeforeMs: NOW_MS - 2000 * DAY_MS,
    notAfterMs: NOW_MS + daysLeft * DAY_MS,
    canRenew: true,
    ...change,
  }
}

function actsOf(...held: Holding[]): readonly string[] {
  return upkeepDue(held, NOW_MS).map((act) => Object.values(act).join(' '))
}

describe('a certificate', () => {
  it.each([
    { name: 'in the middle of its life is left alone', change: {}, due: [] },
    {
      name: 'is renewed when two thirds of its life are over',
      change: { notBeforeMs: NOW_MS - 200 * DAY_MS, notAfterMs: NOW_MS + 100 * DAY_MS },
      due: ['renew-certificate bedside box-1 store'],
    },
    {
      name: 'is left alone a moment before',
      change: { notBeforeMs: NOW_MS - 200 * DAY_MS + 1, notAfterMs: NOW_MS + 100 * DAY_MS + 1 },
      due: [],
    },
    {
      name: 'that has ended is renewed by the store that made it',
      change: { notAfterMs: NOW_MS - DAY_MS },
      due: ['renew-certificate bedside box-1 store'],
    },
    {
      name: 'that has ended is not sent to a service that could not verify it',
      change: { notAfterMs: NOW_MS - DAY_MS, renewedBy: 'enrolment' as const },
      due: [],
    },
    {
      name: 'in the last second of its life is still sent to the service',
      change: { notAfterMs: NOW_MS, renewedBy: 'enrolment' as const },
      due: ['renew-certificate bedside box-1 enrolment'],
    },
    {
      name: 'from the future of the clock is made anew, as every peer refuses it',
      change: { notBeforeMs: NOW_MS + DAY_MS },
      due: ['renew-certificate bedside box-1 store'],
    },
    {
      name: 'that nobody here can renew is nobody’s act',
      change: { notAfterMs: NOW_MS + DAY_MS, renewedBy: 'nobody' as const },
      due: [],
    },
  ])('$name', ({ change, due }) => {
    expect(actsOf(certificate(change))).toEqual(due)
  })

  it('is renewed between 61 and 67 hundredths of its life, always at the same moment', () => {
    const life = integer({ min: DAY_MS, max: 900 * DAY_MS })
    const fingerprint = uint8Array({ minLength: 32, maxLength: 32 })
    assert(
      property(life, fingerprint, (lifeMs, bytes) => {
        const held = {
          notBeforeMs: NOW_MS,
          notAfterMs: NOW_MS + lifeMs,
          fingerprint: Buffer.from(bytes).toString('hex'),
        }
        const share = (renewAtMs(held) - NOW_MS) / lifeMs
        expect(share).toBeGreaterThanOrEqual(0.61)
        expect(share).toBeLessThanOrEqual(2 / 3)
        expect(renewAtMs(held)).toBe(renewAtMs(held))
      }),
    )
  })

  it('of a fleet enrolled in one minute is not renewed in one hour', () => {
    const moments = ['00', '40', '80', 'c0', 'ff'].map((first) =>
      renewAtMs({
        notBeforeMs: NOW_MS,
        notAfterMs: NOW_MS + 397 * DAY_MS,
        fingerprint: `${first}${'0'.repeat(62)}`,
      }),
    )
    const gaps = moments.slice(1).map((moment, index) => Math.abs(moment - (moments[index] ?? 0)))
    expect(Math.min(...gaps)).toBeGreaterThan(4 * DAY_MS)
  })
})

describe('an authority', () => {
  it.each([
    { name: 'with room for the longest leaf is kept', held: authority(825), due: [] },
    {
      name: 'is rolled over before what it issues would end early',
      held: authority(824),
      due: ['renew-authority issuing-ca'],
    },
    { name: 'without its signing key is not touched', held: authority(10, { canRenew: false }), due: [] },
    {
      name: 'that is the root needs room for a whole issuing CA',
      held: authority(3649, { role: 'root-ca' }),
      due: ['renew-authority root-ca'],
    },
    {
      name: 'that is the root and has that room is kept',
      held: authority(3650, { role: 'root-ca' }),
      due: [],
    },
  ])('$name', ({ held, due }) => {
    expect(actsOf(held)).toEqual(due)
  })
})

describe('the second step of a root’s roll-over', () => {
  const young = authority(7000, { role: 'root-ca', notBeforeMs: NOW_MS - 396 * DAY_MS })
  const known = authority(7000, { role: 'root-ca', notBeforeMs: NOW_MS - 397 * DAY_MS })

  it('waits until everyone has had the time to hear of the new root', () => {
    expect(actsOf(young, authority(700))).toEqual([])
    expect(actsOf(known, authority(700))).toEqual(['renew-authority issuing-ca'])
  })

  it('does not wait for ever: an issuing CA that is about to end is replaced', () => {
    expect(actsOf(young, authority(29))).toEqual(['renew-authority issuing-ca'])
  })
})

it('authorities come first, the root before the issuing CA, then lists, then certificates', () => {
  const due = actsOf(
    certificate({ notAfterMs: NOW_MS + DAY_MS }),
    { kind: 'lists', isDue: true },
    authority(10),
    authority(10, { role: 'root-ca' }),
  )
  expect(due).toEqual([
    'renew-authority root-ca',
    'renew-authority issuing-ca',
    'refresh-lists',
    'renew-certificate bedside box-1 store',
  ])
})

it('nothing is due where nothing is held', () => {
  expect(actsOf({ kind: 'lists', isDue: false })).toEqual([])
})
