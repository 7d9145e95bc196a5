/** The raw TCP port of a device server: a serial line with a network cable. Only on private or loopback addresses. */

import { connect, type Socket } from 'node:net'
import { errorCode, errorMessage } from '../errors.ts'
import type { Link } from '../ports.ts'
import { createByteLink, type ByteLine, type ByteLineListener, type ByteLinkOptions } from './byte-link.ts'
import { writeBounded } from './write-bounded.ts'

export interface TcpLinkOptions extends ByteLinkOptions {
  /** An address, not a name: a name could lead elsewhere tomorrow. */
  readonly host: string
  readonly port: number
  /** Asked at every attempt; false also for what is no address at all. */
  readonly isAllowed: (ip: string) => boolean
  readonly connectTimeoutMs?: number
}

/** Why a connection to a device server is closed, and what an engineer can do about it. */
const ADVICE = {
  'address-refused':
    'give a private or loopback address; the bytes of a device are not encrypted on this leg',
  refused: 'nothing listens there: check the port and the mode of the device server',
  'timed-out': 'no answer: check address, power and network of the device server',
  unreachable: 'no route: check address and network',
  reset: 'the device server broke the connection: it may allow one connection only',
  ended: 'the device server closed the connection: it may allow one connection only',
  failed: 'see the detail',
} as const
type ClosedReason = keyof typeof ADVICE

const REASON_BY_CODE: Readonly<Record<string, ClosedReason>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timed-out',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
}

const CONNECT_TIMEOUT_MS = 5_000
const KEEPALIVE_MS = 10_000

export function createTcpLink(options: TcpLinkOptions): Link {
  const log = options.log.child({ host: options.host, port: options.port })
  return createByteLink((listener) => openTcpLine(options, listener), ADVICE, { ...options, log })
}

function openTcpLine(options: TcpLinkOptions, listener: ByteLineListener<ClosedReason>): ByteLine {
  const { host, port, clock } = options
  if (!options.isAllowed(host)) {
    listener.closed('address-refused', host)
    return { write: (_bytes, failed) => failed('closed'), close: () => undefined }
  }

  const socket = connectTo(host, port)
  const timeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS
  const cancelTimeout = clock.after(timeoutMs, () =>
    listener.closed('timed-out', `no answer in ${timeoutMs} ms`),
  )
  socket.on('connect', () => {
    cancelTimeout()
    listener.opened()
  })
  socket.on('data', (bytes: Buffer) => listener.bytes(new Uint8Array(bytes)))
  socket.on('end', () => listener.closed('ended', 'end of stream'))
  socket.on('error', (error) => listener.closed(reasonOf(error), errorMessage(error)))
  return {
    write: (bytes, failed) => writeBounded(socket, bytes, failed),
    close: () => {
      cancelTimeout()
      socket.removeAllListeners()
      // What a destroyed socket still reports concerns nobody.
      socket.on('error', () => undefined)
      socket.destroy()
    },
  }
}

function connectTo(host: string, port: number): Socket {
  return connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEPALIVE_MS })
}

function reasonOf(error: unknown): ClosedReason {
  return REASON_BY_CODE[errorCode(error) ?? ''] ?? 'failed'
}
