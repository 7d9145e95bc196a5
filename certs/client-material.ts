/** What one identity proves itself with: its key, its chain and whom it trusts, read from `<state>/certs`. No authority is needed. */

import { CertificateError } from './errors.ts'
import { isNameTaken, readText, refuseForeignDirectory } from './guarded-file.ts'
import { identityOfAltNames, isIdentityId } from './identity-uri.ts'
import { nextKeyPath, readPair } from './pair-files.ts'
import type { LeafRole } from './profile.ts'
import { certificatePath, keyPath, roleDirectory, type StoreLayout } from './store-layout.ts'

export interface ClientMaterial {
  readonly key: string
  readonly cert: string
  readonly ca: string
  readonly paths: { readonly key: string; readonly cert: string; readonly ca: string }
}

export function readMaterial(layout: StoreLayout, role: LeafRole, id: string): ClientMaterial {
  if (!isIdentityId(id)) throw new CertificateError(`'${id}' cannot be an id`, { role, id })
  const directory = roleDirectory(layout, role)
  const paths = {
    key: keyPath(layout, role, id),
    cert: certificatePath(layout, role, id),
    ca: layout.trust,
  }
  const absent = `there is no certificate for ${role} '${id}' in ${layout.directory}: make one with \`wardgate certs issue ${role} ${id} --state ${layout.stateDir}\``
  if (!isNameTaken(paths.cert)) throw new CertificateError(absent, { role, id, path: paths.cert })
  refuseForeignDirectory(directory, absent)
  const pairPaths = { key: paths.key, certificate: paths.cert }
  if (!isNameTaken(paths.key) && !isNameTaken(nextKeyPath(pairPaths)))
    throw new CertificateError(
      `there is no private key ${paths.key}: a device that brought its own key keeps it; otherwise restore it from the backup`,
      { role, id, path: paths.key },
    )
  const { key, certificate, text } = readPair(pairPaths)
  const identity = identityOfAltNames(certificate.subjectAltName)
  if (identity?.role !== role || identity.id !== id)
    throw new CertificateError(
      `the certificate ${paths.cert} speaks for ${identity?.role ?? 'nobody'} '${identity?.id ?? ''}', not for ${role} '${id}': restore it from the backup`,
      { role, id, path: paths.cert },
    )
  return {
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: text,
    ca: readText(paths.ca, 'trust file'),
    paths,
  }
}
