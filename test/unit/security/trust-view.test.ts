import { writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { layoutOfState } from '../../../certs/store-layout.ts'
import { initStore, openStore, type CertificateStore } from '../../../certs/store.ts'
import { createTrustView } from '../../../gateway/security/trust-view.ts'
import { RecordingEvents } from '../../support/recording-sinks.ts'
import { tempDir } from '../../support/temp-dir.ts'

let state: ReturnType<typeof tempDir>
let store: CertificateStore
let events: RecordingEvents

beforeEach(() => {
  state = tempDir()
  events = new RecordingEvents()
  store = initStore({
    stateDir: state.path,
    site: 'ward.test',
    serverNames: ['localhost'],
    nowMs: Date.now(),
  })
})
afterEach(() => state.remove())

describe('whom the store trusts', () => {
  it('is its issuing CA', () => {
    const view = createTrustView(store, events)
    expect(view.issuers().map(({ ca }) => ca)).toEqual([true])
    expect(events.all).toEqual([])
  })

  it('is nobody any more from the moment another process has revoked him', () => {
    const view = createTrustView(store, events)
    const nowMs = Date.now()
    const { serial, fingerprint } = store.issue({ role: 'device', id: 'mon-1', nowMs })
    expect(view.isRevoked(fingerprint)).toBe(false)
    openStore(state.path).revoke(serial, 'keyCompromise', nowMs)
    expect(view.isRevoked(fingerprint)).toBe(true)
  })

  it('stays what it was when the store is damaged, and says so', () => {
    const nowMs = Date.now()
    const { serial, fingerprint } = store.issue({ role: 'device', id: 'mon-1', nowMs })
    store.revoke(serial, 'keyCompromise', nowMs)
    const view = createTrustView(store, events)
    writeFileSync(layoutOfState(state.path).index, '{')
    expect([view.isRevoked(fingerprint), view.issuers()]).toEqual([true, [expect.anything()]])
    expect(events.named('trust-not-read')).toHaveLength(1)
  })
})
