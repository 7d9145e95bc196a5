/**
 * A MessageLink that stays up: the guard is asked at every attempt, because what a name means can change between two.
 * Nothing is queued here; what was not acknowledged is rejected, and the caller's outbox brings it again.
 */

import type { TLSSocket } from 'node:tls'
import { BehaviorSubject, Observable } from 'rxjs'
import { errorMessage, UplinkError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Counters, EventSink, MessageLink, MessageLinkState, OutboundMessage } from '../ports.ts'
import { backOffMs, MAX_DELAY_MS } from './back-off.ts'
import { guardedDial, type ClientMaterial, type DialOptions } from './dial.ts'
import { openSession, type MqttSession } from './mqtt-session.ts'
import { pause } from './pause.ts'
import { showUrl } from './refusals.ts'
import { Subscriptions, type ReceivedMessage } from './subscriptions.ts'
import { dialOutcome } from './uplink-error.ts'

export type { ClientMaterial }

/** A link that can read as well: stations, and the tests of publishers. */
export interface SubscribingLink extends MessageLink {
  /**
   * Goes over to the newest material without losing or repeating a message: the new certificate is proved by a handshake,
   * what is on its way is acknowledged, and only then the new session takes the place of the old one.
   */
  renew(): Promise<RenewOutcome>
  /**
   * Messages that match `filter`, through every reconnect; errors with UplinkError when the broker denies it.
   * Readers of one filter share a subscription, so only the first of them gets the retained messages.
   */
  subscribe(filter: string): Observable<ReceivedMessage>
}

/**
 * 'current': the session shows the newest certificate already. 'offline': there is no session to go over from; the next
 * attempt uses the newest material by itself. 'busy' and 'failed': the old session goes on, because acknowledgements did
 * not come in time or the far end did not take the new certificate.
 */
export type RenewOutcome = 'renewed' | 'current' | 'offline' | 'busy' | 'failed'

export interface MqttLinkOptions extends Omit<DialOptions, 'tls' | 'signal' | 'scheme' | 'onPresented'> {
  readonly clientId: string
  /** Asked at every connect, so that a reconnect uses the newest certificate. */
  readonly material: () => ClientMaterial
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly log: Log
  readonly counters?: Counters | undefined
  readonly events?: EventSink | undefined
}

// Longer than a group commit of a busy broker takes; a hand-over that would take longer is left for another moment.
const SETTLE_MS = 5_000

/** Starts to connect at once. */
export function createMqttLink(options: MqttLinkOptions): SubscribingLink {
  return new MqttLink(options)
}

class MqttLink implements SubscribingLink {
  readonly state$: Observable<MessageLinkState>
  readonly #options: MqttLinkOptions
  readonly #state = new BehaviorSubject<MessageLinkState>({ kind: 'connecting' })
  readonly #subscriptions = new Subscriptions()
  readonly #closing = new AbortController()
  readonly #running: Promise<void>
  #session: MqttSession | undefined
  #shownCert = ''
  #goingOver: Promise<RenewOutcome> | undefined

  constructor(options: MqttLinkOptions) {
    this.#options = options
    this.state$ = this.#state.asObservable()
    this.#running = this.#run()
  }

  publish(message: OutboundMessage): Promise<void> {
    if (this.#session !== undefined && this.#state.value.kind === 'online')
      return this.#session.publish(message)
    const error = new UplinkError(`not connected to ${showUrl(this.#options.url)}`, { reason: 'offline' })
    return Promise.reject(error)
  }

  subscribe(filter: string): Observable<ReceivedMessage> {
    return new Observable((reader) => {
      if (this.#subscriptions.add(filter, reader)) void this.#request(filter)
      return () => {
        if (this.#subscriptions.remove(filter, reader)) this.#session?.unsubscribe(filter)
      }
    })
  }

  renew(): Promise<RenewOutcome> {
    this.#goingOver ??= this.#goOver().finally(() => {
      this.#goingOver = undefined
    })
    return this.#goingOver
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#session?.close()
    await this.#goingOver
    await this.#running
    this.#state.next({ kind: 'offline', reason: 'closed' })
    this.#state.complete()
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#options
    let attempt = 0
    while (!this.#closing.signal.aborted) {
      const startedAtMs = clock.monotonicMs()
      await this.#attempt()
      // A far end that accepts and drops at once must be met ever more slowly.
      if (clock.monotonicMs() - startedAtMs >= MAX_DELAY_MS) attempt = 0
      // What was refused is not going to be right in a second.
      const isRefused = this.#state.value.kind === 'refused'
      await pause(backOffMs(isRefused ? Infinity : attempt, random), clock, this.#closing.signal)
      attempt += 1
    }
  }

  /** From the guard to the end of the connection; every outcome becomes a state. */
  async #attempt(): Promise<void> {
    // A refusal stands until an attempt shows otherwise.
    if (this.#state.value.kind === 'offline') this.#state.next({ kind: 'connecting' })
    try {
      await this.#open()
      const reason = await this.#endOfSession()
      this.#enter({ kind: 'offline', reason })
    } catch (error) {
      const { reason, refused } = dialOutcome(error)
      if (refused) this.#refuse(reason, error)
      else this.#enter({ kind: 'offline', reason: errorMessage(error) })
    }
  }

  async #endOfSession(): Promise<string> {
    let reason = 'the link was closed'
    for (let last: MqttSession | undefined; this.#session !== last;) {
      last = this.#session
      reason = (await last?.ended) ?? reason
      // Another session may have taken the place of this one.
      await this.#goingOver
    }
    this.#session = undefined
    return reason
  }

  async #open(): Promise<void> {
    const tls = this.#options.material()
    await this.#logIn(await this.#dial(tls), tls)
  }

