import { generateKeyPairSync } from 'node:crypto'
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { chooseConsumer } from '../../../cli/watch-identity.ts'
import { layoutOfState } from '../../../certs/store-layout.ts'
import { initStore, openStore, type CertificateStore } from '../../../certs/store.ts'
import { writeInventory } from '../../../gateway/inventory/inventory-file.ts'
import { boxExpiries } from '../../../gateway/upkeep/box-expiries.ts'
import { enrolmentUrl } from '../../../gateway/upkeep/open-certificates.ts'
import { liveMaterial } from '../../../gateway/upkeep/own-identity.ts'
import { readExpiries } from '../../../gateway/upkeep/process-expiries.ts'
import { readHoldings } from '../../../gateway/upkeep/process-holdings.ts'
import { takeUp } from '../../../gateway/upkeep/take-up.ts'
import type { RenewOutcome } from '../../../gateway/uplink/mqtt-link.ts'
import { RecordingEvents } from '../../support/recording-sinks.ts'
import { tempDir } from '../../support/temp-dir.ts'

const DAY_MS = 86_400_000
const NOW_MS = Date.parse('2026-09-20T10:15:00Z')

let dir: ReturnType<typeof tempDir>
let store: CertificateStore
let stateDir: string
let boxState: string

beforeEach(() => {
  dir = tempDir()
  stateDir = join(dir.path, 'state')
  boxState = join(dir.path, 'box')
  store = initStore({ stateDir, site: 'ward.test', serverNames: ['localhost'], nowMs: NOW_MS })
  store.issue({ role: 'bedside', id: 'box-1', nowMs: NOW_MS })
})
afterEach(() => {
  dir.remove()
})

/** As an enrolment leaves it: key, certificate and trust, and no authority. */
function enrolled(role: 'bedside' | 'consumer', id: string): void {
  const folder = join(boxState, 'certs', role)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const { chainPem } = store.certify({ role, id, publicKeyPem, nowMs: NOW_MS })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  writeFileSync(join(folder, `${id}.key`), key, { mode: 0o600 })
  writeFileSync(join(folder, `${id}.pem`), chainPem)
  copyFileSync(join(stateDir, 'certs/ca.pem'), join(boxState, 'certs/ca.pem'))
}

describe('the material of a link', () => {
  it('is read anew each time, so that a renewal is used at the next connect', () => {
    const layout = layoutOfState(stateDir)
    const before = liveMaterial(layout, { role: 'bedside', id: 'box-1' }, NOW_MS)
    store.renew('bedside', 'box-1', NOW_MS)
    const after = liveMaterial(layout, { role: 'bedside', id: 'box-1' }, NOW_MS)
    expect(after.cert).not.toBe(before.cert)
    expect(after.key).not.toBe(before.key)
  })

  it('is refused with what to do when the certificate has ended', () => {
    const read = () =>
      liveMaterial(layoutOfState(stateDir), { role: 'bedside', id: 'box-1' }, NOW_MS + 398 * DAY_MS)
    expect(read).toThrow(/'box-1' .* ended 2027-.* clock .* new code .*wardgate certs enroll bedside box-1/)
  })

  it('is good to the last second', () => {
    const atMs = NOW_MS + 397 * DAY_MS - 1_000
    expect(liveMaterial(layoutOfState(stateDir), { role: 'bedside', id: 'box-1' }, atMs).cert).toContain(
      'BEGIN',
    )
  })
})

describe('what a process holds', () => {
  const own = [{ role: 'bedside', id: 'box-1' }] as const

  function renewers(certificates: Parameters<typeof readHoldings>[0]): readonly string[] {
    return readHoldings(certificates, NOW_MS).flatMap((one) =>
      one.kind === 'certificate' ? [one.renewedBy] : [],
    )
  }

  it('is renewed by the store that made it', () => {
    expect(renewers({ layout: layoutOfState(stateDir), store, own })).toEqual(['store'])
  })

  it('is renewed by nobody once it is revoked', () => {
    store.revokeIdentity('bedside', 'box-1', 'keyCompromise', NOW_MS)
    const renewAt = 'https://10.0.0.1:8443'
    expect(renewers({ layout: layoutOfState(stateDir), store, own: [{ ...own[0], renewAt }] })).toEqual([
      'nobody',
    ])
  })

  it('is renewed by enrolment where there is no store, if it is known where', () => {
    enrolled('bedside', 'box-2')
    const layout = layoutOfState(boxState)
    const box = { role: 'bedside', id: 'box-2' } as const
    expect(renewers({ layout, store: undefined, own: [box] })).toEqual(['nobody'])
    const renewAt = 'https://10.0.0.1:8443'
    expect(renewers({ layout, store: undefined, own: [{ ...box, renewAt }] })).toEqual(['enrolment'])
  })

  it('leaves out a certificate that is not there', () => {
    expect(
      renewers({ layout: layoutOfState(stateDir), store, own: [{ role: 'uplink', id: 'none' }] }),
    ).toEqual([])
  })

  it('has authorities that can be renewed only where the key of the root is', () => {
    const offline = join(dir.path, 'offline')
    const nowMs = NOW_MS
    const options = { stateDir: offline, site: 'ward.test', serverNames: ['localhost'], nowMs }
    initStore({ ...options, offlineRootDir: join(dir.path, 'medium') })
    const held = (at: string) =>
      readHoldings({ layout: layoutOfState(at), store: openStore(at), own: [] }, NOW_MS).flatMap((one) =>
        one.kind === 'authority' ? [`${one.role} ${one.canRenew}`] : [],
      )
    expect(held(stateDir)).toEqual(['issuing-ca true', 'root-ca true'])
    expect(held(offline)).toEqual(['issuing-ca false', 'root-ca false'])
  })
})

