/** One listening address: the door, TLS, and the question who is there. What comes out is a proved identity. */

import type { X509Certificate } from 'node:crypto'
import type { Server, Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import type { Clock } from '../clock.ts'
import { BrokerError, ConfigError, errorCode, errorMessage } from '../errors.ts'
import type { Counters, EventSink } from '../ports.ts'
import type { Identify } from '../security/identify.ts'
import type { TrustedTime } from '../security/trusted-time.ts'
import { createFront, type Approach } from './front.ts'
import type { BrokerLimits } from './limits.ts'
import { peerTlsOptions } from './peer-tls.ts'
import { judgePeer } from './peer-verdict.ts'
import { meaningOf, refusalReason } from './refusal-reason.ts'
import type { SessionView } from './sessions.ts'
import { secureContextOptions, type MinVersion, type TlsMaterial } from './tls-options.ts'

export interface ListenAddress {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Absent means 1.3. */
  readonly minVersion?: MinVersion
}

export interface ListenerOptions {
  readonly listen: ListenAddress
  readonly material: TlsMaterial
  readonly identify: Identify
  /** While the clock is known to be wrong, complaints of OpenSSL about dates do not count; absent: they always do. */
  readonly time?: TrustedTime | undefined
  readonly limits: BrokerLimits
  readonly clock: Clock
  readonly events: EventSink
  readonly counters: Counters
  readonly onClient: (socket: TLSSocket, view: SessionView) => void
}

export interface Listener {
  readonly address: { readonly host: string; readonly port: number }
  reload(material: TlsMaterial): void
  /** Accepts no more; open connections stay. */
  close(): void
}

export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { listen, limits, clock, events, counters, identify } = options
  const minVersion = listen.minVersion ?? '1.3'
  const approaches = new WeakMap<object, Approach>()
  const tls = createTlsServer(peerTlsOptions(options.material, minVersion, limits.handshakeMs))

  const refuse = (approach: Approach | undefined, why: Readonly<Record<string, string>>): void => {
    const origin = {
      address: approach?.address ?? 'unknown',
      listener: approach?.listener ?? nameOf(listen),
    }
    counters.count('handshake_refused_total')
    events.emit('security', 'handshake-refused', { ...why, ...origin })
  }

  tls.on('tlsClientError', (error, socket) => {
    const approach = approachOf(socket, approaches)
    approach?.settle()
    if (approach?.isLate === true) refuse(approach, { reason: 'handshake-timeout' })
    else refuse(approach, { ...refusalReason(error) })
  })
  tls.on('secureConnection', (socket) => {
    const approach = approachOf(socket, approaches)
    approach?.settle()
    const certificate = socket.getPeerX509Certificate()
    const tlsFault = verificationFault(socket)
    const verdict = judgePeer({
      identification: certificate === undefined ? undefined : identify(certificate),
      isAuthorized: socket.authorized,
      tlsFault,
      clock: options.time?.standing ?? 'trusted',
    })
    if (approach === undefined || verdict.kind === 'refused') {
      const reason = verdict.kind === 'refused' ? verdict.reason : 'no-origin'
      refuse(approach, {
        reason,
        meaning: meaningOf(reason),
        ...(certificate === undefined ? {} : subjectOf(certificate)),
        ...(certificate === undefined || tlsFault === undefined ? {} : { openssl: tlsFault }),
      })
      abandon(socket)
      return
    }
    const { address, listener } = approach
    const protocol = socket.getProtocol() ?? 'unknown'
    const cipher = socket.getCipher().name
    options.onClient(socket, { identity: verdict.identity, address, listener, protocol, cipher })
  })

  const front = createFront({
    handshakeMs: limits.handshakeMs,
    connections: limits.connections,
    connectionsPerAddress: limits.connectionsPerAddress,
    clock,
    events,
    counters,
    listener: nameOf(listen),
    onHello: (socket: Socket, approach) => {
      approaches.set(socket, approach)
      tls.emit('connection', socket)
    },
  })
  const port = await bind(front.server, listen)
  // Out of file descriptors, for one: those who are connected stay, and accepting goes on when it can.
  front.server.on('error', (error) => {
    const detail = { listener: nameOf(listen), reason: errorMessage(error) }
    events.emit('technical', 'listener-fault', detail)
  })
  return {
    address: { host: listen.host, port },
    reload: (material) => tls.setSecureContext(secureContextOptions(material, minVersion)),
    close: () => front.close(),
  }
}

export async function bind(front: Server, listen: ListenAddress): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    front.once('error', (error) => {
      const detail = { host: listen.host, port: listen.port, code: errorCode(error) }
      const hint = BIND_HINTS[errorCode(error) ?? ''] ?? errorMessage(error)
      reject(new ConfigError(`cannot listen on ${nameOf(listen)}: ${hint}`, detail, error))
    })
    front.listen({ host: listen.host, port: listen.port, exclusive: true, backlog: BACKLOG }, resolve)
  })
  const address = front.address()
  if (address === null || typeof address === 'string')
    throw new BrokerError(`no address for ${nameOf(listen)}`)
  return address.port
}

// A ward that comes back at once: whose SYN finds no room tries again only a second later. The kernel may lower it.
const BACKLOG = 2048

const BIND_HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program holds this port; stop it or choose another port',
  EACCES: 'this user may not open this port; choose one above 1023',
  EADDRNOTAVAIL: 'this machine has no such address; choose one of its own addresses',
  ENOTFOUND: 'this name has no address; write an address',
}

/** A TLS socket that has failed has forgotten its peer; what it keeps is the TCP socket beneath, as `_parent`. */
export function approachOf(socket: TLSSocket, approaches: WeakMap<object, Approach>): Approach | undefined {
  const parent = '_parent' in socket ? socket._parent : undefined
  return typeof parent === 'object' && parent !== null ? approaches.get(parent) : undefined
}

/** Typed as an Error, but Node keeps OpenSSL's code here, or null. */
function verificationFault(socket: TLSSocket): string | undefined {
  const fault: unknown = socket.authorizationError
  return typeof fault === 'string' ? fault : undefined
}

export function subjectOf(certificate: X509Certificate): Readonly<Record<string, string>> {
  return {
    subject: certificate.subject.replaceAll('\n', ', ').slice(0, 256),
    altName: (certificate.subjectAltName ?? '').slice(0, 256),
    serial: certificate.serialNumber,
  }
}

export function abandon(socket: TLSSocket): void {
  socket.on('error', () => undefined)
  socket.destroy()
}

export function nameOf({ host, port }: ListenAddress): string {
  return `${host}:${port}`
}