  #dial(tls: ClientMaterial): Promise<TLSSocket> {
    return guardedDial({ ...this.#options, tls, signal: this.#closing.signal })
  }

  async #logIn(socket: TLSSocket, { cert }: ClientMaterial): Promise<void> {
    const { clientId, clock } = this.#options
    const signal = this.#closing.signal
    const onMessage = (message: ReceivedMessage): void => this.#subscriptions.deliver(message)
    const session = await openSession({ socket, clientId, clock, signal, onMessage })
    if (signal.aborted) {
      await session.close()
      return
    }
    this.#session = session
    this.#shownCert = cert
    this.#enter({
      kind: 'online',
      address: socket.remoteAddress ?? '',
      protocol: socket.getProtocol() ?? '',
      cipher: socket.getCipher().standardName,
    })
    for (const filter of this.#subscriptions.filters) void this.#request(filter)
  }

  async #goOver(): Promise<RenewOutcome> {
    const before = this.#session
    const online = this.#state.value
    if (before === undefined || online.kind !== 'online') return 'offline'
    let tls: ClientMaterial
    let socket: TLSSocket
    try {
      tls = this.#options.material()
      if (tls.cert === this.#shownCert) return 'current'
      socket = await this.#dial(tls)
    } catch (error) {
      this.#tellNotRenewed(error)
      return 'failed'
    }
    // Publishers wait from here on, so that nothing is on its way when the sessions change places.
    this.#enter({ kind: 'connecting' }, 'going over to a renewed certificate')
    if (!(await before.settled(SETTLE_MS))) {
      socket.destroy()
      if (this.#session === before && !before.isOver) this.#enter(online, 'the certificate is renewed later')
      return 'busy'
    }
    try {
      await this.#logIn(socket, tls)
    } catch (error) {
      // A good session is not given up for a certificate that the far end does not take.
      this.#tellNotRenewed(error)
      if (this.#session !== before || before.isOver) return 'offline'
      this.#enter(online, 'the far end did not take the renewed certificate')
      return 'failed'
    }
    await before.close()
    return this.#session === before ? 'offline' : 'renewed'
  }

  #tellNotRenewed(error: unknown): void {
    const { url, clientId, log } = this.#options
    log.warn('link-not-renewed', { url: showUrl(url), client: clientId, reason: errorMessage(error) })
  }

  async #request(filter: string): Promise<void> {
    if ((await this.#session?.subscribe(filter)) !== 'denied') return
    const { url, log } = this.#options
    log.warn('subscription-denied', { url: showUrl(url), filter })
    const why = `${showUrl(url)} denies the subscription '${filter}'; check the rights of this certificate`
    this.#subscriptions.deny(filter, new UplinkError(why, { reason: 'subscription-denied' }))
  }

  #refuse(reason: string, error: unknown): void {
    const { url, counters, events } = this.#options
    counters?.count('uplink_refused_total', { reason })
    const before = this.#state.value
    if (before.kind === 'refused' && before.reason === reason) return
    this.#enter({ kind: 'refused', reason }, errorMessage(error))
    events?.emit('security', 'uplink-refused', { url: showUrl(url), reason })
  }

  #enter(state: MessageLinkState, detail?: string): void {
    const { url, clientId, log } = this.#options
    const level = state.kind === 'online' ? 'info' : 'warn'
    const { kind, ...fields } = state
    log[level](`link-${kind}`, { url: showUrl(url), client: clientId, ...fields, detail })
    this.#state.next(state)
  }
}
