/**
 * The one way out. Nothing leaves before the policy has said yes; the connection goes to the very address that was
 * decided, and before the first byte is written the peer's address is looked at once more.
 */

import { lookup } from 'node:dns/promises'
import { connect as connectTcp, isIPv6, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { Clock } from '../clock.ts'
import { errorCode, errorMessage, UplinkError } from '../errors.ts'
import { isSameAddress } from './address-class.ts'
import { decideUplink, decideUrl, type Refused } from './policy.ts'
import { showUrl, type UplinkRefusal } from './refusals.ts'

/** PEM texts: who may be trusted at the far end, and who we are. */
export interface TlsMaterial {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** All addresses of a host name. */
export type Resolver = (host: string) => Promise<readonly string[]>

/** Opens a TCP connection to an address that was decided; tests put their own in its place. */
export type Connect = (endpoint: { readonly address: string; readonly port: number }) => Socket

export interface DialOptions {
  readonly url: string
  readonly allowedRanges?: readonly string[] | undefined
  readonly tls: TlsMaterial
  readonly clock: Clock
  readonly resolver?: Resolver | undefined
  readonly connect?: Connect | undefined
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
  readonly signal?: AbortSignal | undefined
}

/** Why a dial that the guard allowed came to nothing; the far end or the network is at fault. */
export type DialFailure =
  'name-not-resolved' | 'connect-failed' | 'connect-timeout' | 'tls-failed' | 'tls-timeout' | 'aborted'

const RESOLVE_TIMEOUT_MS = 10_000
const CONNECT_TIMEOUT_MS = 10_000
const HANDSHAKE_TIMEOUT_MS = 10_000

export const systemResolver: Resolver = async (host) => {
  const answers = await lookup(host, { all: true, verbatim: true })
  return answers.map(({ address }) => address)
}

// Reads neither proxy variables nor the resolver: the endpoint is an address.
const connectDirectly: Connect = ({ address, port }) =>
  connectTcp({ host: address, port, family: isIPv6(address) ? 6 : 4, noDelay: true })

/**
 * Connects, mutually authenticated and by TLS 1.3. Throws UplinkError with `context.reason`, an UplinkRefusal when
 * `context.refused` is true and a DialFailure otherwise.
 */
export async function guardedDial(options: DialOptions): Promise<TLSSocket> {
  const { url, allowedRanges, environment = process.env } = options
  const question = { url, allowedRanges, environment }
  const early = decideUrl(question)
  if (!early.allowed) throw refusalError(url, early)
  const { host, isAddress } = early.target
  const decision = decideUplink({ ...question, addresses: isAddress ? [] : await resolve(options, host) })
  if (!decision.allowed) throw refusalError(url, decision)
  let failure: unknown
  for (const address of decision.addresses) {
    try {
      return await dialAddress(options, { address, port: decision.port, serverName: isAddress ? '' : host })
    } catch (error) {
      if (!isConnectFailure(error)) throw error
      failure = error
    }
  }
  throw failure
}

interface Endpoint {
  readonly address: string
  readonly port: number
  /** Empty for an address: it is then the address that the certificate has to name (RFC 6066 forbids SNI for it). */
  readonly serverName: string
}

async function resolve(options: DialOptions, host: string): Promise<readonly string[]> {
  const { resolver = systemResolver } = options
  return await within(options, { limitMs: RESOLVE_TIMEOUT_MS, onLimit: 'name-not-resolved' }, (settle) => {
    resolver(host).then(settle.done, (error: unknown) => {
      settle.fail('name-not-resolved', errorCode(error) ?? errorMessage(error))
    })
    return () => undefined
  })
}

async function dialAddress(options: DialOptions, endpoint: Endpoint): Promise<TLSSocket> {
  const tcp = await connectPinned(options, endpoint)
  const secured = await secure(options, endpoint, tcp)
  checkPeer(options, endpoint, secured)
  return secured
}

async function connectPinned(options: DialOptions, endpoint: Endpoint): Promise<Socket> {
  const { connect = connectDirectly } = options
  const limit = { limitMs: CONNECT_TIMEOUT_MS, onLimit: 'connect-timeout' } as const
  const socket = await within<Socket>(options, limit, (settle) => {
    const opening = connect(endpoint)
    opening.once('connect', () => settle.done(opening))
    opening.on('error', (error) => settle.fail('connect-failed', errorCode(error) ?? error.message))
    return () => opening.destroy()
  })
  checkPeer(options, endpoint, socket)
  return socket
}

async function secure(options: DialOptions, endpoint: Endpoint, tcp: Socket): Promise<TLSSocket> {
  const limit = { limitMs: HANDSHAKE_TIMEOUT_MS, onLimit: 'tls-timeout' } as const
  return await within<TLSSocket>(options, limit, (settle) => {
    const { ca, cert, key } = options.tls
    const securing = connectTls({
      socket: tcp,
      host: endpoint.address,
      servername: endpoint.serverName,
      ca,
      cert,
      key,
      minVersion: 'TLSv1.3',
      rejectUnauthorized: true,
    })
    securing.once('secureConnect', () => settle.done(securing))
    securing.on('error', (error) => settle.fail('tls-failed', errorCode(error) ?? error.message))
    securing.once('close', () => settle.fail('tls-failed', 'the far end closed the connection'))
    return () => securing.destroy()
  })
}

/** Proves the decided address on the socket itself, whatever lies between the call and the network. */
function checkPeer({ url }: DialOptions, { address }: Endpoint, socket: Socket): void {
  const peer = socket.remoteAddress
  if (peer !== undefined && isSameAddress(peer, address)) return
  socket.destroy()
  const detail = `the connection ended at ${peer ?? 'no address'} instead of ${address}`
  throw refusalError(url, { allowed: false, reason: 'peer-changed', detail })
}

interface Settle<Result> {
  done(result: Result): void
  fail(reason: DialFailure, detail: string): void
}

/** Runs one step against its time limit and the caller's abort; `undo` is what `start` answers. */
async function within<Result>(
  { url, clock, signal }: DialOptions,
  { limitMs, onLimit }: { readonly limitMs: number; readonly onLimit: DialFailure },
  start: (settle: Settle<Result>) => () => void,
): Promise<Result> {
  return await new Promise<Result>((resolve, reject) => {
    let undo: (() => void) | undefined
    const finish = (): void => {
      cancelLimit()
      signal?.removeEventListener('abort', onAbort)
    }
    const fail = (reason: DialFailure, detail: string): void => {
      finish()
      undo?.()
      reject(failureError(url, reason, detail))
    }
    const onAbort = (): void => fail('aborted', 'the link was closed')
    const cancelLimit = clock.after(limitMs, () => fail(onLimit, `no answer within ${limitMs} ms`))
    signal?.addEventListener('abort', onAbort)
    undo = start({
      done: (result) => {
        finish()
        resolve(result)
      },
      fail,
    })
    if (signal?.aborted === true) onAbort()
  })
}

function isConnectFailure(error: unknown): boolean {
  const reason = error instanceof UplinkError ? error.context['reason'] : undefined
  return reason === 'connect-failed' || reason === 'connect-timeout'
}

function refusalError(url: string, { reason, detail }: Refused): UplinkError {
  return uplinkError(
    url,
    { reason, refused: true },
    `uplink to ${showUrl(url)} refused (${reason}): ${detail}`,
  )
}

function failureError(url: string, reason: DialFailure, detail: string): UplinkError {
  return uplinkError(
    url,
    { reason, refused: false },
    `uplink to ${showUrl(url)} failed (${reason}): ${detail}`,
  )
}

function uplinkError(
  url: string,
  context: { readonly reason: UplinkRefusal | DialFailure; readonly refused: boolean },
  message: string,
): UplinkError {
  return new UplinkError(message, { ...context, url: showUrl(url) })
}
