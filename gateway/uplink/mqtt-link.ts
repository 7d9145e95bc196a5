/**
 * A MessageLink that stays up: the guard is asked at every attempt, because what a name means can change between two.
 * Nothing is queued here; what was not acknowledged is rejected, and the caller's outbox brings it again.
 */

import { BehaviorSubject, Observable } from 'rxjs'
import type { Clock } from '../clock.ts'
import { errorMessage, UplinkError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Counters, EventSink, MessageLink, MessageLinkState, OutboundMessage } from '../ports.ts'
import { backOffMs, MAX_DELAY_MS } from './back-off.ts'
import { guardedDial, type Connect, type Resolver, type ClientMaterial, type DialOptions } from './dial.ts'
import { openSession, type MqttSession } from './mqtt-session.ts'
import { showUrl } from './refusals.ts'
import { Subscriptions, type ReceivedMessage } from './subscriptions.ts'
import { dialOutcome } from './uplink-error.ts'

export type { ClientMaterial }

/** A link that can read as well: stations, and the tests of publishers. */
export interface SubscribingLink extends MessageLink {
  /**
   * Messages that match `filter`, through every reconnect; errors with UplinkError when the broker denies it.
   * Readers of one filter share a subscription, so only the first of them gets the retained messages.
   */
  subscribe(filter: string): Observable<ReceivedMessage>
}

export interface MqttLinkOptions {
  readonly url: string
  readonly clientId: string
  readonly material: ClientMaterial
  readonly dates?: DialOptions['dates']
  readonly allowedRanges?: readonly string[] | undefined
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly log: Log
  readonly counters?: Counters | undefined
  readonly events?: EventSink | undefined
  readonly resolver?: Resolver | undefined
  readonly connect?: Connect | undefined
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
}

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

  constructor(options: MqttLinkOptions) {
    this.#options = options
    this.state$ = this.#state.asObservable()
    this.#running = this.#run()
  }

  publish(message: OutboundMessage): Promise<void> {
    if (this.#session !== undefined) return this.#session.publish(message)
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

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#session?.close()
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
      await this.#pause(backOffMs(isRefused ? Infinity : attempt, random))
      attempt += 1
    }
  }

  /** One connection from the guard to its end; every outcome becomes a state. */
  async #attempt(): Promise<void> {
    // A refusal stands until an attempt shows otherwise.
    if (this.#state.value.kind === 'offline') this.#state.next({ kind: 'connecting' })
    try {
      const session = await this.#open()
      const reason = await session.ended
      this.#session = undefined
      this.#enter({ kind: 'offline', reason })
    } catch (error) {
      const { reason, refused } = dialOutcome(error)
      if (refused) this.#refuse(reason, error)
      else this.#enter({ kind: 'offline', reason: errorMessage(error) })
    }
  }

  async #open(): Promise<MqttSession> {
    const { clientId, clock, material } = this.#options
    const signal = this.#closing.signal
    const socket = await guardedDial({ ...this.#options, tls: material, signal })
    const onMessage = (message: ReceivedMessage): void => this.#subscriptions.deliver(message)
    const session = await openSession({ socket, clientId, clock, signal, onMessage })
    if (signal.aborted) {
      await session.close()
      return session
    }
    this.#session = session
    this.#enter({
      kind: 'online',
      address: socket.remoteAddress ?? '',
      protocol: socket.getProtocol() ?? '',
      cipher: socket.getCipher().standardName,
    })
    for (const filter of this.#subscriptions.filters) void this.#request(filter)
    return session
  }

  async #request(filter: string): Promise<void> {
    if ((await this.#session?.subscribe(filter)) !== 'denied') return
    const { url, log } = this.#options
    log.warn('subscription-denied', { url: showUrl(url), filter })
    const message = `${showUrl(url)} denies the subscription '${filter}'; check the rights of this certificate`
    this.#subscriptions.deny(filter, new UplinkError(message, { reason: 'subscription-denied' }))
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

  #pause(delayMs: number): Promise<void> {
    const signal = this.#closing.signal
    return new Promise((resolve) => {
      const finish = (): void => {
        cancel()
        signal.removeEventListener('abort', finish)
        resolve()
      }
      const cancel = this.#options.clock.after(delayMs, finish)
      signal.addEventListener('abort', finish)
      if (signal.aborted) finish()
    })
  }
}
