import { describe, expect, it } from '@jest/globals'
import type {
  AuthorityFact,
  CertificateFact,
  ForecastFacts,
  ListFact,
} from '../../../certs/forecast-facts.ts'
import { forecast, withinDays, type ForecastRow } from '../../../certs/forecast.ts'

const DAY_MS = 86_400_000
const bornMs = Date.UTC(2026, 8, 20)

const root: AuthorityFact = {
  role: 'root-ca',
  serial: '01',
  issuer: '01',
  notBeforeMs: bornMs,
  notAfterMs: bornMs + 7300 * DAY_MS,
  isCurrent: true,
  isKeyHere: true,
  isRevoked: false,
  dependents: 1,
}
const issuing: AuthorityFact = {
  ...root,
  role: 'issuing-ca',
  serial: '02',
  notAfterMs: bornMs + 3650 * DAY_MS,
  dependents: 3,
}
const server: CertificateFact = {
  role: 'server',
  id: 'server',
  serial: '03',
  notBeforeMs: bornMs,
  notAfterMs: bornMs + 300 * DAY_MS,
  isKeyHere: true,
  isSinceNewestRoot: true,
}
const device: CertificateFact = { ...server, role: 'device', id: 'mon-1', serial: '04', isKeyHere: false }
const station: CertificateFact = { ...server, role: 'consumer', id: 'station-1', serial: '05' }
const box: CertificateFact = { ...server, role: 'bedside', id: 'box-1', serial: '06' }
const list: ListFact = {
  role: 'issuing-ca',
  serial: '02',
  isKeyHere: true,
  authorityEndsMs: issuing.notAfterMs,
  times: { thisUpdateMs: bornMs, nextUpdateMs: bornMs + 30 * DAY_MS },
}
const rootList: ListFact = { ...list, role: 'root-ca', serial: '01', authorityEndsMs: root.notAfterMs }
const offlineList: ListFact = {
  ...rootList,
  isKeyHere: false,
  times: { thisUpdateMs: bornMs, nextUpdateMs: bornMs + 730 * DAY_MS },
}

const store: ForecastFacts = {
  nowMs: bornMs,
  certificates: [server, device, station, box],
  authorities: [issuing, root],
  lists: [list, rootList],
}

describe('the forecast of a young store', () => {
  it('alarms nobody, and says of everything who renews it', () => {
    const rows = forecast(store)
    expect(rows.filter(({ level }) => level !== undefined)).toEqual([])
    expect(
      Object.fromEntries(rows.map(({ what, role, id, renews }) => [`${what} ${role}/${id}`, renews])),
    ).toEqual({
      'certificate server/server': 'gateway',
      'certificate device/mon-1': 'owner',
      'certificate consumer/station-1': 'person',
      'certificate bedside/box-1': 'gateway',
      'authority issuing-ca/issuing-ca': 'gateway',
      'authority root-ca/root-ca': 'gateway',
      'crl issuing-ca/issuing-ca': 'gateway',
      'crl root-ca/root-ca': 'gateway',
    })
  })

  it('begins with what ends first', () => {
    expect(forecast(store)[0]).toMatchObject({ what: 'crl', renewsAtMs: bornMs + 15 * DAY_MS })
  })

  it('shows what renews itself, ends or falls due within the days that are asked for', () => {
    const rows = forecast(store)
    expect(withinDays(rows, 14, bornMs)).toEqual([])
    expect(withinDays(rows, 15, bornMs).map(({ what }) => what)).toEqual(['crl', 'crl'])
    expect(withinDays(rows, 200, bornMs)).toHaveLength(5)
    expect(withinDays(rows, 100_000, bornMs)).toHaveLength(rows.length)
  })
})

describe('the level of a certificate that a person renews', () => {
  it.each([
    [31, undefined],
    [30, 'notice'],
    [8, 'notice'],
    [7, 'warning'],
    [2, 'warning'],
    [1, 'critical'],
    [0, 'critical'],
    [-1, 'expired'],
  ])('%i days before its end is %s', (days, level) => {
    expect(at(station.notAfterMs - days * DAY_MS, 'consumer').level).toBe(level)
  })

  it('names the command', () => {
    expect(at(bornMs, 'consumer').action).toContain('`wardgate certs renew consumer station-1`')
  })
})

describe('the level of a certificate that renews itself', () => {
  it('is none as long as it may do so, and counts from when it is a day late', () => {
    const short = { ...server, notAfterMs: bornMs + 9 * DAY_MS }
    const levelOn = (day: number) =>
      rowOf({ ...store, certificates: [short], nowMs: bornMs + day * DAY_MS }, 'server').level
    expect([1, 6, 7, 7.1, 8.1, 9.1].map(levelOn)).toEqual([
      undefined,
      undefined,
      undefined,
      'warning',
      'critical',
      'expired',
    ])
  })

  it('tells whose turn it is', () => {
    const lateMs = device.notAfterMs - 5 * DAY_MS
    expect(at(lateMs, 'device')).toMatchObject({
      level: 'warning',
      action: expect.stringContaining('its owner'),
    })
    expect(at(lateMs, 'device').action).toContain('certs renew device mon-1 --public-key FILE')
    expect(at(lateMs, 'server').action).toContain('alarms of the gateway')
    expect(at(device.notAfterMs + 1, 'device').action).toContain('enrol it anew')
  })

  it('is that of a person when the issuing key is missing or its CA is revoked', () => {
    for (const change of [{ isKeyHere: false }, { isRevoked: true }])
      expect(rowOf({ ...store, authorities: [{ ...issuing, ...change }, root] }, 'server')).toMatchObject({
        renews: 'person',
        action: expect.stringContaining('certs renew issuing-ca'),
      })
  })
})

