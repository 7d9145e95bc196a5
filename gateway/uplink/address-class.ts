/**
 * What kind of network an address belongs to, after the IANA special-purpose address registries (RFC 6890).
 * Only strict text is an address: what inet_aton would read as octal, hexadecimal or short is invalid here.
 */

import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

export type AddressKind =
  | 'loopback'
  | 'private'
  | 'link-local'
  | 'cgnat'
  | 'multicast'
  | 'broadcast'
  | 'documentation'
  | 'benchmark'
  | 'unspecified'
  | 'reserved'
  | 'public'
  | 'invalid'

/** An IPv6 form that carries an IPv4 address: where its packets really go is decided by someone else's translator. */
type Embedding = 'mapped' | 'compatible' | 'translated' | 'nat64' | '6to4' | 'teredo'

export interface AddressClass {
  readonly kind: AddressKind
  /** Present when `kind` is that of an embedded IPv4 address, which `carries` names. */
  readonly embedding?: Embedding
  readonly carries?: string
}

type Address = ipaddr.IPv4 | ipaddr.IPv6
/** The address a CIDR starts at, and how many leading bits count. */
export type Range = readonly [Address, number]

// First match wins: the narrower range stands before the wider one that holds it.
const IPV4_KINDS = table([
  ['unspecified', '0.0.0.0/32'],
  ['reserved', '0.0.0.0/8'], // RFC 791 "this network"
  ['private', '10.0.0.0/8'], // RFC 1918
  ['cgnat', '100.64.0.0/10'], // RFC 6598
  ['loopback', '127.0.0.0/8'],
  ['link-local', '169.254.0.0/16'], // RFC 3927
  ['private', '172.16.0.0/12'], // RFC 1918
  ['documentation', '192.0.2.0/24'], // RFC 5737
  ['reserved', '192.0.0.0/24'], // RFC 6890 protocol assignments
  ['reserved', '192.31.196.0/24'], // RFC 7535 AS112
  ['reserved', '192.52.193.0/24'], // RFC 7450 AMT
  ['reserved', '192.88.99.0/24'], // RFC 7526 former 6to4 relays
  ['private', '192.168.0.0/16'], // RFC 1918
  ['reserved', '192.175.48.0/24'], // RFC 7534 AS112
  ['benchmark', '198.18.0.0/15'], // RFC 2544
  ['documentation', '198.51.100.0/24'], // RFC 5737
  ['documentation', '203.0.113.0/24'], // RFC 5737
  ['multicast', '224.0.0.0/4'], // RFC 5771
  ['broadcast', '255.255.255.255/32'],
  ['reserved', '240.0.0.0/4'], // RFC 1112
])

const IPV6_KINDS = table([
  ['unspecified', '::/128'],
  ['loopback', '::1/128'],
  ['private', 'fc00::/7'], // RFC 4193
  ['link-local', 'fe80::/10'],
  ['multicast', 'ff00::/8'],
  ['benchmark', '2001:2::/48'], // RFC 5180
  ['reserved', '2001::/23'], // RFC 2928 protocol assignments
  ['documentation', '2001:db8::/32'], // RFC 3849
  ['documentation', '3fff::/20'], // RFC 9637
  ['reserved', '2620:4f:8000::/48'], // RFC 7534 AS112
  ['public', '2000::/3'], // RFC 4291: the only part given out as global unicast
])

// `skipBits` is where the IPv4 address starts; Teredo (RFC 4380) stores it inverted.
const EMBEDDINGS: readonly {
  readonly embedding: Embedding
  readonly range: Range
  readonly skipBits: number
  readonly isInverted: boolean
}[] = [
  { embedding: 'mapped', range: parseCidr('::ffff:0:0/96'), skipBits: 96, isInverted: false }, // RFC 4291
  { embedding: 'translated', range: parseCidr('::ffff:0:0:0/96'), skipBits: 96, isInverted: false }, // RFC 7915
  { embedding: 'nat64', range: parseCidr('64:ff9b::/96'), skipBits: 96, isInverted: false }, // RFC 6052
  { embedding: 'nat64', range: parseCidr('64:ff9b:1::/48'), skipBits: 96, isInverted: false }, // RFC 8215
  { embedding: '6to4', range: parseCidr('2002::/16'), skipBits: 16, isInverted: false }, // RFC 3056
  { embedding: 'teredo', range: parseCidr('2001::/32'), skipBits: 96, isInverted: true }, // RFC 4380
  { embedding: 'compatible', range: parseCidr('::/96'), skipBits: 96, isInverted: false }, // RFC 4291, deprecated
]

const INVALID: AddressClass = { kind: 'invalid' }

export function classifyAddress(text: string): AddressClass {
  const address = parseAddress(text)
  if (address === undefined) return INVALID
  if (address instanceof ipaddr.IPv4) return { kind: kindOf(address, IPV4_KINDS, 'public') }
  const kind = kindOf(address, IPV6_KINDS, 'reserved')
  // A zone names an interface and means something on a link-local address alone (RFC 4007).
  if (text.includes('%')) return kind === 'link-local' ? { kind } : INVALID
  if (kind === 'unspecified' || kind === 'loopback') return { kind }
  const row = EMBEDDINGS.find(({ range }) => isInside(address, range))
  if (row === undefined) return { kind }
  const inner = address.toByteArray().slice(row.skipBits / 8, row.skipBits / 8 + 4)
  const carried = new ipaddr.IPv4(row.isInverted ? inner.map((octet) => octet ^ 0xff) : inner)
  return {
    kind: kindOf(carried, IPV4_KINDS, 'public'),
    embedding: row.embedding,
    carries: carried.toString(),
  }
}

/** The address that strict text means, or undefined. */
export function parseAddress(text: string): Address | undefined {
  const version = isIP(text)
  const spelled = version === 6 ? withoutDots(text) : text
  return version === 0 || !ipaddr.isValid(spelled) ? undefined : ipaddr.parse(spelled)
}

// ipaddr.js reads ::10.0.0.1 as ::ffff:10.0.0.1, which is another address; in hexadecimal it reads it right.
function withoutDots(text: string): string {
  return text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)/, (_all, ...octets: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = octets.slice(0, 4).map(Number)
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  })
}

/** Whether two texts name the same address; IPv6 has many spellings of one. */
export function isSameAddress(one: string, other: string): boolean {
  const [a, b] = [parseAddress(one), parseAddress(other)]
  return a !== undefined && b !== undefined && a.toString() === b.toString()
}

export function isInside(address: Address, [base, bits]: Range): boolean {
  return address.kind() === base.kind() && address.match(base, bits)
}

function kindOf(
  address: Address,
  kinds: readonly (readonly [AddressKind, Range])[],
  otherwise: AddressKind,
): AddressKind {
  return kinds.find(([, range]) => isInside(address, range))?.[0] ?? otherwise
}

function table(
  rows: readonly (readonly [AddressKind, string])[],
): readonly (readonly [AddressKind, Range])[] {
  return rows.map(([kind, cidr]) => [kind, parseCidr(cidr)] as const)
}

function parseCidr(cidr: string): Range {
  return ipaddr.parseCIDR(cidr)
}
