/** Who a certificate says its holder is: one identity URI, and a common name that says the same. */

import type { X509Certificate } from 'node:crypto'
import { identityOfAltNames } from '../../certs/identity-uri.ts'
import { CLIENT_ROLES } from '../../certs/profile.ts'
import type { ClientRole } from '../ports.ts'

export type NameFault =
  | 'no-identity-uri'
  | 'several-uris'
  | 'other-site'
  | 'not-a-client-role'
  | 'several-common-names'
  | 'common-name-differs'

export type NameFinding =
  | { readonly kind: 'named'; readonly role: ClientRole; readonly id: string }
  | { readonly kind: 'refused'; readonly reason: NameFault }

export function namesOf(
  certificate: Pick<X509Certificate, 'subjectAltName' | 'subject'>,
  site: string,
): NameFinding {
  const { subjectAltName, subject } = certificate
  // X.509-SVID 2: exactly one URI.
  const parsed = identityOfAltNames(subjectAltName)
  if (parsed === undefined) return refused(countUris(subjectAltName) > 1 ? 'several-uris' : 'no-identity-uri')
  if (parsed.site !== site) return refused('other-site')
  const role = CLIENT_ROLES.find((candidate) => candidate === parsed.role)
  if (role === undefined) return refused('not-a-client-role')
  // The name decides nothing, but other programs read it: it must not say another thing than the URI.
  const commonNames = (subject ?? '').split('\n').filter((line) => /(^|\+ )CN=/.test(line))
  if (commonNames.length > 1) return refused('several-common-names')
  if (commonNames[0] !== `CN=${parsed.id}`) return refused('common-name-differs')
  return { kind: 'named', role, id: parsed.id }
}

function countUris(subjectAltName: string | undefined): number {
  return (subjectAltName ?? '').split(', ').filter((name) => name.startsWith('URI:')).length
}

function refused(reason: NameFault): NameFinding {
  return { kind: 'refused', reason }
}
