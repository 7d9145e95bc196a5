/** The names a server answers to: DNS names (RFC 1123) and IP addresses, as a SAN carries them. */

import { isIP, isIPv4 } from 'node:net'

import { CertificateError } from './errors.ts'

export type HostName =
  | { readonly kind: 'dns'; readonly name: string }
  | { readonly kind: 'ip'; readonly name: string }
  | { readonly kind: 'refused'; readonly reason: string }

const DNS_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
// A name that ends in a number is an address to some resolvers and a name to others.
const ENDS_NUMERIC = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/

export function readHostName(text: string): HostName {
  const name = text.toLowerCase()
  if (isIP(name) !== 0) {
    if (name.includes('%')) return refused('has a zone: a certificate names the address without %...')
    if (addressBytes(name).every((byte) => byte === 0))
      return refused('means every address: give the one that clients dial')
    return { kind: 'ip', name }
  }
  if (name.includes('*')) return refused('is a wildcard: give every name in full')
  if (!DNS_NAME.test(name)) return refused('is neither a DNS name nor an IP address')
  if (ENDS_NUMERIC.test(name)) return refused('ends in a number but is not an IP address')
  return { kind: 'dns', name }
}

/** All names, each once and by kind; refuses the whole for one that cannot be in a certificate. */
export function readHostNames(texts: readonly string[]): {
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
} {
  const names = texts.map((text) => {
    const name = readHostName(text)
    if (name.kind === 'refused')
      throw new CertificateError(`'${text}' cannot be a server name: it ${name.reason}`, { name: text })
    return name
  })
  const ofKind = (kind: 'dns' | 'ip'): readonly string[] => [
    ...new Set(names.filter((name) => name.kind === kind).map(({ name }) => name)),
  ]
  return { dnsNames: ofKind('dns'), ipAddresses: ofKind('ip') }
}

/** The 4 or 16 bytes of an address that readHostName took. */
export function addressBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split('.'), Number)
  // The URL parser writes IPv6 in hexadecimal groups only, also where IPv4 was embedded.
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::')
  const before = groupsOf(head)
  const after = groupsOf(tail ?? '')
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0)
  return Uint8Array.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]))
}

function groupsOf(text: string): readonly number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
}

function refused(reason: string): HostName {
  return { kind: 'refused', reason }
}
