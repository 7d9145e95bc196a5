import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { CertificateError } from '../../../certs/errors.ts'
import { readCrls } from '../../../certs/crl-reading.ts'
import { initStore, openStore, type CertificateStore } from '../../../certs/store.ts'
import { tempDir } from '../../support/temp-dir.ts'

const nowMs = Date.UTC(2026, 8, 20, 10, 15, 2)
const DAY_MS = 86_400_000

let temp: ReturnType<typeof tempDir>
let stateDir: string
let medium: string

beforeEach(() => {
  temp = tempDir()
  stateDir = join(temp.path, 'state')
  medium = join(temp.path, 'medium')
})
afterEach(() => temp.remove())

describe('a root that is kept offline', () => {
  it('has its key on the medium alone, for its owner alone', () => {
    make()
    expect(readdirSync(join(stateDir, 'certs/ca')).sort()).toEqual(['issuing.key', 'issuing.pem', 'root.pem'])
    expect(statSync(medium).mode & 0o777).toBe(0o700)
    for (const name of readdirSync(medium)) expect(statSync(join(medium, name)).mode & 0o777).toBe(0o600)
  })

  it('has a list of two years, never longer than the root', () => {
    const store = make()
    const nextUpdates = store
      .serverMaterial()
      .crl.flatMap((pem) => readCrls(pem).map((list) => list?.nextUpdateMs))
    expect(nextUpdates).toEqual([nowMs + 30 * DAY_MS, nowMs + 730 * DAY_MS])
    const lateMs = nowMs + 7000 * DAY_MS
    store.refreshCrl(lateMs, medium)
    expect(readCrls(store.serverMaterial().crl[1] ?? '')).toEqual([
      expect.objectContaining({ nextUpdateMs: nowMs + 7300 * DAY_MS }),
    ])
  })

  it.each([
    [
      'a new issuing CA',
      (store: CertificateStore, dir?: string) => store.renewAuthority('issuing-ca', nowMs, dir),
    ],
    ['a new root', (store: CertificateStore, dir?: string) => store.renewAuthority('root-ca', nowMs, dir)],
    [
      'the revocation of the issuing CA',
      (store: CertificateStore, dir?: string) =>
        store.revoke(store.authorities()[0]?.certificate.serialNumber ?? '', 'cACompromise', nowMs, dir),
    ],
  ])('is needed for %s, which says what to mount and changes nothing without it', (_what, act) => {
    const store = make()
    const before = JSON.stringify(store.list(nowMs))
    expect(() => act(store)).toThrow(CertificateError)
    expect(() => act(store)).toThrow(/mount the medium .*--offline-root DIR/)
    expect(JSON.stringify(store.list(nowMs))).toBe(before)
    expect(() => act(store, medium)).not.toThrow()
  })

  it('is not replaced by one in the store, but its successor goes to the medium', () => {
    const store = make()
    store.renewAuthority('root-ca', nowMs, medium)
    expect(readdirSync(medium).filter((name) => name.endsWith('.key'))).toHaveLength(2)
    expect(readdirSync(join(stateDir, 'certs/ca')).some((name) => /root.*key/.test(name))).toBe(false)
  })

  it('takes over from one that was in the store, whose list is kept from then on as well', () => {
    const store = initStore({ stateDir, site: 'wardgate', serverNames: ['gw'], nowMs })
    store.renewAuthority('root-ca', nowMs, medium)
    expect(store.authorities().map(({ role, isCurrent, hasKey }) => [role, isCurrent, hasKey])).toEqual([
      ['issuing-ca', true, true],
      ['root-ca', true, false],
      ['root-ca', false, true],
    ])
    expect(openStore(stateDir).refreshCrl(nowMs + DAY_MS).renewed).toHaveLength(2)
  })

  it('may be one whose key was moved out of the store by hand', () => {
    const store = initStore({ stateDir, site: 'wardgate', serverNames: ['gw'], nowMs })
    mkdirSync(medium, { mode: 0o700 })
    renameSync(join(stateDir, 'certs/ca/root.key'), join(medium, 'root.key'))
    expect(store.refreshCrl(nowMs, medium).renewed).toHaveLength(2)
    expect(readCrls(store.serverMaterial().crl[1] ?? '')).toEqual([
      expect.objectContaining({ nextUpdateMs: nowMs + 730 * DAY_MS }),
    ])
  })
})

describe('the place of an offline root', () => {
  it.each([
    ['the state directory', () => stateDir],
    ['a directory in it', () => join(stateDir, 'certs/ca')],
    ['a directory in it that is written another way', () => join(stateDir, '../state/./root')],
    [
      'a link into it',
      () => {
        mkdirSync(stateDir, { mode: 0o700 })
        symlinkSync(stateDir, join(temp.path, 'link'))
        return join(temp.path, 'link/root')
      },
    ],
  ])('is not %s', (_what, place) => {
    const offlineRootDir = place()
    expect(() => make(offlineRootDir)).toThrow('lies in the state directory')
  })

  it('may be beside the state directory, also under a name that begins the same', () => {
    expect(() => make(`${stateDir}-root`)).not.toThrow()
  })

  it('is not a directory that others can enter, and no store is made then', () => {
    mkdirSync(medium, { mode: 0o755 })
    chmodSync(medium, 0o755)
    expect(() => make()).toThrow(`\`chmod 700 ${medium}\``)
    expect(readdirSync(medium)).toEqual([])
    expect(readdirSync(stateDir)).toEqual([])
  })

  it('is left as it was when the store cannot be made', () => {
    expect(() =>
      initStore({ stateDir, site: 'wardgate', serverNames: ['gw'], nowMs, days: 0, offlineRootDir: medium }),
    ).toThrow('it would have ended already')
    expect(readdirSync(medium)).toEqual([])
  })

  it('is said to be missing, or to hold another root', () => {
    const store = make()
    const renew = () => store.renewAuthority('issuing-ca', nowMs, medium)
    for (const name of readdirSync(medium)) rmSync(join(medium, name))
    expect(renew).toThrow('mount the right medium')
    rmSync(medium, { recursive: true })
    expect(renew).toThrow('mount the medium that holds the root')
  })

  it('is refused when the key on it is open to others', () => {
    const store = make()
    for (const name of readdirSync(medium)) chmodSync(join(medium, name), 0o644)
    expect(() => store.renewAuthority('issuing-ca', nowMs, medium)).toThrow('chmod 600')
  })
})

function make(offlineRootDir = medium): CertificateStore {
  return initStore({ stateDir, site: 'wardgate', serverNames: ['gw'], nowMs, offlineRootDir })
}
