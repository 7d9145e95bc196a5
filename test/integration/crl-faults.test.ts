/** A revocation list that cannot be used never locks everyone out, and never lets a revoked certificate in. Real TLS. */

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from '@jest/globals'
import { splitCrls } from '../../certs/crl-reading.ts'
import { keyPath, layoutOfState } from '../../certs/store-layout.ts'
import type { CertificateStore } from '../../certs/store.ts'
import type { InventoryEntry } from '../../gateway/ports.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { CONNACK_ACCEPTED, PINGREQ, startLiveWard, type LiveWard } from '../support/live-ward.ts'

const DAY_MS = 86_400_000
const INVENTORY: readonly InventoryEntry[] = ['good', 'revoked'].map((id) => ({
  role: 'device',
  id,
  ward: 'icu',
  bed: `b-${id}`,
  assoc: 'a1',
  protocol: 'mqtt',
}))

type Spoil = (crlPath: string, store: CertificateStore) => void
const FAULTS: readonly { readonly name: string; readonly reason: string; readonly spoil: Spoil }[] = [
  {
    name: 'damaged',
    reason: 'damaged',
    spoil: (path) =>
      writeFileSync(
        path,
        readFileSync(path, 'utf8')
          .replaceAll(/A(?=.*\n-----END)/g, 'B')
          .slice(0, -90),
      ),
  },
  { name: 'deleted', reason: 'missing', spoil: (path) => rmSync(path) },
  {
    name: 'without the list of one authority',
    reason: 'authority-without-list',
    spoil: (path) => writeFileSync(path, splitCrls(readFileSync(path, 'utf8'))[0] ?? ''),
  },
  {
    name: 'from the future',
    reason: 'from-the-future',
    spoil: (_path, store) => store.refreshCrl(Date.now() + DAY_MS),
  },
  { name: 'stale', reason: 'expired', spoil: (_path, store) => store.refreshCrl(Date.now() - 40 * DAY_MS) },
]

let ward: LiveWard
afterEach(async () => {
  await ward.stop()
})

const crlPath = (): string => layoutOfState(ward.stateDir).crl

function revoke(store: CertificateStore): void {
  const row = store.list(Date.now()).find(({ id }) => id === 'revoked')
  store.revoke(row?.serial ?? '', 'keyCompromise', Date.now())
}

/** A store whose lists cannot be written. */
const diskFull = (store: CertificateStore): CertificateStore => ({
  ...store,
  refreshCrl() {
    throw new Error('the disk is full')
  },
})

describe('a crl.pem that cannot be renewed and is', () => {
  it.each(FAULTS)(
    '$name: those who may come in do, the revoked do not, and everybody is told',
    async (fault) => {
      ward = await startLiveWard(INVENTORY, { gatewayStore: diskFull })
      const before = ward.raw('device', 'good')
      expect((await before.receive(4)).toString('hex')).toBe(CONNACK_ACCEPTED)
      revoke(ward.store)
      fault.spoil(crlPath(), ward.store)
      expect(await ward.events.first('crl-unusable')).toMatchObject({
        reason: fault.reason,
        notRenewed: 'the disk is full',
      })
      expect(await ward.attempt('device', 'revoked')).toBe('closed')
      expect(ward.gateway.notReady()).toEqual([expect.stringContaining(fault.reason)])
      // Who is inside stays, and whoever comes anew gets in.
      before.socket.write(PINGREQ)
      expect(await before.receive(6)).toHaveLength(6)
      expect(await ward.attempt('device', 'good')).toBe(CONNACK_ACCEPTED)
    },
  )
})

describe('a crl.pem that is', () => {
  it.each(FAULTS)('$name is renewed by the gateway itself, without a word to anybody', async (fault) => {
    ward = await startLiveWard(INVENTORY)
    revoke(ward.store)
    fault.spoil(crlPath(), ward.store)
    expect(await ward.events.first('crl-renewed')).toEqual({ because: fault.reason })
    expect(await ward.attempt('device', 'good')).toBe(CONNACK_ACCEPTED)
    expect(await ward.attempt('device', 'revoked')).toBe('closed')
    expect(await ward.events.first('handshake-refused')).toMatchObject({
      reason: 'revoked',
      openssl: 'CERT_REVOKED',
    })
    expect(ward.gateway.notReady()).toEqual([])
    expect(ward.events.named('crl-unusable')).toEqual([])
  })

  it.each(FAULTS)('$name already at the start does not keep the gateway from starting', async (fault) => {
    ward = await startLiveWard(INVENTORY, {
      gatewayStore: diskFull,
      prepare(stateDir, store) {
        revoke(store)
        fault.spoil(layoutOfState(stateDir).crl, store)
      },
    })
    expect(await ward.attempt('device', 'good')).toBe(CONNACK_ACCEPTED)
    expect(await ward.attempt('device', 'revoked')).toBe('closed')
    expect(await ward.events.first('crl-unusable')).toMatchObject({ reason: fault.reason })
  })
})

