/** A device that answers datagrams on the local network: one `bytes` event is one datagram of exactly that device. */

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIP } from 'node:net'
import { errorCode, errorMessage } from '../errors.ts'
import type { Link } from '../ports.ts'
import { isSameAddress } from '../uplink/address-class.ts'
import { createByteLink, type ByteLine, type ByteLineListener, type ByteLinkOptions } from './byte-link.ts'
import { createTally } from './tally.ts'

export interface UdpLinkOptions extends ByteLinkOptions {
  /** An address, not a name: a name could lead elsewhere tomorrow. */
  readonly host: string
  readonly port: number
  /** Asked at every attempt, of both ends; false also for what is no address at all. */
  readonly isAllowed: (ip: string) => boolean
}

/** Why a line of datagrams is closed, and what an engineer can do about it. */
const ADVICE = {
  'address-refused':
    'give a private or loopback address; the bytes of a device are not encrypted on this leg',
  'local-address-refused':
    'the way to the device leaves by a public address of this machine: check the routes',
  refused: 'the device is there, but nothing listens on that port: check the port and its LAN settings',
  unreachable: 'no route: check address and network',
  failed: 'see the detail',
} as const
type ClosedReason = keyof typeof ADVICE

const REASON_BY_CODE: Readonly<Record<string, ClosedReason>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
}

// Medical devices keep their messages below one Ethernet frame; what is much longer is not one of them.
const LONGEST_DATAGRAM_BYTES = 8192
const WAITING_LIMIT_BYTES = 4096

export function createUdpLink(options: UdpLinkOptions): Link {
  const log = options.log.child({ host: options.host, port: options.port })
  const tally = createTally()
  const ignore = (why: Ignored): void => {
    const count = tally.count(why)
    if (count !== undefined) log.warn('datagram-ignored', { why, count })
  }
  return createByteLink((listener) => openUdpLine({ ...options, ignore }, listener), ADVICE, {
    ...options,
    log,
  })
}

interface UdpLineOptions extends UdpLinkOptions {
  readonly ignore: (why: Ignored) => void
}

type Ignored = 'foreign-datagram' | 'oversize-datagram'

function openUdpLine(options: UdpLineOptions, listener: ByteLineListener<ClosedReason>): ByteLine {
  const { host, port, isAllowed, ignore } = options
  if (!isAllowed(host)) {
    listener.closed('address-refused', host)
    return { write: (_bytes, failed) => failed('closed'), close: () => undefined }
  }

  const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4')
  let phase: 'opening' | 'open' | 'unwanted' = 'opening'
  const fail = (error: unknown): void => {
    // What a closed socket still reports concerns nobody.
    if (phase !== 'unwanted') listener.closed(reasonOf(error), errorMessage(error))
  }
  socket.on('error', fail)
  socket.on('message', (bytes, from) => {
    const why = ignoredBecause(bytes, from, options)
    if (why !== undefined) ignore(why)
    else if (phase === 'open' && bytes.length > 0) listener.bytes(new Uint8Array(bytes))
  })
  // A connected socket is told by ICMP that nobody listens, and the system keeps strangers from it.
  socket.connect(port, host, (error?: unknown) => {
    if (phase === 'unwanted') return
    if (error !== undefined && error !== null) {
      fail(error)
      return
    }
    const local = socket.address().address
    if (!isAllowed(local)) {
      listener.closed('local-address-refused', local)
      return
    }
    phase = 'open'
    listener.opened()
  })
  return {
    write: (bytes, failed) => sendBounded(socket, bytes, failed),
    close: () => {
      phase = 'unwanted'
      // Its own listeners stay: a socket that is still being opened closes when that has ended.
      socket.removeAllListeners('message')
      socket.close()
    },
  }
}

/** Between the binding and the connecting of a socket, anybody's datagram can have come in. */
export function ignoredBecause(
  bytes: Uint8Array,
  from: Pick<RemoteInfo, 'address' | 'port'>,
  device: { readonly host: string; readonly port: number },
): Ignored | undefined {
  if (from.port !== device.port || !isSameAddress(from.address, device.host)) return 'foreign-datagram'
  return bytes.length > LONGEST_DATAGRAM_BYTES ? 'oversize-datagram' : undefined
}

/** A datagram goes out whole or not at all; what the system cannot take now is refused, not kept without end. */
function sendBounded(socket: Socket, bytes: Uint8Array, failed: (reason: string) => void): void {
  if (socket.getSendQueueSize() + bytes.length > WAITING_LIMIT_BYTES) {
    failed('line-takes-no-bytes')
    return
  }
  socket.send(bytes, (error) => {
    if (error !== null) failed('write-failed')
  })
}

function reasonOf(error: unknown): ClosedReason {
  return REASON_BY_CODE[errorCode(error) ?? ''] ?? 'failed'
}
