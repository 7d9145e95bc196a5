/** The certificates of a running gateway: what the listeners are given, who may come in, and when either changes. */

import type { CertificateStore } from '../../certs/store.ts'
import type { Clock } from '../clock.ts'
import type { EventSink } from '../ports.ts'
import { createIdentify, type Identify } from './identify.ts'
import { ListenerMaterial, type Material } from './listener-material.ts'
import { watchRevocations } from './revocation-watch.ts'
import { standingOf, type StandingOf } from './standing.ts'
import { trustedIssuers } from './trusted-issuers.ts'
import type { TrustedTime } from './trusted-time.ts'

/** A list that is running out changes no file: it is looked at by the clock. */
const MATERIAL_LOOK_MS = 60_000

export interface LiveCertificatesOptions {
  readonly stateDir: string
  readonly store: Pick<CertificateStore, 'site' | 'stamp' | 'revokedFingerprints' | 'refreshCrl'>
  readonly clock: Clock
  readonly events: EventSink
  readonly time: TrustedTime
  readonly assertUsable: (material: Material) => void
  /** Key, certificates or lists are new; or only the set of those who are revoked. */
  readonly onChange: (change: 'material' | 'revocations') => void
}

export interface LiveCertificates {
  readonly material: Material
  /** For every handshake: asks the store as it is now, not as it was half a second ago. */
  readonly identify: Identify
  /** For sessions that are open. */
  readonly standingOf: StandingOf
  /** Looks at all files now. */
  look(): void
  /** Empty when all is well. */
  readonly troubles: readonly string[]
  stop(): void
}

/** Throws when there is nothing to listen with. Calls `onChange` only later. */
export function watchCertificates(options: LiveCertificatesOptions): LiveCertificates {
  const { store, clock, events, time, onChange } = options
  const watch = watchRevocations({ store, clock, events, onChange: () => look() })
  const isRevoked = (fingerprint: string): boolean => watch.ask(fingerprint) === 'revoked'
  const material = new ListenerMaterial({ ...options, isRevoked })
  const look = (): void => onChange(material.look() ? 'material' : 'revocations')
  const cancelLooks = clock.every(MATERIAL_LOOK_MS, () => {
    if (material.look()) onChange('material')
  })
  const judge = createIdentify({
    site: store.site,
    time,
    issuers: trustedIssuers(() => material.given.ca, events),
    isRevoked,
  })
  return {
    get material() {
      return material.given
    },
    identify(certificate) {
      watch.look()
      const found = judge(certificate)
      return found.kind === 'identified' && watch.fault !== undefined
        ? { kind: 'refused', reason: 'revocation-unknown' }
        : found
    },
    standingOf(identity) {
      const { fingerprint, issuerFingerprint = fingerprint } = identity
      const revocation = isRevoked(issuerFingerprint) ? 'revoked' : watch.ask(fingerprint)
      return standingOf(identity, { revocation, nowMs: time.nowMs(), clock: time.standing })
    },
    look,
    get troubles() {
      return [
        ...(watch.fault === undefined
          ? []
          : [`certificates: nobody new is admitted, who is revoked cannot be read (${watch.fault})`]),
        ...material.troubles,
      ]
    },
    stop() {
      watch.stop()
      cancelLooks()
    },
  }
}
