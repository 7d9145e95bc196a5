/** The certificates of a running gateway: what the listeners are given, who is revoked, and when either changes. */

import type { CertificateStore } from '../../certs/store.ts'
import type { Clock } from '../clock.ts'
import type { EventSink } from '../ports.ts'
import { ListenerMaterial, type Material } from './listener-material.ts'
import { watchRevocations } from './revocation-watch.ts'
import { standingOf, type StandingOf } from './standing.ts'

/** A list that is running out changes no file: it is looked at by the clock. */
const MATERIAL_LOOK_MS = 60_000

export interface LiveCertificatesOptions {
  readonly stateDir: string
  readonly store: Pick<CertificateStore, 'stamp' | 'revokedFingerprints' | 'refreshCrl'>
  readonly clock: Clock
  readonly events: EventSink
  /** How far the clock can be right, and the time to judge dates by. */
  readonly time: { nowMs(): number; readonly standing: 'trusted' | 'implausible' }
  readonly assertUsable: (material: Material) => void
  /** Key, certificates or lists are new; or only the set of those who are revoked. */
  readonly onChange: (change: 'material' | 'revocations') => void
}

export interface LiveCertificates {
  readonly material: Material
  readonly standingOf: StandingOf
  /** For whoever identifies a certificate at a handshake; true also while the index cannot be read. */
  isRefused(fingerprint: string): boolean
  /** Looks now whether anybody was revoked, instead of up to half a second later: at a handshake. */
  refresh(): void
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
  return {
    get material() {
      return material.given
    },
    standingOf: (identity) =>
      standingOf(identity, {
        revocation: watch.ask(identity.fingerprint),
        nowMs: time.nowMs(),
        clock: time.standing,
      }),
    refresh: () => watch.look(),
    isRefused(fingerprint) {
      watch.look()
      return watch.ask(fingerprint) !== 'not-revoked'
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