describe('the forecast of an authority', () => {
  it('has the gateway renew the issuing CA before what it issues would be cut short', () => {
    expect(authority({})).toMatchObject({ renews: 'gateway', renewsAtMs: issuing.notAfterMs - 825 * DAY_MS })
  })

  it('warns when that did not happen', () => {
    expect(authority({ nowMs: issuing.notAfterMs - 823 * DAY_MS })).toMatchObject({ level: 'warning' })
  })

  it('asks a person in good time when the root is offline', () => {
    const offline = [issuing, { ...root, isKeyHere: false }]
    const dueMs = issuing.notAfterMs - 825 * DAY_MS
    expect(authority({ authorities: offline })).toMatchObject({
      renews: 'person',
      actByMs: dueMs,
      action: expect.stringContaining('certs renew issuing-ca --offline-root DIR'),
    })
    expect(authority({ authorities: offline })).not.toHaveProperty('level')
    expect(authority({ authorities: offline, nowMs: dueMs - 30 * DAY_MS }).level).toBe('notice')
    expect(authority({ authorities: offline, nowMs: dueMs }).level).toBe('warning')
    expect(authority({ authorities: offline, nowMs: issuing.notAfterMs - DAY_MS }).level).toBe('critical')
    expect(authority({ authorities: offline, nowMs: issuing.notAfterMs + 1 }).level).toBe('expired')
  })

  it('is critical once it is revoked', () => {
    expect(authority({ authorities: [{ ...issuing, isRevoked: true }, root] })).toMatchObject({
      level: 'critical',
    })
  })

  it('never alarms for one that was replaced, and says what still depends on it', () => {
    const old = { ...issuing, serial: '12', isCurrent: false, notAfterMs: bornMs + DAY_MS }
    const row = forecast({ ...store, authorities: [issuing, root, old] }).find(
      ({ serial }) => serial === '12',
    )
    expect(row).toMatchObject({ action: expect.stringContaining('3 in use still depend on it') })
    expect(row).not.toHaveProperty('level')
  })
})

describe('the forecast of a list', () => {
  it('alarms when the gateway is late with it', () => {
    const levelOn = (day: number) =>
      rowOf({ ...store, lists: [list], nowMs: bornMs + day * DAY_MS }, 'issuing-ca', 'crl').level
    expect([15, 16, 17, 23, 29, 31].map(levelOn)).toEqual([
      undefined,
      undefined,
      'notice',
      'warning',
      'critical',
      'expired',
    ])
  })

  it('asks a person for that of an offline root', () => {
    const levelBefore = (days: number) =>
      rowOf({ ...store, lists: [offlineList], nowMs: bornMs + (730 - days) * DAY_MS }, 'root-ca', 'crl')
    expect(levelBefore(31)).toMatchObject({
      renews: 'person',
      action: expect.stringContaining('certs renew crl --offline-root DIR'),
    })
    expect([31, 30, 7, 1, -1].map((days) => levelBefore(days).level)).toEqual([
      undefined,
      'notice',
      'warning',
      'critical',
      'expired',
    ])
  })

  it('leaves one alone that lasts as long as its authority', () => {
    const last = { ...offlineList, authorityEndsMs: bornMs + 730 * DAY_MS }
    const row = rowOf({ ...store, lists: [last], nowMs: bornMs + 729 * DAY_MS }, 'root-ca', 'crl')
    expect(row).not.toHaveProperty('level')
    expect(row.action).toContain('nothing is left to do')
  })

  it('comes before everything when there is none', () => {
    const [first] = forecast({ ...store, lists: [list, { ...offlineList, times: undefined }] })
    expect(first).toMatchObject({ what: 'crl', role: 'root-ca', level: 'expired', expiresAtMs: 0 })
  })
})

describe('the forecast after a new root', () => {
  const young: AuthorityFact = { ...root, serial: '11', issuer: '11', notBeforeMs: bornMs + 100 * DAY_MS }
  const old = { ...root, isCurrent: false }
  const behind = { ...device, isSinceNewestRoot: false }
  const renewed = { ...device, id: 'mon-2', notBeforeMs: bornMs + 101 * DAY_MS }
  const nowMs = bornMs + 120 * DAY_MS
  const facts: ForecastFacts = {
    ...store,
    nowMs,
    certificates: [server, behind, renewed],
    authorities: [issuing, young, old],
  }

  it('names the clients that have not renewed since, without alarm while nothing depends on it', () => {
    const rows = forecast(facts).filter(({ what }) => what === 'trust')
    expect(rows).toEqual([
      expect.objectContaining({ role: 'device', id: 'mon-1', serial: '11', renews: 'owner' }),
    ])
    expect(rows[0]).not.toHaveProperty('level')
  })

  it('warns of them once the issuing CA comes from the new root', () => {
    const next = { ...issuing, issuer: '11' }
    const rows = forecast({ ...facts, authorities: [next, young, old] }).filter(
      ({ what }) => what === 'trust',
    )
    expect(rows).toEqual([expect.objectContaining({ id: 'mon-1', level: 'warning' })])
  })
})

function at(nowMs: number, role: ForecastRow['role']): ForecastRow {
  return rowOf({ ...store, nowMs }, role)
}

function authority(change: Partial<ForecastFacts>): ForecastRow {
  return rowOf({ ...store, ...change }, 'issuing-ca', 'authority')
}

function rowOf(
  facts: ForecastFacts,
  role: ForecastRow['role'],
  what: ForecastRow['what'] = 'certificate',
): ForecastRow {
  const row = forecast(facts).find((each) => each.role === role && each.what === what)
  if (row === undefined) throw new Error(`no row of ${what} ${role}`)
  return row
}
