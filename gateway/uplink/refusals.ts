/** Every reason for which the guard says no, as a stable word; docs/uplink-refusals.md explains each. */

import type { AddressKind } from './address-class.ts'

export const UPLINK_REFUSALS = [
  'verification-off',
  'invalid-url',
  'plaintext-scheme',
  'unsupported-scheme',
  'credentials-in-url',
  'ambiguous-address',
  'invalid-range',
  'no-address',
  'public-address',
  'link-local-address',
  'cgnat-address',
  'multicast-address',
  'broadcast-address',
  'documentation-address',
  'benchmark-address',
  'unspecified-address',
  'reserved-address',
  'invalid-address',
  'embedded-address',
  'outside-allowed-ranges',
  'mixed-addresses',
  'peer-changed',
] as const
export type UplinkRefusal = (typeof UPLINK_REFUSALS)[number]

/** The kinds of address that no configuration can allow. */
export const REFUSED_KINDS: Readonly<Record<Exclude<AddressKind, 'private' | 'loopback'>, UplinkRefusal>> = {
  public: 'public-address',
  'link-local': 'link-local-address',
  cgnat: 'cgnat-address',
  multicast: 'multicast-address',
  broadcast: 'broadcast-address',
  documentation: 'documentation-address',
  benchmark: 'benchmark-address',
  unspecified: 'unspecified-address',
  reserved: 'reserved-address',
  invalid: 'invalid-address',
}

/** A URL as it may be shown: without anything before '@' or after '?', and no longer than a log line bears. */
export function showUrl(url: string): string {
  return url
    .replace(/[?#].*$/s, '')
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1[redacted]@')
    .slice(0, LONGEST_SHOWN)
}

const LONGEST_SHOWN = 200
