/** Who a certificate speaks for: one SPIFFE URI, `spiffe://<site>/<role>/<id>`. The CN is for display only. */

import { LEAF_ROLES, type LeafRole } from './profile.ts'

export interface Identity {
  readonly site: string
  readonly role: LeafRole
  readonly id: string
}

const ID = /^[a-z0-9-]{1,32}$/
// A SPIFFE trust domain without the underscore, so that it also is a host name; 63 fits the organization name (ub 64).
const SITE = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/
const SCHEME = 'spiffe://'

export function isIdentityId(text: string): boolean {
  return ID.test(text)
}

export function isSite(text: string): boolean {
  return SITE.test(text)
}

export function isLeafRole(text: string): text is LeafRole {
  return LEAF_ROLES.some((role) => role === text)
}

export function identityUri(identity: Identity): string {
  return `${SCHEME}${identity.site}/${identity.role}/${identity.id}`
}

/** The identity, or undefined for anything that identityUri would not have written, letter for letter. */
export function parseIdentityUri(text: string): Identity | undefined {
  if (!text.startsWith(SCHEME)) return undefined
  const [site, role, id, ...rest] = text.slice(SCHEME.length).split('/')
  if (site === undefined || role === undefined || id === undefined || rest.length > 0) return undefined
  if (!isSite(site) || !isLeafRole(role) || !isIdentityId(id)) return undefined
  return { site, role, id }
}

/**
 * The identity in the `subjectAltName` text of a node:crypto X509Certificate, or undefined unless there is exactly one.
 * X.509-SVID section 2: a certificate with more than one URI is rejected.
 */
export function identityOfAltNames(subjectAltName: string | undefined): Identity | undefined {
  // Node quotes a name that holds a separator; a certificate of ours never needs quoting.
  if (subjectAltName === undefined || subjectAltName.includes('"')) return undefined
  const uris = subjectAltName.split(', ').filter((name) => name.startsWith('URI:'))
  const [uri] = uris
  return uri === undefined || uris.length > 1 ? undefined : parseIdentityUri(uri.slice('URI:'.length))
}
