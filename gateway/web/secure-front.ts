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
import type { TrustedTime } from '../security/trusted-time.ts'
import type { WebLimits } from './limits.ts'
import { judgeVisitor, webTlsOptions, type Visitor } from './optional-certificate.ts'

export interface WebListen {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
}

export interface SecureFrontOptions {
  readonly listen: WebListen
  readonly material: TlsMaterial
  readonly identify: Identify
  /** While the clock is known to be wrong, complaints of OpenSSL about dates do not count; absent: they always do. */
  readonly time?: TrustedTime | undefined
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
    const visitor = judgeVisitor(socket, identify, options.time?.standing ?? 'trusted')
    if (approach === undefined || visitor.kind === 'refused') {
      refuse(approach?.address, visitor.kind === 'refused' ? whyOf(visitor) : { reason: 'no-origin' })
      abandon(socket)
      return
    }
    const certificate = visitor.kind === 'identified' ? visitor.certificate : undefined
    options.onConnection(socket, { address: approach.address, listener, certificate })
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

function whyOf({ certificate, reason, tlsFault }: Extract<Visitor, { readonly kind: 'refused' }>): Detail {
  const openssl = tlsFault === undefined ? {} : { openssl: tlsFault }
  return { reason, meaning: meaningOf(reason), ...subjectOf(certificate), ...openssl }
}
