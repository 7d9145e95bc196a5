/** Judges a planned certificate against its profile before it is signed. Pure: findings out, nothing done. */

import { isIdentityId, isSite, parseIdentityUri } from './identity-uri.ts'
import { readHostName } from './host-name.ts'
import { BACKDATE_MS, SERIAL_BYTES, type CertificatePlan, type Validity } from './plan.ts'
import { PROFILES, type CaRole, type CertificateProfile } from './profile.ts'
import { whyKeyUnfit } from './public-key.ts'

export interface Finding {
  readonly rule: string
  readonly message: string
}

export interface LintContext {
  readonly issuer: Validity & { readonly role: CaRole }
  readonly nowMs: number
}

type Rule = (
  plan: CertificatePlan,
  profile: CertificateProfile,
  context: LintContext,
) => string | false | undefined

const DAY_MS = 86_400_000
// 16 honest random bytes have fewer different values about once in 10^11 times; a counter or a constant always has.
const FEWEST_DISTINCT_SERIAL_BYTES = 7

const RULES: Readonly<Record<string, Rule>> = {
  site: ({ site }) => !isSite(site) && `the site '${site}' is not a trust domain: [a-z0-9.-], at most 63`,

  issuer: (_plan, profile, { issuer }) =>
    issuer.role !== profile.issuedBy &&
    `${profile.role} is issued by the ${profile.issuedBy}, not by the ${issuer.role}`,

  key(plan, profile) {
    const reason = whyKeyUnfit(plan.publicKey, profile.keys)
    return (
      reason !== undefined &&
      `the public key does not fit a ${profile.role} certificate: ${reason}; bring ${profile.keys.join(', ')} (RSA from 2048 bits)`
    )
  },

  'common-name': ({ commonName, isCa }) =>
    (isCa ? commonName.length === 0 || commonName.length > 64 : !isIdentityId(commonName)) &&
    `the id '${commonName}' is not [a-z0-9-], 1 to 32 characters`,

  'identity-uri'(plan, profile) {
    if (profile.names === 'none') return plan.uris.length > 0 && 'a CA carries no identity URI'
    const [uri] = plan.uris
    if (uri === undefined || plan.uris.length > 1)
      return `exactly one identity URI is required, found ${plan.uris.length}`
    const identity = parseIdentityUri(uri)
    const fits =
      identity?.site === plan.site && identity.role === plan.role && identity.id === plan.commonName
    return !fits && `the identity URI '${uri}' is not spiffe://${plan.site}/${plan.role}/${plan.commonName}`
  },

  'host-names'(plan, profile) {
    const names = [...plan.dnsNames, ...plan.ipAddresses]
    if (profile.names !== 'identity-and-hosts')
      return names.length > 0 && `a ${profile.role} certificate carries no host name (${names.join(', ')})`
    if (names.length === 0) return 'a server certificate needs at least one DNS name or IP address'
    if (new Set(names).size < names.length) return 'a host name is given twice'
    const dnsOnly = plan.dnsNames.every((name) => readHostName(name).kind === 'dns')
    const ipOnly = plan.ipAddresses.every((name) => readHostName(name).kind === 'ip')
    return !(dnsOnly && ipOnly) && `not all of ${names.join(', ')} are DNS names and IP addresses`
  },

  'crl-address'(plan, profile) {
    if (profile.names !== 'identity-and-hosts')
      return plan.crlHost !== undefined && `a ${profile.role} certificate names no server of lists`
    const isOwn = [...plan.dnsNames, ...plan.ipAddresses].some((name) => name === plan.crlHost)
    return !isOwn && `the list is served under '${plan.crlHost}', which is no name of the server`
  },

  'key-usage': (plan, profile) =>
    !sameWords(plan.keyUsage, profile.keyUsage) && `key usage must be ${profile.keyUsage.join(', ')}`,

  'extended-key-usage': (plan, profile) =>
    !sameWords(plan.extendedKeyUsage, profile.extendedKeyUsage) &&
    `extended key usage must be ${profile.extendedKeyUsage.join(', ') || 'absent'}`,

  'basic-constraints': (plan, profile) =>
    (plan.isCa !== profile.isCa || plan.pathLength !== profile.pathLength) &&
    `basic constraints must be CA=${profile.isCa}, path length ${profile.pathLength ?? 'absent'}`,

  serial(plan) {
    const [first = 0] = plan.serial
    if (plan.serial.length !== SERIAL_BYTES || first > 0x7f || first === 0)
      return `the serial must be a positive number of ${SERIAL_BYTES} bytes`
    return new Set(plan.serial).size < FEWEST_DISTINCT_SERIAL_BYTES && 'the serial is not random'
  },

  validity(plan, profile, { issuer, nowMs }) {
    const { notBeforeMs, notAfterMs } = plan
    if (![notBeforeMs, notAfterMs].every((atMs) => Number.isSafeInteger(atMs) && atMs % 1000 === 0))
      return 'notBefore and notAfter must be whole seconds'
    if (notBeforeMs > nowMs) return 'it would begin in the future: the clock is behind the CA certificate'
    if (notAfterMs <= nowMs) return 'it would have ended already: ask for more days or renew the CA'
    if (notBeforeMs < issuer.notBeforeMs || notAfterMs > issuer.notAfterMs)
      return "its validity is not within the issuer's"
    return (
      notAfterMs - notBeforeMs > profile.longestDays * DAY_MS + BACKDATE_MS &&
      `a ${profile.role} certificate lasts at most ${profile.longestDays} days`
    )
  },
}

export function lintPlan(plan: CertificatePlan, context: LintContext): readonly Finding[] {
  const profile = PROFILES[plan.role]
  return Object.entries(RULES).flatMap(([rule, check]) => {
    const message = check(plan, profile, context)
    return message === false || message === undefined ? [] : [{ rule, message }]
  })
}

function sameWords(found: readonly string[], expected: readonly string[]): boolean {
  return found.length === expected.length && expected.every((word) => found.includes(word))
}
