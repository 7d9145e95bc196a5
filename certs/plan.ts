/** A certificate as it is meant to be, before anything is signed: made from a profile, judged by lint.ts. */

import { randomBytes, type KeyObject } from 'node:crypto'

import { crlHost } from './crl-address.ts'
import { identityUri } from './identity-uri.ts'
import {
  PROFILES,
  type CaRole,
  type CertificateProfile,
  type ExtendedKeyUsage,
  type KeyUsage,
  type LeafRole,
  type Role,
} from './profile.ts'

export interface Validity {
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

export interface CertificatePlan extends Validity {
  readonly role: Role
  readonly site: string
  readonly commonName: string
  readonly publicKey: KeyObject
  readonly serial: Uint8Array
  readonly isCa: boolean
  readonly pathLength?: number
  readonly keyUsage: readonly KeyUsage[]
  readonly extendedKeyUsage: readonly ExtendedKeyUsage[]
  readonly uris: readonly string[]
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  /** Where the list of the issuer is served; in the certificate of a server alone. */
  readonly crlHost?: string
}

interface PlanRequest {
  readonly site: string
  readonly publicKey: KeyObject
  readonly nowMs: number
  readonly days?: number | undefined
}

export interface CaPlanRequest extends PlanRequest {
  readonly role: CaRole
  /** Absent for the root, which issues itself. */
  readonly issuer?: Validity
}

export interface LeafPlanRequest extends PlanRequest {
  readonly role: LeafRole
  readonly id: string
  readonly issuer: Validity
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
}

const DAY_MS = 86_400_000
/** Peers whose clock is a little behind must not find the certificate in their future. */
export const BACKDATE_MS = 5 * 60_000
export const SERIAL_BYTES = 16

export function planCa(request: CaPlanRequest): CertificatePlan {
  const profile = PROFILES[request.role]
  // A word of its own for each authority: two stores of one site never share an issuer name.
  const commonName = `wardgate ${request.role} ${randomBytes(4).toString('hex')}`
  return {
    ...common(profile, request, request.issuer),
    commonName,
    uris: [],
    dnsNames: [],
    ipAddresses: [],
  }
}

export function planLeaf(request: LeafPlanRequest): CertificatePlan {
  const { site, role, id, dnsNames, ipAddresses } = request
  const listHost = PROFILES[role].names === 'identity-and-hosts' ? crlHost(dnsNames, ipAddresses) : undefined
  return {
    ...common(PROFILES[role], request, request.issuer),
    commonName: id,
    uris: [identityUri({ site, role, id })],
    dnsNames,
    ipAddresses,
    ...(listHost === undefined ? {} : { crlHost: listHost }),
  }
}

function common(profile: CertificateProfile, request: PlanRequest, issuer: Validity | undefined) {
  const { role, isCa, pathLength, keyUsage, extendedKeyUsage } = profile
  return {
    role,
    site: request.site,
    publicKey: request.publicKey,
    serial: randomSerial(),
    isCa,
    ...(pathLength === undefined ? {} : { pathLength }),
    keyUsage,
    extendedKeyUsage,
    ...validity(request.nowMs, request.days ?? profile.validityDays, issuer),
  }
}

function validity(nowMs: number, days: number, issuer: Validity | undefined): Validity {
  return {
    notBeforeMs: wholeSecond(Math.max(nowMs - BACKDATE_MS, issuer?.notBeforeMs ?? -Infinity)),
    notAfterMs: wholeSecond(Math.min(nowMs + days * DAY_MS, issuer?.notAfterMs ?? Infinity)),
  }
}

function wholeSecond(epochMs: number): number {
  return Math.floor(epochMs / 1000) * 1000
}

function randomSerial(): Uint8Array {
  const serial = randomBytes(SERIAL_BYTES)
  // RFC 5280 4.1.2.2: positive. The second bit keeps every serial at its full length.
  serial.writeUInt8((serial.readUInt8(0) & 0x3f) | 0x40, 0)
  return serial
}
