/** What the listeners are given, as the CRL policy decides; renews the lists by itself where it can. */

import { readListenerFiles, type ListenerFiles } from '../../certs/listener-files.ts'
import type { CertificateStore } from '../../certs/store.ts'
import type { Clock } from '../clock.ts'
import { errorMessage, StorageError } from '../errors.ts'
import type { EventSink } from '../ports.ts'
import { crlPolicy, type CrlDecision } from './crl-policy.ts'
import { LastingFault } from './lasting-fault.ts'
import type { TrustedTime } from './trusted-time.ts'

/** Renewing writes files, which is noticed as a change and looked at again: not more often than this. */
const RENEW_PAUSE_MS = 60_000

export interface ListenerMaterialOptions {
  readonly stateDir: string
  readonly store: Pick<CertificateStore, 'refreshCrl'>
  readonly clock: Clock
  /** Lists are not renewed by a clock that cannot be right: they would be of no use to anybody. */
  readonly time: Pick<TrustedTime, 'nowMs' | 'standing'>
  readonly events: EventSink
  /** An authority that the index says is revoked admits nobody, with or without a list. */
  readonly isRevoked: (fingerprint: string) => boolean
  /** Throws when node:tls cannot use it. */
  readonly assertUsable: (material: Material) => void
}

/** PEM for node:tls. */
export interface Material {
  readonly key: string
  readonly cert: string
  readonly ca: string
  readonly crl?: readonly string[]
}

export class ListenerMaterial {
  readonly #options: ListenerMaterialOptions
  readonly #crlFault: LastingFault
  readonly #fileFault: LastingFault
  #renewedAtMs: number | undefined
  #given: Material

  /** Throws when key, certificate or authorities cannot be read: then there is nothing to listen with. */
  constructor(options: ListenerMaterialOptions) {
    this.#options = options
    const { events, clock } = options
    this.#crlFault = new LastingFault({ events, clock, event: 'crl-unusable', overEvent: 'crl-usable' })
    this.#fileFault = new LastingFault({
      events,
      clock,
      event: 'listener-certificate-unreadable',
      overEvent: 'listener-certificate-readable',
    })
    this.#given = this.#materialOf(readListenerFiles(options.stateDir))
  }

  get given(): Material {
    return this.#given
  }

  /** Looks again; true when there is something new to give. What was given before stays when nothing can be read. */
  look(): boolean {
    try {
      const found = this.#materialOf(readListenerFiles(this.#options.stateDir))
      this.#options.assertUsable(found)
      this.#fileFault.over()
      if (isSame(found, this.#given)) return false
      this.#given = found
      return true
    } catch (error) {
      this.#fileFault.found(errorMessage(error))
      return false
    }
  }

  /** What an engineer must know, for readyz; empty when all is well. */
  get troubles(): readonly string[] {
    const crl = this.#crlFault.reason
    const file = this.#fileFault.reason
    return [
      ...(crl === undefined
        ? []
        : [`certificates: no revocation list is in use (${crl}); the index decides`]),
      ...(file === undefined ? [] : [`certificates: ${file}`]),
    ]
  }

  #materialOf(files: ListenerFiles): Material {
    const { isRevoked } = this.#options
    const authorities = files.authorities.filter(
      ({ fingerprint256 }) => !isRevoked(fingerprint256.replaceAll(':', '').toLowerCase()),
    )
    // With an empty list node:tls would trust the authorities of the web instead.
    if (authorities.length === 0)
      throw new StorageError('every certificate authority of this gateway is revoked: make a new store')
    const decision = this.#decide({ ...files, authorities })
    const { key, cert } = files
    const ca = authorities.map(String).join('')
    return decision.kind === 'whole' ? { key, cert, ca, crl: decision.lists } : { key, cert, ca }
  }

  #decide(files: ListenerFiles): CrlDecision {
    const decision = this.#ask(files)
    if (decision.kind === 'whole') {
      this.#crlFault.over()
      return decision
    }
    const notRenewed = this.#renew()
    const renewed = this.#ask({
      ...files,
      ...readListenerFiles(this.#options.stateDir),
      authorities: files.authorities,
    })
    if (renewed.kind === 'whole') {
      this.#crlFault.over()
      this.#options.events.emit('technical', 'crl-renewed', { because: decision.reason })
      return renewed
    }
    this.#crlFault.found(renewed.reason, {
      authority: renewed.authority,
      notRenewed,
      rule: 'TLS has no revocation list now; the index of the store decides about every handshake and session',
    })
    return renewed
  }

  #ask({ authorities, crl }: ListenerFiles): CrlDecision {
    const crlPem = 'pem' in crl ? crl.pem : undefined
    return crlPolicy({ crlPem, authorities, nowMs: this.#options.clock.nowMs() })
  }

  /** What could not be renewed, and why. */
  #renew(): string {
    const { clock, store, time } = this.#options
    const nowMs = clock.monotonicMs()
    if (time.standing === 'implausible') return 'the clock is not believed'
    if (this.#renewedAtMs !== undefined && nowMs - this.#renewedAtMs < RENEW_PAUSE_MS)
      return 'it was tried less than a minute ago'
    this.#renewedAtMs = nowMs
    try {
      const { notRenewed } = store.refreshCrl(time.nowMs())
      return notRenewed.map(({ advice }) => advice).join('; ')
    } catch (error) {
      return errorMessage(error)
    }
  }
}

function isSame(a: Material, b: Material): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
