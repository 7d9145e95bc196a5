/** What travels on the bus, as the rest of the gateway sees it, and in which order it is taken. */

import { setImmediate } from 'node:timers/promises'
import type { Message } from '@jellybrick/dbus-next'
import { errorCode, errorMessage } from '../errors.ts'
import { fromBus, type ValueLibrary } from './dbus-values.ts'

export interface DbusCall {
  readonly destination: string
  readonly path: string
  readonly interface: string
  readonly member: string
  readonly signature?: string
  readonly body?: readonly unknown[]
  readonly timeoutMs: number
}

/** The name of an error on the bus, or one of ours: 'local.timeout', 'local.closed'. */
export interface DbusFault {
  readonly name: string
  readonly message: string
}

export type DbusAnswer =
  | { readonly ok: true; readonly sender: string; readonly body: readonly unknown[] }
  | { readonly ok: false; readonly fault: DbusFault }

/** A signal, or a call to an object of ours. */
export interface DbusMessage {
  readonly sender: string
  readonly path: string
  readonly interface: string
  readonly member: string
  readonly body: readonly unknown[]
}

export type DbusReply =
  | { readonly ok: true; readonly signature: string; readonly body: readonly unknown[] }
  | { readonly ok: false; readonly fault: DbusFault }

// Types of messages.
const ERROR = 3
const SIGNAL = 4

const MOST_WAITING_MESSAGES = 10_000

export function isSignal({ type }: Message): boolean {
  return type === SIGNAL
}

/** False when more is waiting than anything sound would send. */
export function inTurn(
  take: (message: Message) => void,
  isOpen: () => boolean,
): (message: Message) => boolean {
  const queue: Message[] = []
  const work = async (): Promise<void> => {
    for (let message = queue[0]; message !== undefined; message = queue[0]) {
      if (isOpen()) take(message)
      // Whoever awaits an answer takes it before what came after it is looked at.
      await setImmediate()
      queue.shift()
    }
  }
  return (message) => {
    if (queue.length >= MOST_WAITING_MESSAGES) return false
    queue.push(message)
    if (queue.length === 1) void work()
    return true
  }
}

export function readMessage(library: ValueLibrary, message: Message): DbusMessage {
  const { sender, path, interface: name, member } = message
  return { sender, path, interface: name, member, body: bodyOf(library, message) }
}

function bodyOf(library: ValueLibrary, message: Message): readonly unknown[] {
  return message.body.map((value) => fromBus(library, value))
}

export function readAnswer(library: ValueLibrary, message: Message): DbusAnswer {
  const body = bodyOf(library, message)
  if (message.type !== ERROR) return { ok: true, sender: message.sender ?? '', body }
  const [text] = body
  return {
    ok: false,
    fault: { name: message.errorName ?? '', message: typeof text === 'string' ? text : '' },
  }
}

export function localFault(what: 'timeout' | 'closed'): DbusAnswer {
  return { ok: false, fault: { name: `local.${what}`, message: '' } }
}

const BUS_FAILURES: Readonly<Record<string, string>> = {
  ENOENT: 'no-system-bus',
  ECONNREFUSED: 'no-system-bus',
  EACCES: 'no-permission-for-system-bus',
  EPERM: 'no-permission-for-system-bus',
}

export function busFailure(error: unknown): string {
  const known = BUS_FAILURES[errorCode(error) ?? '']
  if (known !== undefined) return known
  return errorMessage(error).startsWith('authentication failed')
    ? 'no-permission-for-system-bus'
    : 'system-bus-gone'
}
