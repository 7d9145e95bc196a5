/**
 * The private control channel of the simulated radio: what the controllers of both ends would report about the air
 * and the link, as JSON. One connection to a peripheral is either one question (`scan`) or one link (`connect`).
 */

import { isSecurityLevel, type SecurityLevel } from './link-security.ts'

/** What a peripheral tells to everyone who listens. */
export interface Advertisement {
  readonly address: string
  readonly addressType: 'public' | 'random'
  readonly name: string
  readonly rssiDbm: number
  readonly services: readonly string[]
  readonly appearance?: number
}

/** Why a link ended, in the words of the controller. */
export type DisconnectReason = (typeof DISCONNECT_REASONS)[number]

const DISCONNECT_REASONS = [
  'remote-user-terminated',
  'local-host-terminated',
  'low-resources',
  'power-off',
  'connection-timeout',
  'authentication-failure',
  'not-advertising',
] as const

export type AirMessage =
  | { readonly kind: 'scan' }
  | { readonly kind: 'advertisement'; readonly advertisement: Advertisement }
  | { readonly kind: 'connect' }
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnect'; readonly reason: DisconnectReason }
  /** Pairs, or starts encryption again with the keys of an earlier pairing. */
  | { readonly kind: 'pair' }
  | { readonly kind: 'paired'; readonly outcome: 'bonded' | 'refused' }
  | { readonly kind: 'encryption'; readonly level: SecurityLevel }

/** The longest payload of any frame on the air: a full PDU or a control message. */
export const LONGEST_AIR_PAYLOAD_BYTES = 1024

/** What sockaddr_un holds on Linux, without its final zero; a longer path is cut silently by the system. */
export const LONGEST_SOCKET_PATH_BYTES = 107

const SOCKET_SUFFIX = '.air'

/** `C0:FF:EE:00:00:01` listens at `c0ffee000001.air`; undefined when the address is none. */
export function airSocketName(address: string): string | undefined {
  if (!/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i.test(address)) return undefined
  return address.replaceAll(':', '').toLowerCase() + SOCKET_SUFFIX
}

export function isAirSocketName(fileName: string): boolean {
  return /^[0-9a-f]{12}\.air$/.test(fileName)
}

/** Every socket name has the same length, so a directory either serves all addresses or none. */
export function fitsSocketPath(airDir: string): boolean {
  const pathBytes = new TextEncoder().encode(airDir).length + '/'.length + '000000000000'.length
  return pathBytes + SOCKET_SUFFIX.length <= LONGEST_SOCKET_PATH_BYTES
}

export function encodeAirMessage(message: AirMessage): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message))
}

/** Undefined for anything but a message of this channel. */
export function parseAirMessage(payload: Uint8Array): AirMessage | undefined {
  const value = parseJson(payload)
  return isAirMessage(value) ? value : undefined
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch {
    return undefined
  }
}

type Fields = Readonly<Record<string, unknown>>

const SHAPES: { readonly [Kind in AirMessage['kind']]: (fields: Fields) => boolean } = {
  scan: () => true,
  advertisement: (fields) => isAdvertisement(fields['advertisement']),
  connect: () => true,
  connected: () => true,
  disconnect: (fields) => isOneOf(DISCONNECT_REASONS, fields['reason']),
  pair: () => true,
  paired: (fields) => isOneOf(['bonded', 'refused'], fields['outcome']),
  encryption: (fields) => isSecurityLevel(fields['level']),
}

function isAirMessage(value: unknown): value is AirMessage {
  if (!isFields(value)) return false
  const { kind } = value
  return typeof kind === 'string' && isKind(kind) && SHAPES[kind](value)
}

function isKind(kind: string): kind is AirMessage['kind'] {
  return Object.hasOwn(SHAPES, kind)
}

function isAdvertisement(value: unknown): value is Advertisement {
  if (!isFields(value)) return false
  const { address, addressType, name, rssiDbm, services, appearance } = value
  return (
    typeof address === 'string' &&
    airSocketName(address) !== undefined &&
    isOneOf(['public', 'random'], addressType) &&
    typeof name === 'string' &&
    Number.isFinite(rssiDbm) &&
    Array.isArray(services) &&
    services.every((service) => typeof service === 'string') &&
    (appearance === undefined || Number.isInteger(appearance))
  )
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isOneOf(words: readonly string[], value: unknown): boolean {
  return typeof value === 'string' && words.includes(value)
}
