/**
 * The one way out. Nothing leaves before the policy has said yes; the connection goes to the very address that was
 * decided, and before the first byte is written the peer's address is looked at once more.
 */

import { lookup } from 'node:dns/promises'
import { connect as connectTcp, isIPv6, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import type { X509Certificate } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { errorCode, errorMessage } from '../errors.ts'
import { isSameAddress } from './address-class.ts'
import { decideUplink, decideUrl } from './policy.ts'
import { serverTrust, type ServerDates } from './server-trust.ts'
import { withinLimit, type Settle } from './time-limit.ts'
import { dialOutcome, failureError, refusalError, type DialFailure } from './uplink-error.ts'
import type { UplinkScheme } from './uplink-url.ts'

/** PEM texts: who may be trusted at the far end, and who we are. */
export interface ClientMaterial {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** For whoever has no certificate yet: the far end proves itself, we do not. */
interface TrustAlone {
  readonly ca: string
  readonly cert?: undefined
  readonly key?: undefined
  /** The CA is an issuing one whose root is not at hand. */
  readonly isIssuingOnly?: boolean
}

/** All addresses of a host name. */
type Resolver = (host: string) => Promise<readonly string[]>

/** Opens a TCP connection to an address that was decided; tests put their own in its place. */
export type Connect = (endpoint: { readonly address: string; readonly port: number }) => Socket

export interface DialOptions {
  readonly url: string
  readonly allowedRanges?: readonly string[] | undefined
  readonly scheme?: UplinkScheme | undefined
  readonly tls: ClientMaterial | TrustAlone
  /** Sees what the far end shows, leaf first, before it is judged; a dial that it is refused for still fails. */
  readonly onPresented?: ((chain: readonly X509Certificate[]) => void) | undefined
  /** By which time the dates of the far end count, and whether it is a gateway of ours; absent: by the wall clock. */
  readonly dates?: ServerDates | undefined
  readonly clock: Clock
  readonly resolver?: Resolver | undefined
  readonly connect?: Connect | undefined
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
  readonly signal?: AbortSignal | undefined
}

interface Endpoint {
  readonly address: string
  readonly port: number
  /** Empty for an address: RFC 6066 forbids SNI for it, and the certificate then has to name the address. */
  readonly serverName: string
}

const RESOLVE_TIMEOUT_MS = 10_000
const CONNECT_TIMEOUT_MS = 10_000
const HANDSHAKE_TIMEOUT_MS = 10_000
const LONGEST_CHAIN = 8

const systemResolver: Resolver = async (host) => {
  const answers = await lookup(host, { all: true, verbatim: true })
  return answers.map(({ address }) => address)
}

// Reads neither proxy variables nor the resolver: the endpoint is an address.
const connectDirectly: Connect = ({ address, port }) =>
  connectTcp({ host: address, port, family: isIPv6(address) ? 6 : 4, noDelay: true })

/**
 * Connects by TLS 1.3, both sides proved by certificate. Throws UplinkError with `context.reason`: an UplinkRefusal
 * when `context.refused` is true, a DialFailure otherwise.
 */
export async function guardedDial(options: DialOptions): Promise<TLSSocket> {
  const { url, scheme, allowedRanges, environment = process.env } = options
  const question = { url, scheme, allowedRanges, environment }
  const early = decideUrl(question)
  if (!early.allowed) throw refusalError(url, early)
  const secureContext = readMaterial(options)
  const { host, isAddress } = early.target
  const decision = decideUplink({ ...question, addresses: isAddress ? [] : await resolve(options, host) })
  if (!decision.allowed) throw refusalError(url, decision)
  let failure: unknown
  for (const address of decision.addresses) {
    const endpoint = { address, port: decision.port, serverName: isAddress ? '' : host }
    try {
      return await secure(options, endpoint, { secureContext, tcp: await connectPinned(options, endpoint) })
    } catch (error) {
      if (!isUnreachable(error)) throw error
      failure = error
    }
  }
  throw failure
}

function readMaterial({ url, tls }: DialOptions): SecureContext {
  try {
    const { ca, cert, key } = tls
    const allowPartialTrustChain = 'isIssuingOnly' in tls && tls.isIssuingOnly
    // An empty list trusts nobody; left out, it would be the whole public internet.
    const trusted = ca === '' ? [] : ca
    return createSecureContext({ ca: trusted, cert, key, minVersion: 'TLSv1.3', allowPartialTrustChain })
  } catch (error) {
    throw failureError(url, 'certificate-unusable', describe(error), error)
  }
}

function resolve(options: DialOptions, host: string): Promise<readonly string[]> {
  const { url, resolver = systemResolver } = options
  const ask = async (settle: Settle<readonly string[]>): Promise<void> => {
    try {
      settle.done(await resolver(host))
    } catch (error) {
      settle.fail(failureError(url, 'name-not-resolved', `${host}: ${describe(error)}`, error))
    }
  }
  return withinLimit({
    ...limits(options, RESOLVE_TIMEOUT_MS, 'name-not-resolved'),
    start: (settle) => {
      void ask(settle)
      return () => undefined
    },
  })
}

async function connectPinned(options: DialOptions, endpoint: Endpoint): Promise<Socket> {
  const { url, connect = connectDirectly } = options
  const socket = await withinLimit<Socket>({
    ...limits(options, CONNECT_TIMEOUT_MS, 'connect-timeout'),
    start: ({ done, fail }) => {
      const opening = connect({ address: endpoint.address, port: endpoint.port })
      opening.once('connect', () => done(opening))
      opening.on('error', (error) => fail(failureError(url, 'connect-failed', describe(error), error)))
      return () => opening.destroy()
    },
  })
  checkPeer(options, endpoint, socket)
  return socket
}

async function secure(
  options: DialOptions,
  endpoint: Endpoint,
  { secureContext, tcp }: { readonly secureContext: SecureContext; readonly tcp: Socket },
): Promise<TLSSocket> {
  const socket = await withinLimit<TLSSocket>({
    ...limits(options, HANDSHAKE_TIMEOUT_MS, 'tls-timeout'),
    start: ({ done, fail }) => {
      const failed = (detail: string, cause?: unknown): void =>
        fail(failureError(options.url, 'tls-failed', detail, cause))
      const trust = serverTrust(options.tls.ca, options.dates)
      const securing = connectTls({
        socket: tcp,
        host: endpoint.address,
        servername: endpoint.serverName,
        secureContext,
        ...trust.tlsOptions,
      })
      securing.prependOnceListener('secure', () => options.onPresented?.(presentedBy(securing)))
      securing.once('secureConnect', () => {
        const fault = trust.faultOf(securing, endpoint.serverName || endpoint.address)
        if (fault === undefined) done(securing)
        else failed(fault)
      })
      securing.on('error', (error) => failed(describe(error), error))
      securing.once('close', () => failed('the far end closed the connection'))
      return () => {
        securing.destroy()
        tcp.destroy()
      }
    },
  })
  checkPeer(options, endpoint, socket)
  return socket
}

/** The chain as it was sent, each under the one that it names as its issuer. */
function presentedBy(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = []
  let next = socket.getPeerX509Certificate()
  while (next !== undefined && chain.length < LONGEST_CHAIN) {
    chain.push(next)
    next = next.issuerCertificate
  }
  return chain
}

/** Proves the decided address on the socket itself, whatever lies between the call and the network. */
function checkPeer({ url }: DialOptions, { address }: Endpoint, socket: Socket): void {
  const peer = socket.remoteAddress
  if (peer !== undefined && isSameAddress(peer, address)) return
  socket.destroy()
  const detail = `the connection ended at ${peer ?? 'no address'} instead of ${address}`
  throw refusalError(url, { allowed: false, reason: 'peer-changed', detail })
}

function limits({ url, clock, signal }: DialOptions, limitMs: number, onLimit: DialFailure) {
  return {
    clock,
    signal,
    limitMs,
    onLimit: () => failureError(url, onLimit, `no answer within ${limitMs / 1000} s`),
    onAbort: () => failureError(url, 'aborted', 'the link was closed'),
  }
}

function isUnreachable(error: unknown): boolean {
  const { reason } = dialOutcome(error)
  return reason === 'connect-failed' || reason === 'connect-timeout'
}

// OpenSSL's messages hold addresses and source lines; its codes say the same in words.
function describe(error: unknown): string {
  const code = errorCode(error)
  return code?.startsWith('ERR_SSL_') === true || code?.startsWith('ERR_OSSL_') === true
    ? code
    : errorMessage(error)
}
