/**
 * May a connection leave for this URL? Pure: everything it judges is an argument, and it does nothing but answer.
 * Closed by default: what is not proved private is refused. Proxies named in the environment have no say here,
 * because nothing between this decision and the socket reads them.
 */

import { classifyAddress, isInside, parseAddress, type Range } from './address-class.ts'
import { PRIVATE_RANGES, readAllowedRange } from './allowed-ranges.ts'
import { REFUSED_KINDS, type UplinkRefusal } from './refusals.ts'
import { readUplinkUrl, type UplinkScheme, type UplinkTarget } from './uplink-url.ts'

export type Refused = { readonly allowed: false; readonly reason: UplinkRefusal; readonly detail: string }

export interface UrlQuestion {
  readonly url: string
  /** The protocol the caller speaks; MQTT when absent. */
  readonly scheme?: UplinkScheme | undefined
  /** Networks the configuration allows, as CIDRs; RFC 1918, ULA and loopback when absent. */
  readonly allowedRanges?: readonly string[] | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
}

export type UrlDecision = { readonly allowed: true; readonly target: UplinkTarget } | Refused

export interface UplinkQuestion extends UrlQuestion {
  /** What the host resolved to; not looked at when the host is itself an address. */
  readonly addresses: readonly string[]
}

export type UplinkDecision =
  | {
      readonly allowed: true
      readonly host: string
      readonly port: number
      /** Every one of them is allowed; in the order of the resolver, at least one. */
      readonly addresses: readonly [string, ...string[]]
    }
  | Refused

/** What can be said before a name is resolved: so a refused URL costs not even a DNS query. */
export function decideUrl({ url, scheme, allowedRanges, environment }: UrlQuestion): UrlDecision {
  if (environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0')
    return refuse('verification-off', 'NODE_TLS_REJECT_UNAUTHORIZED=0 is set; remove it from the environment')
  const reading = readUplinkUrl(url, scheme)
  if (!reading.allowed) return reading
  const ranges = readRanges(allowedRanges)
  if (!ranges.allowed) return ranges
  const refusal = reading.target.isAddress ? refuseAddress(reading.target.host, ranges.ranges) : undefined
  return refusal ?? { allowed: true, target: reading.target }
}

/** The whole decision. Every address has to pass: one bad answer among good ones is an attack or a fault. */
export function decideUplink(question: UplinkQuestion): UplinkDecision {
  const decision = decideUrl(question)
  if (!decision.allowed) return decision
  const { host, port, isAddress } = decision.target
  if (isAddress) return { allowed: true, host, port, addresses: [host] }
  const [first, ...others] = [...new Set(question.addresses)]
  if (first === undefined) return refuse('no-address', `${host} resolved to no address`)
  const ranges = readRanges(question.allowedRanges)
  if (!ranges.allowed) return ranges
  const refusals = [first, ...others].map((address) => refuseAddress(address, ranges.ranges))
  const refused = refusals.filter((refusal) => refusal !== undefined)
  const [worst] = refused
  if (worst === undefined) return { allowed: true, host, port, addresses: [first, ...others] }
  if (refused.length === refusals.length) return worst
  return refuse(
    'mixed-addresses',
    `${host} resolved to allowed and refused addresses together: ${worst.detail}`,
  )
}

/** Why this address may not be reached, or undefined when it may. */
function refuseAddress(address: string, ranges: readonly Range[]): Refused | undefined {
  const { kind, embedding, carries } = classifyAddress(address)
  if (embedding !== undefined)
    return refuse('embedded-address', `${address} is the ${embedding} form of ${carries ?? ''} (${kind})`)
  if (kind !== 'private' && kind !== 'loopback')
    return refuse(REFUSED_KINDS[kind], `${address} is not in a private network (${kind})`)
  const parsed = parseAddress(address)
  const isAllowed = parsed !== undefined && ranges.some((range) => isInside(parsed, range))
  return isAllowed
    ? undefined
    : refuse('outside-allowed-ranges', `${address} is outside the allowed networks`)
}

function readRanges(
  cidrs: readonly string[] = PRIVATE_RANGES,
): { readonly allowed: true; readonly ranges: readonly Range[] } | Refused {
  const ranges: Range[] = []
  for (const cidr of cidrs) {
    const reading = readAllowedRange(cidr)
    if (!reading.allowed) return refuse('invalid-range', reading.detail)
    ranges.push(reading.range)
  }
  return { allowed: true, ranges }
}

function refuse(reason: UplinkRefusal, detail: string): Refused {
  return { allowed: false, reason, detail }
}
