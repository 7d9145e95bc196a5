/** One connection to the system bus. The D-Bus package is optional: it is looked for when a radio needs it. */

import { EventEmitter } from 'node:events'
import type * as DbusNext from '@jellybrick/dbus-next'
import type { Message, MessageBus } from '@jellybrick/dbus-next'
import type { Clock } from '../clock.ts'
import {
  busFailure,
  inTurn,
  isSignal,
  localFault,
  readAnswer,
  readMessage,
  type DbusAnswer,
  type DbusCall,
  type DbusMessage,
  type DbusReply,
} from './dbus-messages.ts'
import { toBus } from './dbus-values.ts'
import type { GattResult } from './gatt-central.ts'

export interface DbusListener {
  readonly onSignal: (signal: DbusMessage) => void
  readonly onCall: (call: DbusMessage) => DbusReply
  /** Once; not after `close()`. */
  readonly onEnd: (reason: string) => void
}

export interface DbusConnection {
  readonly call: (call: DbusCall) => Promise<DbusAnswer>
  readonly close: () => void
}

export interface DbusOptions {
  /** A `unix:` address. */
  readonly busAddress: string
  readonly clock: Clock
  readonly load?: () => Promise<Library>
}

const CONNECT_TIMEOUT_MS = 5_000

type Library = typeof DbusNext

export async function openDbus(
  { busAddress, clock, load = loadLibrary }: DbusOptions,
  listener: DbusListener,
): Promise<GattResult<DbusConnection>> {
  const library = await load().catch(() => undefined)
  if (library === undefined) return { ok: false, reason: 'dbus-package-missing' }
  const bus = library.sessionBus({ busAddress, authMethods: ['EXTERNAL'] })
  return new Promise((resolve) => {
    let phase: 'connecting' | 'open' | 'ended' = 'connecting'
    const waiting = new Map<number, (answer: DbusAnswer) => void>()

    const stop = (): void => {
      phase = 'ended'
      cancelTimeout()
      bus.disconnect()
      for (const settle of waiting.values()) settle(localFault('closed'))
    }
    const end = (reason: string): void => {
      const endedPhase = phase
      if (endedPhase === 'ended') return
      stop()
      if (endedPhase === 'connecting') resolve({ ok: false, reason })
      else listener.onEnd(reason)
    }

    const call = (request: DbusCall): Promise<DbusAnswer> =>
      new Promise((settled) => {
        const serial = bus.newSerial()
        const settle = (answer: DbusAnswer): void => {
          cancel()
          waiting.delete(serial)
          settled(answer)
        }
        const cancel = clock.after(request.timeoutMs, () => settle(localFault('timeout')))
        waiting.set(serial, settle)
        if (phase === 'ended') settle(localFault('closed'))
        else if (!send(request, serial)) settle(localFault('closed'))
      })

    const send = (request: DbusCall, serial: number): boolean => {
      try {
        bus.send(new library.Message({ ...request, serial, body: toBus(library, request.body ?? []) }))
        return true
      } catch (error) {
        // It throws where the stream has closed without a word.
        end(busFailure(error))
        return false
      }
    }

    const take = (message: Message): void => {
      if (isSignal(message)) listener.onSignal(readMessage(library, message))
      else if (message.replySerial !== undefined)
        waiting.get(message.replySerial)?.(readAnswer(library, message))
    }
    const takeInTurn = inTurn(take, () => phase === 'open')

    const cancelTimeout = clock.after(CONNECT_TIMEOUT_MS, () => end('system-bus-timeout'))
    onFailure(bus, (error) => end(busFailure(error)))
    hearEnd(bus, () => end('system-bus-gone'))
    bus.on('message', (message) => {
      if (phase === 'open' && !takeInTurn(message)) end('system-bus-flood')
    })
    bus.addMethodHandler((message) => {
      if (!isOwnObject(message)) return false
      answer(library, bus, message, listener.onCall(readMessage(library, message)))
      return true
    })
    bus.once('connect', () => {
      if (phase === 'ended') {
        bus.disconnect()
        return
      }
      phase = 'open'
      cancelTimeout()
      resolve({
        ok: true,
        value: {
          call,
          close: () => {
            if (phase !== 'ended') stop()
          },
        },
      })
    })
  })
}

function loadLibrary(): Promise<Library> {
  return import('@jellybrick/dbus-next')
}

// Introspection and pings are answered by the library itself.
function isOwnObject(message: Partial<Message>): boolean {
  return message.interface?.startsWith('org.bluez.') ?? false
}

// Its types leave out the one event that would end the process when nobody hears it.
function onFailure(bus: EventEmitter, hear: (error: unknown) => void): void {
  bus.on('error', hear)
}

// The bus object tells nobody when its stream has ended; the connection below it does.
function hearEnd(bus: MessageBus, onEnd: () => void): void {
  const connection: unknown = Reflect.get(bus, '_connection')
  if (connection instanceof EventEmitter) connection.once('end', onEnd)
}

function answer(library: Library, bus: MessageBus, message: Message, reply: DbusReply): void {
  const { Message } = library
  bus.send(
    reply.ok
      ? Message.newMethodReturn(message, reply.signature, toBus(library, reply.body))
      : Message.newError(message, reply.fault.name, reply.fault.message),
  )
}
