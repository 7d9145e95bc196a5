/**
 * One HTTPS address: the same door as that of MQTT, TLS 1.3, and the question whose certificate was shown. What comes
 * out is a connection with a proved identity or with none; a certificate that proves nothing ends it.
 */

import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { createFront, type Approach } from '../broker/front.ts'
import { abandon, approachOf, bind, nameOf, subjectOf, type Listener } from '../broker/listener.ts'
import { meaningOf, refusalReason } from '../broker/refusal-reason.ts'
import { secureContextOptions, type TlsMaterial } from '../broker/tls-options.ts'
import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Counters, EventSink } from '../ports.ts'
import type { Identify } from '../security/identify.ts'
import type { WebLimits } from './limits.ts'
import { presentedBy, webTlsOptions } from './optional-certificate.ts'

export interface WebListen {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
}

export interface SecureFrontOptions {
  readonly listen: WebListen
  readonly material: TlsMaterial
  readonly identify: Identify
  readonly limits: WebLimits
  readonly clock: Clock
  readonly events: EventSink
  readonly counters: Counters
  readonly onConnection: (socket: TLSSocket, origin: ConnectionOrigin) => void
}

export interface ConnectionOrigin {
  readonly address: string
  readonly listener: string
  /** Verified and identified; undefined when the client showed none. */
  readonly certificate: X509Certificate | undefined
}

type Detail = Readonly<Record<string, string>>

export async function openSecureFront(options: SecureFrontOptions): Promise<Listener> {
  const { listen, limits, clock, events, counters, identify } = options
  const listener = nameOf(listen)
  const approaches = new WeakMap<object, Approach>()
  const tls = createTlsServer(webTlsOptions(options.material, limits.handshakeMs))

  const refuse = (address: string | undefined, why: Detail): void => {
    counters.count('handshake_refused_total')
    events.emit('security', 'handshake-refused', { ...why, address: address ?? 'unknown', listener })
  }
  tls.on('tlsClientError', (error, socket) => {
    const approach = approachOf(socket, approaches)
    approach?.settle()
    if (approach?.isLate === true) refuse(approach.address, { reason: 'handshake-timeout' })
    else refuse(approach?.address, { ...refusalReason(error) })
  })
  tls.on('secureConnection', (socket) => {
    const approach = approachOf(socket, approaches)
    approach?.settle()
    const judgement = judge(socket, identify)
    if (approach === undefined || judgement.kind === 'refused') {
      refuse(approach?.address, judgement.kind === 'refused' ? judgement.why : { reason: 'no-origin' })
      abandon(socket)
      return
    }
    options.onConnection(socket, {
      address: approach.address,
      listener,
      certificate: judgement.certificate,
    })
  })

  const front = createFront({
    handshakeMs: limits.handshakeMs,
    connections: limits.connections,
    clock,
    events,
    counters,
    listener,
    onHello: (socket: Socket, approach) => {
      approaches.set(socket, approach)
      tls.emit('connection', socket)
    },
  })
  const port = await bind(front.server, listen)
  // Out of file descriptors, for one: those who are connected stay, and accepting goes on when it can.
  front.server.on('error', (error) => {
    events.emit('technical', 'listener-fault', { listener, reason: errorMessage(error) })
  })
  return {
    address: { host: listen.host, port },
    reload: (material) => tls.setSecureContext(secureContextOptions(material, '1.3')),
    close: () => front.close(),
  }
}

type Judgement =
  | { readonly kind: 'admitted'; readonly certificate: X509Certificate | undefined }
  | { readonly kind: 'refused'; readonly why: Detail }

/** Asked for every connection, also for one whose session was resumed. */
function judge(socket: TLSSocket, identify: Identify): Judgement {
  const presented = presentedBy(socket)
  if (presented.kind === 'none') return { kind: 'admitted', certificate: undefined }
  const { certificate } = presented
  if (presented.kind === 'unverified') {
    const { verification: reason } = presented
    const why = { reason, meaning: meaningOf(reason) }
    return { kind: 'refused', why: { ...why, ...subjectOf(certificate) } }
  }
  const identification = identify(certificate)
  if (identification.kind === 'identified') return { kind: 'admitted', certificate }
  return { kind: 'refused', why: { reason: identification.reason, ...subjectOf(certificate) } }
}
