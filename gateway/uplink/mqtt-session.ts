/** One MQTT session over one connected, guarded socket, from CONNECT to the end of the socket. It never reconnects. */

import type { TLSSocket } from 'node:tls'
import { MqttClient, type Timer } from 'mqtt'
import type { Cancel, Clock } from '../clock.ts'
import { errorCode, errorMessage, UplinkError } from '../errors.ts'
import type { OutboundMessage } from '../ports.ts'
import type { ReceivedMessage } from './subscriptions.ts'

export interface SessionOptions {
  readonly socket: TLSSocket
  readonly clientId: string
  readonly clock: Clock
  readonly signal: AbortSignal
  onMessage(message: ReceivedMessage): void
}

export interface MqttSession {
  /** Resolves, with the reason, when the connection is gone. */
  readonly ended: Promise<string>
  readonly isOver: boolean
  publish(message: OutboundMessage): Promise<void>
  /** True when everything that was published has been acknowledged; false when that takes longer, or never comes. */
  settled(withinMs: number): Promise<boolean>
  /** 'lost' when the session ended before the broker answered. */
  subscribe(filter: string): Promise<SubscribeOutcome>
  unsubscribe(filter: string): void
  /** Waits for what is in flight, says goodbye and closes; cuts the connection when that takes too long. */
  close(): Promise<void>
}

type SubscribeOutcome = 'granted' | 'denied' | 'lost'

const KEEPALIVE_S = 15
const CONNACK_TIMEOUT_MS = 10_000
const CLOSE_TIMEOUT_MS = 2_000

/** Resolves when the broker has accepted the session; rejects with an UplinkError when it has not. */
export async function openSession(options: SessionOptions): Promise<MqttSession> {
  const { socket, clock } = options
  const client = createClient(options)
  const inFlight = new Set<(error: UplinkError) => void>()
  const waiting = new Set<() => void>()
  let isOver = false
  let fault = 'the far end closed the connection'
  const cut = (reason: string): void => {
    fault = reason
    socket.destroy()
  }
  const lost = (): UplinkError =>
    new UplinkError(`MQTT session lost: ${fault}`, { reason: 'session-lost', refused: false })
  client.on('error', (error) => cut(faultOf(error)))
  client.on('message', (topic, payload, { retain }) => options.onMessage({ topic, payload, retain }))
  const ended = new Promise<string>((resolve) => {
    client.once('close', () => {
      isOver = true
      for (const reject of inFlight) reject(lost())
      for (const wake of waiting) wake()
      resolve(fault)
    })
  })

  const publish = ({ topic, payload, qos, retain }: OutboundMessage): Promise<void> =>
    new Promise((resolve, reject) => {
      if (!client.connected) {
        reject(lost())
        return
      }
      inFlight.add(reject)
      client.publish(topic, payload, { qos, retain }, (error) => {
        inFlight.delete(reject)
        if (inFlight.size === 0) for (const wake of waiting) wake()
        if (isFault(error)) reject(lost())
        else resolve()
      })
    })
  const settled = async (withinMs: number): Promise<boolean> => {
    if (inFlight.size > 0 && !isOver)
      await new Promise<void>((resolve) => {
        const cancel = clock.after(withinMs, () => wake())
        const wake = (): void => {
          cancel()
          waiting.delete(wake)
          resolve()
        }
        waiting.add(wake)
      })
    return inFlight.size === 0 && !isOver
  }
  const subscribe = (filter: string): Promise<SubscribeOutcome> =>
    new Promise((resolve) => {
      // The library reports a SUBACK that says no and a lost connection both as an error; only the first has a packet.
      client.subscribe(filter, { qos: 1 }, (error, _granted, suback) => {
        if (!isFault(error)) resolve('granted')
        else resolve(suback === undefined ? 'lost' : 'denied')
      })
    })
  const unsubscribe = (filter: string): void => {
    if (client.connected) client.unsubscribe(filter)
  }
  const close = async (): Promise<void> => {
    const cancel = clock.after(CLOSE_TIMEOUT_MS, () => cut('closed without an answer of the far end'))
    client.end()
    await ended
    cancel()
  }

  await untilAccepted(client, { ...options, ended, cut })
  return {
    ended,
    get isOver() {
      return isOver
    },
    publish,
    settled,
    subscribe,
    unsubscribe,
    close,
  }
}

function createClient({ socket, clientId, clock }: SessionOptions): MqttClient {
  return new MqttClient(() => socket, {
    clientId,
    clean: true,
    keepalive: KEEPALIVE_S,
    protocolVersion: 4,
    reconnectPeriod: 0,
    timerVariant: timerOf(clock),
    // The library's own log writes out whole packets when DEBUG is set in the environment.
    log: () => undefined,
  })
}

interface Connection {
  readonly ended: Promise<string>
  /** Ends it at once and gives the reason. */
  readonly cut: (reason: string) => void
}

async function untilAccepted(
  client: MqttClient,
  { clock, signal, ended, cut }: SessionOptions & Connection,
): Promise<void> {
  const cancel = clock.after(CONNACK_TIMEOUT_MS, () => cut('no CONNACK within 10 s'))
  const abort = (): void => cut('the link was closed')
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  try {
    const connected = new Promise<undefined>((resolve) => {
      client.once('connect', () => resolve(undefined))
    })
    const reason = await Promise.race([connected, ended])
    if (reason !== undefined)
      throw new UplinkError(`MQTT session not opened: ${reason}`, {
        reason: 'session-refused',
        refused: false,
      })
  } finally {
    cancel()
    signal.removeEventListener('abort', abort)
  }
}

/** Keep-alive by the gateway's clock. */
function timerOf(clock: Clock): Timer {
  const running = new Map<number, Cancel>()
  let lastId = 0
  return {
    set: (task: () => void, periodMs: number) => {
      lastId += 1
      running.set(lastId, clock.every(periodMs, task))
      return lastId
    },
    clear: (id: number) => {
      running.get(id)?.()
      running.delete(id)
    },
  }
}

// The library passes null, undefined or an error.
function isFault(error: unknown): boolean {
  return error !== null && error !== undefined
}

// A TLS alert is named by its code; a CONNACK that says no has only its text.
function faultOf(error: unknown): string {
  return errorCode(error) ?? errorMessage(error)
}