describe('the list of a root whose key is kept elsewhere', () => {
  it('that has run out costs nobody the way in, and the engineer is told what to do', async () => {
    ward = await startLiveWard(INVENTORY, {
      prepare(stateDir, store) {
        store.refreshCrl(Date.now() - 40 * DAY_MS)
        rmSync(layoutOfState(stateDir).rootKey)
        revoke(store)
      },
    })
    expect(await ward.attempt('device', 'good')).toBe(CONNACK_ACCEPTED)
    expect(await ward.attempt('device', 'revoked')).toBe('closed')
    expect(await ward.events.first('crl-unusable')).toMatchObject({
      reason: 'expired',
      authority: expect.stringContaining('root-ca'),
      notRenewed: expect.stringContaining('--offline-root'),
    })
  })
})

describe('the key of the gateway', () => {
  it('that cannot be read while it runs stays in use as it was, is told, and is taken up when it is back', async () => {
    ward = await startLiveWard(INVENTORY)
    const key = keyPath(layoutOfState(ward.stateDir), 'server', 'server')
    renameSync(key, `${key}.away`)
    expect(await ward.events.first('listener-certificate-unreadable')).toMatchObject({
      reason: expect.stringContaining('server.key'),
    })
    expect(await ward.attempt('device', 'good')).toBe(CONNACK_ACCEPTED)
    expect(ward.gateway.notReady()).toHaveLength(1)
    renameSync(`${key}.away`, key)
    await ward.events.first('listener-certificate-readable')
    expect(ward.gateway.notReady()).toEqual([])
  })
})

describe('a fault of the list that lasts', () => {
  it('is told again every hour, renewal is tried every minute, and the list is back in use as soon as it can be', async () => {
    const clock = new FakeClock(Date.now())
    let tryCount = 0
    let isFull = true
    ward = await startLiveWard(INVENTORY, {
      clock,
      gatewayStore: (store) => ({
        ...store,
        refreshCrl(nowMs) {
          tryCount += 1
          if (isFull) throw new Error('the disk is full')
          return store.refreshCrl(nowMs)
        },
      }),
    })
    rmSync(crlPath())
    clock.advance(500)
    clock.advance(3_660_000)
    expect(ward.events.named('crl-unusable')).toHaveLength(2)
    expect(tryCount).toBeGreaterThan(55)
    expect(tryCount).toBeLessThan(65)
    isFull = false
    clock.advance(60_000)
    expect(ward.events.named('crl-renewed')).toHaveLength(1)
    expect(ward.events.named('crl-usable')).toHaveLength(1)
    expect(ward.gateway.notReady()).toEqual([])
  })
})

describe('an index that cannot be read', () => {
  it('lets nobody new in, ends nobody, is told, and is over as soon as it can be read', async () => {
    ward = await startLiveWard(INVENTORY)
    const inside = ward.raw('device', 'good')
    expect((await inside.receive(4)).toString('hex')).toBe(CONNACK_ACCEPTED)
    const repair = ward.breakIndex()
    expect(await ward.attempt('device', 'revoked')).toBe('closed')
    expect(await ward.events.first('handshake-refused')).toMatchObject({ reason: 'revocation-unknown' })
    expect(await ward.events.first('revocations-unreadable')).toMatchObject({
      reason: expect.stringContaining('damaged'),
    })
    expect(ward.gateway.notReady()).toEqual([expect.stringContaining('nobody new is admitted')])
    inside.socket.write(PINGREQ)
    expect(await inside.receive(6)).toHaveLength(6)
    repair()
    expect(await ward.attempt('device', 'revoked')).toBe(CONNACK_ACCEPTED)
    expect(ward.gateway.notReady()).toEqual([])
  })
})
