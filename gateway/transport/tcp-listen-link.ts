/** A device that calls: a TCP port of this box, open to listed private addresses alone, one caller at a time. */

import { createServer, type Server, type Socket } from 'node:net'
import { merge, Observable, Subject } from 'rxjs'
import type { LinkEvent } from '../../devices/protocol.ts'
import type { Cancel } from '../clock.ts'
import { errorCode, errorMessage } from '../errors.ts'
import type { Link } from '../ports.ts'
import type { ByteLinkOptions } from './byte-link.ts'
import { refuseCaller, type CallerRules } from './caller-rules.ts'
import { takeCaller, type Caller } from './caller.ts'
import { reconnectDelayMs } from './reconnect.ts'
import { createTally } from './tally.ts'

export interface TcpListenLinkOptions extends ByteLinkOptions, CallerRules {
  /** Address of this box to listen on. */
  readonly host: string
  /** 0 lets the system choose; `onListening` says which. */
  readonly port: number
  readonly onListening?: (port: number) => void
  /** Told of callers that are not let in: of the first, the tenth, the hundredth time of each. */
  readonly onRefused?: (reason: string, address: string) => void
}

/** Why nobody can call, and what an engineer can do about it. */
const ADVICE = {
  'address-refused': 'listen on a private or loopback address; the bytes of a device are not encrypted',
  'port-taken': 'another program listens there: stop it, or give this device another port',
  'no-permission': 'ports below 1024 need a privilege: give this device a higher port',
  'no-such-address': 'this machine does not have that address: check host and network',
  'cannot-listen': 'the system refused the port: see the detail',
} as const
type ListenFailure = keyof typeof ADVICE

const FAILURE_BY_CODE: Readonly<Record<string, ListenFailure>> = {
  EADDRINUSE: 'port-taken',
  EACCES: 'no-permission',
  EADDRNOTAVAIL: 'no-such-address',
}

const RETRY = { minDelayMs: 1_000, maxDelayMs: 30_000 } as const

// Half a cable stays an open connection for hours; whoever calls anew after this much silence is the same device.
const REPLACE_AFTER_SILENCE_MS = 10_000

export function createTcpListenLink(options: TcpListenLinkOptions): Link {
  const log = options.log.child({ host: options.host, port: options.port })
  const refused$ = new Subject<LinkEvent>()
  const tally = createTally()
  let caller: Caller | undefined

  const listen = (emit: (event: LinkEvent) => void): (() => void) => {
    const { clock, host, port } = options
    let server: Server | undefined
    let cancelRetry: Cancel = () => undefined
    let attempt = 0
    let toldFailure: ListenFailure | undefined
    let isOver = false

    const hangUp = (reason: string): void => {
      if (caller === undefined) return
      caller.hangUp()
      caller = undefined
      log.warn('caller-gone', { reason })
      emit({ kind: 'closed', reason })
    }

    const answer = (socket: Socket): void => {
      if (isOver) {
        socket.destroy()
        return
      }
      const from = socket.remoteAddress ?? ''
      const reason = refuseCaller(socket, options) ?? (isBusy() ? 'busy' : undefined)
      if (reason !== undefined) {
        socket.destroy()
        const count = tally.count(`${reason} ${from}`)
        if (count === undefined) return
        log.warn('caller-refused', { reason, from, count })
        options.onRefused?.(reason, from)
        return
      }
      hangUp('replaced')
      log.info('line-opened', { from })
      const taken = takeCaller(socket, {
        ...options,
        emit,
        ended: (reason) => taken === caller && hangUp(reason),
      })
      caller = taken
      emit({ kind: 'opened' })
      taken.start()
    }

    const isBusy = (): boolean =>
      caller !== undefined && clock.monotonicMs() - caller.heardAtMs < REPLACE_AFTER_SILENCE_MS

    const fail = (reason: ListenFailure, detail: string): void => {
      if (isOver) return
      server?.close()
      server = undefined
      hangUp(reason)
      if (reason !== toldFailure) log.warn('cannot-listen', { reason, detail, advice: ADVICE[reason] })
      toldFailure = reason
      emit({ kind: 'closed', reason })
      cancelRetry = clock.after(reconnectDelayMs(attempt++, { ...options, ...RETRY }), open)
    }

    const open = (): void => {
      if (!options.isAllowed(host)) {
        fail('address-refused', host)
        return
      }
      // Not a byte is read before it is known who calls.
      const fresh = createServer({ pauseOnConnect: true, noDelay: true, keepAlive: true }, answer)
      fresh.maxConnections = MOST_CONNECTIONS
      server = fresh
      fresh.on('error', (error) =>
        fail(FAILURE_BY_CODE[errorCode(error) ?? ''] ?? 'cannot-listen', errorMessage(error)),
      )
      fresh.listen({ host, port, exclusive: true }, () => {
        // A port that is still being opened cannot be closed.
        if (isOver) {
          fresh.close()
          return
        }
        attempt = 0
        toldFailure = undefined
        const address = fresh.address()
        log.info('listening')
        if (typeof address === 'object' && address !== null) options.onListening?.(address.port)
        emit({ kind: 'closed', reason: 'no-caller' })
      })
    }

    open()
    return () => {
      isOver = true
      cancelRetry()
      caller?.hangUp()
      caller = undefined
      server?.close()
    }
  }

  const line$ = new Observable<LinkEvent>((subscriber) => listen((event) => subscriber.next(event)))
  return {
    events$: merge(line$, refused$),
    execute: (command) => {
      const failed = (reason: string): void => refused$.next({ kind: 'failed', command, reason })
      if (caller === undefined) failed('closed')
      else if (command.kind === 'send') caller.write(command.bytes, failed)
      else failed('not-a-byte-command')
    },
  }
}

// One that is heard, one that may take its place, and a few that are being told no.
const MOST_CONNECTIONS = 8
