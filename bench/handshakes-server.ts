/** The servers of bench:handshakes, all in one process: wardgate's listener, and Node's own TLS server beside it. */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server, type TlsOptions } from 'node:tls'
import { constants } from 'node:crypto'
import { readAuthorities } from '../gateway/security/verify-authority.ts'
import { WARD_LIMITS } from '../gateway/broker/limits.ts'
import { openListener } from '../gateway/broker/listener.ts'
import { peerTlsOptions } from '../gateway/broker/peer-tls.ts'
import { type MinVersion, type TlsMaterial } from '../gateway/broker/tls-options.ts'
import { systemClock } from '../gateway/clock.ts'
import { createIdentify, type Identify } from '../gateway/security/identify.ts'
import type { TrustedTime } from '../gateway/security/trusted-time.ts'
import { SITE } from './bench-ward.ts'
import { answerParent, cpuMs } from './worker.ts'

export interface ServerRequest {
  readonly kind: 'wardgate' | 'bare' | 'wardgate-with-tickets'
  readonly version: MinVersion
  readonly material: TlsMaterial
}

let identifyMs = 0
let identifiedCount = 0

/** The checks of the product, over an authority and an index that are in memory. */
const time: TrustedTime = { nowMs: () => systemClock.nowMs(), standing: 'trusted', reason: undefined }

function identifyBy({ ca }: TlsMaterial): Identify {
  const { issuing } = readAuthorities(ca)
  const identify = createIdentify({ site: SITE, time, issuers: () => issuing, isRevoked: () => false })
  return (certificate) => {
    const startMs = cpuMs()
    const identification = identify(certificate)
    identifyMs += cpuMs() - startMs
    identifiedCount += 1
    return identification
  }
}

const silent = { emit: () => undefined, count: () => undefined, observeLatencyMs: () => undefined }

/** Each says one byte when the handshake has ended and the client is known, and closes. */
const OPEN: Readonly<Record<ServerRequest['kind'], (request: ServerRequest) => Promise<number>>> = {
  async wardgate({ version, material }) {
    const listener = await openListener({
      listen: { host: '127.0.0.1', port: 0, minVersion: version },
      material,
      identify: identifyBy(material),
      time,
      limits: WARD_LIMITS,
      clock: systemClock,
      events: silent,
      counters: silent,
      onClient: (socket) => {
        socket.on('error', () => undefined)
        socket.end('k')
      },
    })
    return listener.address.port
  },
  async bare({ version, material: { key, cert, ca } }) {
    const options: TlsOptions = { key, cert, ca, requestCert: true, rejectUnauthorized: true }
    const server = createServer({ ...options, minVersion: `TLSv${version}`, maxVersion: `TLSv${version}` })
    server.on('secureConnection', (socket) => {
      socket.on('error', () => undefined)
      socket.end('k')
    })
    return listenOn(server)
  },
  /** What resumption would bring: the same TLS, but with tickets; the identity is judged again all the same. */
  async 'wardgate-with-tickets'({ version, material }) {
    const server = createServer({
      ...peerTlsOptions(material, version, WARD_LIMITS.handshakeMs),
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      noDelay: true,
    })
    const identify = identifyBy(material)
    server.on('secureConnection', (socket) => {
      socket.on('error', () => undefined)
      const certificate = socket.getPeerX509Certificate()
      if (certificate !== undefined && identify(certificate).kind === 'identified') socket.end('k')
      else socket.destroy()
    })
    return listenOn(server)
  },
}

async function listenOn(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

answerParent({
  open: async (request: ServerRequest) => OPEN[request.kind](request),
  cpuMs,
  identifyMs: () => identifyMs / Math.max(1, identifiedCount),
})