describe('a box without a store', () => {
  it('foresees the end of its certificate and of those it trusts', () => {
    enrolled('bedside', 'box-2')
    const layout = layoutOfState(boxState)
    const rows = (days: number, renewAt?: string) =>
      boxExpiries(
        { layout, store: undefined, own: [{ role: 'bedside', id: 'box-2', renewAt }] },
        NOW_MS + days * DAY_MS,
      )
    expect(rows(0).map(({ role, level }) => `${role} ${level}`)).toEqual([
      'bedside undefined',
      'issuing-ca undefined',
      'root-ca undefined',
    ])
    expect(rows(390)[0]).toMatchObject({ level: 'warning', advice: expect.stringContaining('certs enroll') })
    expect(rows(390, 'https://10.0.0.1:8443')[0]).toMatchObject({
      level: 'warning',
      advice: expect.stringContaining('it renews itself at https://10.0.0.1:8443'),
    })
    expect(rows(398, 'https://10.0.0.1:8443')[0]).toMatchObject({
      level: 'expired',
      advice: expect.stringContaining('new code'),
    })
  })
})

it('a certificate that another house has issued is foreseen as well', () => {
  const other = initStore({
    stateDir: join(dir.path, 'other'),
    site: 'hospital.test',
    serverNames: ['localhost'],
    nowMs: NOW_MS,
  })
  other.issue({ role: 'uplink', id: 'up-1', nowMs: NOW_MS })
  cpSync(join(dir.path, 'other/certs/uplink'), join(stateDir, 'certs/uplink'), { recursive: true })
  const layout = layoutOfState(stateDir)
  const own = [
    { role: 'uplink', id: 'up-1' },
    { role: 'bedside', id: 'box-1' },
  ] as const
  const rows = readExpiries({ layout, store, own }, NOW_MS + 392 * DAY_MS)
  expect(rows.filter(({ role }) => role === 'uplink')).toMatchObject([
    { level: 'warning', isOwn: true, advice: expect.stringContaining('not from the store here') },
  ])
  expect(rows.filter(({ role }) => role === 'bedside')).toHaveLength(1)
})

it.each([
  ['mqtts://10.0.4.2:8883', 'https://10.0.4.2:8443'],
  ['mqtts://gw.ward.internal', 'https://gw.ward.internal:8443'],
  ['mqtts://[fd00::1]:8883', 'https://[fd00::1]:8443'],
  ['mqtt://10.0.4.2', undefined],
])('the enrolment service of %s is %s', (broker, url) => {
  expect(enrolmentUrl(broker)).toBe(url)
})

it.each([
  ['renewed', ['certificate-in-use']],
  ['current', []],
  ['offline', []],
  ['busy', ['certificate-not-in-use']],
  ['failed', ['certificate-not-in-use']],
] as const)('a link that answers %s to its renewal makes the events %j', async (outcome, expected) => {
  const events = new RecordingEvents()
  const renew = async (): Promise<RenewOutcome> => outcome
  await takeUp([{ role: 'bedside', id: 'box-1', renew }], events)
  expect(events.all.map(({ event }) => event)).toEqual(expected)
})

describe('a terminal station', () => {
  it('is a consumer of the inventory, with its wards', () => {
    writeInventory(stateDir, [
      { role: 'consumer', id: 'station-1', wards: ['icu'] },
      { role: 'consumer', id: 'station-2', wards: ['er'] },
    ])
    expect(chooseConsumer({ state: stateDir, ward: 'er' })).toEqual({ id: 'station-2', wards: ['er'] })
    expect(() => chooseConsumer({ state: stateDir })).toThrow(
      /several consumers here \(station-1, station-2\)/,
    )
    expect(() => chooseConsumer({ state: stateDir, as: 'x' })).toThrow(/no such consumer here/)
  })

  it('is the holder of a certificate on a machine without an inventory, and has to say its ward', () => {
    enrolled('consumer', 'station-9')
    expect(() => chooseConsumer({ state: boxState })).toThrow(/say one with --ward/)
    expect(chooseConsumer({ state: boxState, ward: 'icu' })).toEqual({ id: 'station-9', wards: undefined })
  })

  it('is told how to become one where there is nothing at all', () => {
    expect(() => chooseConsumer({ state: join(dir.path, 'empty') })).toThrow(
      /certs issue consumer .* certs enroll/,
    )
  })
})
