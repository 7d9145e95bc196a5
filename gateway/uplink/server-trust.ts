/**
 * How the certificate of the far end is judged. By OpenSSL, always; and while the clock of this machine is known to be
 * wrong (docs/clock.md):
 *
 * - a gateway of ours is judged here instead, chain, purpose and name, with its dates by the trusted time: a bedside box
 *   whose clock battery is dead must still deliver. Of OpenSSL's complaints only those about dates are excused.
 * - everybody else must please OpenSSL and have dates that fit the trusted time. What waits for an uplink is kept.
 *
 * No configuration reaches this place.
 */

import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { TrustedTime } from '../security/trusted-time.ts'
import { dateFault } from '../security/verify-dates.ts'
import { serverFault } from '../security/verify-server.ts'

export interface ServerDates {
  readonly time: TrustedTime
  readonly server: 'ours' | 'foreign'
}

export interface ServerTrust {
  readonly tlsOptions: Pick<ConnectionOptions, 'rejectUnauthorized'>
  /** Why nothing may be said to the server whose handshake has ended, or undefined. */
  faultOf(socket: TLSSocket, host: string): string | undefined
}

const ABOUT_DATES: ReadonlySet<string> = new Set(['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED'])

export function serverTrust(caPem: string, dates: ServerDates | undefined): ServerTrust {
  const strict = { rejectUnauthorized: true }
  if (dates?.time.standing !== 'implausible')
    return { tlsOptions: strict, faultOf: (socket) => (socket.authorized ? undefined : NOT_VERIFIED) }
  const { time, server } = dates
  if (server === 'foreign')
    return { tlsOptions: strict, faultOf: (socket) => foreignFault(socket, time.nowMs()) }
  return {
    tlsOptions: { rejectUnauthorized: false },
    faultOf: (socket, host) => ownFault(socket, host, { caPem, nowMs: time.nowMs() }),
  }
}

const NOT_VERIFIED = 'the certificate of the far end was not verified'

function foreignFault(socket: TLSSocket, nowMs: number): string | undefined {
  const certificate = socket.getPeerX509Certificate()
  if (!socket.authorized || certificate === undefined) return NOT_VERIFIED
  const fault = dateFault(certificate, nowMs)
  return fault === undefined
    ? undefined
    : `the certificate of the far end is ${fault} by the trusted time, and the clock of this machine is not believed`
}

function ownFault(
  socket: TLSSocket,
  host: string,
  { caPem, nowMs }: { readonly caPem: string; readonly nowMs: number },
): string | undefined {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return NOT_VERIFIED
  const fault = serverFault(certificate, caPem, nowMs)
  if (fault !== undefined) return `the certificate of the gateway is refused: ${fault}`
  if (!isNamed(certificate, host)) return `the certificate of the gateway does not name ${host}`
  // Typed as an Error, but Node keeps OpenSSL's code here, or null.
  const tlsFault: unknown = socket.authorizationError
  const isExcused = socket.authorized || (typeof tlsFault === 'string' && ABOUT_DATES.has(tlsFault))
  return isExcused ? undefined : `${NOT_VERIFIED}: ${String(tlsFault)}`
}

// RFC 6125 6.4.4: the subject is no place for a name; and no certificate of ours has a wildcard.
function isNamed(certificate: X509Certificate, host: string): boolean {
  const found =
    isIP(host) === 0
      ? certificate.checkHost(host, { subject: 'never', wildcards: false })
      : certificate.checkIP(host)
  return found !== undefined
}
