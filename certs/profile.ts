/** What a certificate of each role may be. A row is the whole truth about a role; nothing is issued outside a row. */

export type CaRole = 'root-ca' | 'issuing-ca'
export const CLIENT_ROLES = ['device', 'bedside', 'consumer', 'operator', 'uplink'] as const
export type ClientRole = (typeof CLIENT_ROLES)[number]
export const LEAF_ROLES = ['server', ...CLIENT_ROLES] as const
export type LeafRole = (typeof LEAF_ROLES)[number]
export type Role = CaRole | LeafRole

export type KeyUsage = 'digitalSignature' | 'keyCertSign' | 'cRLSign'
export type ExtendedKeyUsage = 'serverAuth' | 'clientAuth'
export type KeyKind = 'ec-p256' | 'ec-p384' | 'rsa'

export interface CertificateProfile {
  readonly role: Role
  readonly issuedBy: CaRole
  readonly validityDays: number
  readonly longestDays: number
  readonly isCa: boolean
  readonly pathLength?: number
  readonly keyUsage: readonly KeyUsage[]
  readonly extendedKeyUsage: readonly ExtendedKeyUsage[]
  /** `identity`: exactly one SPIFFE URI. `identity-and-hosts`: that and the names clients dial. */
  readonly names: 'none' | 'identity' | 'identity-and-hosts'
  readonly keys: readonly KeyKind[]
}

const OWN_KEYS: readonly KeyKind[] = ['ec-p256']
const BROUGHT_KEYS: readonly KeyKind[] = ['ec-p256', 'ec-p384', 'rsa']

function clientProfile(
  role: ClientRole,
  validityDays: number,
  longestDays: number,
): CertificateProfile & { readonly role: ClientRole } {
  return {
    role,
    issuedBy: 'issuing-ca',
    validityDays,
    longestDays,
    isCa: false,
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: ['clientAuth'],
    names: 'identity',
    keys: BROUGHT_KEYS,
  }
}

export const PROFILES: Readonly<Record<Role, CertificateProfile>> = {
  'root-ca': {
    role: 'root-ca',
    issuedBy: 'root-ca',
    validityDays: 7300,
    longestDays: 7300,
    isCa: true,
    pathLength: 1,
    keyUsage: ['keyCertSign', 'cRLSign'],
    extendedKeyUsage: [],
    names: 'none',
    keys: OWN_KEYS,
  },
  'issuing-ca': {
    role: 'issuing-ca',
    issuedBy: 'root-ca',
    validityDays: 3650,
    longestDays: 3650,
    isCa: true,
    pathLength: 0,
    keyUsage: ['keyCertSign', 'cRLSign'],
    // Bounds what the key can be abused for: it vouches for TLS peers and for nothing else.
    extendedKeyUsage: ['serverAuth', 'clientAuth'],
    names: 'none',
    keys: OWN_KEYS,
  },
  server: {
    role: 'server',
    issuedBy: 'issuing-ca',
    validityDays: 397,
    longestDays: 825,
    isCa: false,
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: ['serverAuth'],
    names: 'identity-and-hosts',
    keys: BROUGHT_KEYS,
  },
  device: clientProfile('device', 397, 825),
  bedside: clientProfile('bedside', 397, 825),
  consumer: clientProfile('consumer', 397, 825),
  operator: clientProfile('operator', 180, 397),
  uplink: clientProfile('uplink', 397, 825),
}
