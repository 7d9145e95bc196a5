/** The embedded broker: listeners, sessions and Aedes put together. The only module that others start it by. */

import { setImmediate } from 'node:timers/promises'
import type { Duplex } from 'node:stream'
import { Subject, type Observable } from 'rxjs'
import type { Clock } from '../clock.ts'
import { BrokerError, errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { BrokerRules, Counters, EventSink, TrustedPublisher } from '../ports.ts'
import type { Journal } from '../journal/journal.ts'
import type { Contest } from '../security/contest.ts'
import type { Identify } from '../security/identify.ts'
import type { StandingOf } from '../security/standing.ts'
import type { TrustedTime } from '../security/trusted-time.ts'
import { asAedesClient } from './aedes-client.ts'
import { brokerOptions } from './broker-options.ts'
import { createDeliver, partWithStalled, settlePubacks } from './deliver.ts'
import { throttleEvents } from './event-throttle.ts'
import { FanOut } from './fan-out.ts'
import { createGatekeeper } from './gatekeeper.ts'
import { WARD_LIMITS, type BrokerLimits } from './limits.ts'
import { openListener, type ListenAddress, type Listener } from './listener.ts'
import { watchLoad } from './load-shedding.ts'
import { createLocalClient } from './local-client.ts'
import { measureLoopDelay, type LoopDelay } from './loop-delay.ts'
import { OrderedAedes } from './ordered-aedes.ts'
import { printable } from './printable.ts'
import { subscribeInTurn } from './repeated-filters.ts'
import type { OpenSession, SessionNotice, SessionView } from './session.ts'
import { SessionDoor } from './session-door.ts'
import { createChangeLog, keepSnapshots, recoverSessions } from './session-journal.ts'
import { SessionStore } from './session-store.ts'
import { watchAedes } from './session-notices.ts'
import { Sessions } from './sessions.ts'
import { assertUsable, type TlsMaterial } from './tls-options.ts'

/** How often it is looked whether a subscriber has stopped reading. */
const STALL_WATCH_MS = 1_000

export interface BrokerOptions {
  /** Names this broker in `$SYS`. */
  readonly id: string
  readonly listen: readonly ListenAddress[]
  readonly material: TlsMaterial
  /** Who a verified certificate is; there is no default. */
  readonly identify: Identify
  /** Whether who was identified may be here now: asked of new sessions, and of open ones at every sweep. */
  readonly standingOf: StandingOf
  /** Who gets a client id that another connection of the same identity holds. */
  readonly contest: Contest
  /** What time it is when the clock may not be believed; absent: TLS alone judges dates. */
  readonly time?: TrustedTime
  readonly rules: BrokerRules
  readonly events: EventSink
  readonly counters: Counters
  readonly clock: Clock
  readonly log: Log
  readonly limits?: Partial<BrokerLimits>
  /** Where every change of what the broker keeps is written before a client is told; the broker closes it when it stops. */
  readonly journal: Journal
  /** By which it is decided whether the gateway can keep up; absent: as measured. */
  readonly loopDelay?: LoopDelay
}

export interface Broker extends TrustedPublisher {
  /** Where it listens, with the ports that were taken. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[]
  /** An identity is there, or is there no more; a session that takes over from another of its own makes no notice. */
  readonly onSession$: Observable<SessionNotice>
  readonly connectionCount: number
  /** Serves MQTT over a connection that another listener has secured, and whose identity it has proved. */
  accept(connection: Duplex, view: SessionView): void
  sessions(): readonly OpenSession[]
  /** New handshakes use the new material; open sessions stay unless the rules no longer admit them. */
  reload(material: TlsMaterial): void
  /** Ends the sessions that would not be admitted now. */
  review(): void
  /** Ends the sessions of a certificate; the number of them. */
  disconnect(fingerprint: string, reason: string): number
  /** Finishes what was received, closes everything; at most as long as the limits say. */
  stop(): Promise<void>
}

export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { rules, counters, clock } = options
  const log = options.log.child({ part: 'broker' })
  const limits: BrokerLimits = { ...WARD_LIMITS, ...options.limits }
  assertUsable(options.material)
  const events = throttleEvents(options.events, clock)
  const sessions = new Sessions()
  const notices = new Subject<SessionNotice>()

  const { journal } = options
  const changes = createChangeLog(journal)
  const store = new SessionStore({
    ...limits,
    log: changes,
    mayKeep(clientId, filter) {
      const holder = sessions.holder(clientId)
      return holder !== undefined && rules.maySubscribe(holder.identity, filter).allowed
    },
    onOverflow(clientId) {
      counters.count('dropped_total', { where: 'offline-queue' })
      events.emit('technical', 'queue-overflow', { clientId })
    },
    onRetainedFull(topic) {
      counters.count('dropped_total', { where: 'retained' })
      events.emit('technical', 'retained-limit', { topic: printable(topic), limit: limits.retainedTopics })
    },
  })
  log.info('sessions-recovered', { ...recoverSessions(store, journal, options.events) })
  const snapshots = keepSnapshots(store, journal, log)
  const { loopDelay = measureLoopDelay() } = options
  const shedding = watchLoad({ clock, events, counters, loopDelay })
  const hooks = createGatekeeper({
    ...options,
    sessions,
    store,
    events,
    log,
    limits,
    shedding,
    send: (message, origin, settle) => local.send(message, origin, settle),
    keepReceived: (origin, settle) => local.keepReceived(origin, settle),
  })
  const delivery = { limits, rules, store, events, counters, shedding }
  const fanOut = new FanOut({ sessions: () => sessions.all(), deliver: createDeliver(delivery) })
  const aedes = await OrderedAedes.open({ ...brokerOptions(options.id, hooks, store, limits), mq: fanOut })
  const local = createLocalClient(aedes, store, changes)
  const door = new SessionDoor({
    ...options,
    sessions,
    events,
    packetBytes: limits.packetBytes,
    connectMs: limits.connectMs,
    earlyBytes: limits.earlyBytes,
    onPubacks: (session, messageIds) => settlePubacks(session, messageIds, store),
    handle(conn) {
      const client = asAedesClient(aedes.handle(conn))
      conn.onRepeatedFilters = (request) => {
        subscribeInTurn(client, request).then(
          (suback) => conn.write(suback),
          (error: unknown) => conn.destroy(new BrokerError(errorMessage(error), {}, error)),
        )
      }
      return client
    },
    onClosed: watchAedes(aedes, { sessions, notices, log }),
  })
  const cancelStallWatch = clock.every(STALL_WATCH_MS, () => partWithStalled(sessions.all(), delivery))
  const accept = (socket: Duplex, view: SessionView): void => door.accept(socket, view)

  const listeners: Listener[] = []
  const closeListeners = (): void => {
    for (const listener of listeners) listener.close()
  }
  try {
    for (const listen of options.listen)
      listeners.push(await openListener({ ...options, listen, limits, events, onClient: accept }))
  } catch (error) {
    closeListeners()
    door.stop()
    cancelStallWatch()
    shedding.stop()
    events.close()
    await closeAedes(aedes)
    await journal.close()
    throw error
  }

  const drain = async (): Promise<void> => {
    const open = sessions.all()
    for (const { conn } of open) conn.halt()
    await Promise.all(open.map(({ admissions }) => admissions.settled()))
    await journal.flush()
    // Acknowledgements are written in the turn in which their admission ended, and leave with the next one.
    await setImmediate()
    await closeAedes(aedes)
  }
  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    closeListeners()
    door.stop()
    cancelStallWatch()
    shedding.stop()
    await within(limits.stopMs, clock, drain())
    for (const { conn } of sessions.all()) conn.destroy()
    await snapshots.write()
    await journal.close()
    events.close()
    notices.complete()
  }

  return {
    publish: (message) => local.publish(message),
    messages: (filter) => local.messages(filter),
    addresses: listeners.map(({ address }) => address),
    onSession$: notices.asObservable(),
    get connectionCount() {
      return sessions.all().length
    },
    accept,
    sessions: () => sessions.all().map((session) => session.show(clock)),
    reload(material) {
      assertUsable(material)
      for (const listener of listeners) listener.reload(material)
      door.sweep()
    },
    review: () => door.sweep(),
    disconnect: (fingerprint, reason) => door.disconnect(fingerprint, reason),
    async stop() {
      stopping ??= stop()
      await stopping
    },
  }
}

async function closeAedes(aedes: OrderedAedes): Promise<void> {
  await new Promise<void>((resolve) => aedes.close(resolve))
}

/** Ends when the work has ended or the time is up; a failure of the work is not lost. */
async function within(limitMs: number, clock: Clock, work: Promise<void>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const cancel = clock.after(limitMs, resolve)
    work
      .then(resolve, (error: unknown) => {
        reject(new BrokerError(`the broker did not stop cleanly: ${errorMessage(error)}`, {}, error))
      })
      .finally(cancel)
  })
}
