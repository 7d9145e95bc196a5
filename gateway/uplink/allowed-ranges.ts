/** The networks an uplink may reach. Configuration may narrow or name private ranges; it can never name another. */

import { isIP } from 'node:net'
import { isInside, parseAddress, type Range } from './address-class.ts'

/** RFC 1918, RFC 4193 and loopback: every range that may be allowed lies inside one of these. */
export const PRIVATE_RANGES: readonly string[] = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '127.0.0.0/8',
  'fc00::/7',
  '::1/128',
]

export type AllowedRange =
  { readonly allowed: true; readonly range: Range } | { readonly allowed: false; readonly detail: string }

/** Reads one CIDR, e.g. `10.20.0.0/16`. */
export function readAllowedRange(cidr: string): AllowedRange {
  const range = parseStrictCidr(cidr)
  if (range === undefined)
    return {
      allowed: false,
      detail: `'${cidr}' is not a network; write an address and a prefix length, e.g. 10.20.0.0/16`,
    }
  const [base, bits] = range
  const isPrivate = PRIVATE_RANGES.some((wide) => {
    const outer = parseStrictCidr(wide)
    return outer !== undefined && bits >= outer[1] && isInside(base, outer)
  })
  if (!isPrivate)
    return {
      allowed: false,
      detail: `'${cidr}' is not inside a private network (${PRIVATE_RANGES.join(', ')})`,
    }
  return { allowed: true, range }
}

/** Reads who may call: one address, or a network as above. */
export function readCallers(text: string): AllowedRange {
  const version = isIP(text)
  return readAllowedRange(version === 0 ? text : `${text}/${version === 4 ? 32 : 128}`)
}

function parseStrictCidr(cidr: string): Range | undefined {
  const [address = '', prefix = '', ...rest] = cidr.split('/')
  if (rest.length > 0 || address.includes('%') || !/^(0|[1-9]\d{0,2})$/.test(prefix)) return undefined
  const base = parseAddress(address)
  const bits = Number(prefix)
  if (base === undefined || bits > (isIP(address) === 4 ? 32 : 128)) return undefined
  return [base, bits]
}
