/** The next certificate of an identity whose authority is elsewhere: a new key that stays here, certified over EST. */

import { X509Certificate } from 'node:crypto'
import { newKeyPair } from '../../certs/authority.ts'
import { readMaterial } from '../../certs/client-material.ts'
import { buildCsr } from '../../certs/csr.ts'
import { replaceFile } from '../../certs/durable-file.ts'
import { CertificateError } from '../../certs/errors.ts'
import { readText } from '../../certs/guarded-file.ts'
import { identityOfAltNames } from '../../certs/identity-uri.ts'
import { nextKeyPath, replacePair } from '../../certs/pair-files.ts'
import type { ClientRole } from '../../certs/profile.ts'
import { certificatePath, keyPath, type StoreLayout } from '../../certs/store-layout.ts'
import { withStoreLock } from '../../certs/store-lock.ts'
import type { Clock } from '../clock.ts'
import { caCertificates, reenroll } from '../uplink/est-client.ts'
import type { UpkeepDone } from './upkeep.ts'

export interface EnrolmentRenewal {
  readonly layout: StoreLayout
  readonly role: ClientRole
  readonly id: string
  readonly url: string
  readonly clock: Clock
  readonly signal: AbortSignal
}

export async function renewByEnrolment(renewal: EnrolmentRenewal): Promise<UpkeepDone> {
  const { layout, role, id, url, clock, signal } = renewal
  const material = readMaterial(layout, role, id)
  const present = new X509Certificate(material.cert)
  const identity = identityOfAltNames(present.subjectAltName)
  if (identity === undefined)
    throw new CertificateError(`the certificate ${material.paths.cert} names nobody`, { role, id })
  const { publicKey, privateKey } = newKeyPair()
  const csrDer = buildCsr({ ...identity, publicKey, privateKey })
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const paths = { key: keyPath(layout, role, id), certificate: certificatePath(layout, role, id) }
  // Nothing is asked for that could not be kept: a full disk must not use up certificates.
  withStoreLock(layout.lock, () => replaceFile(nextKeyPath(paths), keyPem))
  const { certificate, chainPem, authorities } = await reenroll({ url, material, csrDer, clock, signal })
  if (!(Date.parse(certificate.validTo) > Date.parse(present.validTo)))
    throw new CertificateError(
      `${url} offers a certificate that ends ${certificate.validTo}, no later than the present one; look at \`wardgate certs forecast\` on the gateway`,
      { role, id },
    )
  withStoreLock(layout.lock, () => {
    keepTrust(layout, authorities.pem)
    replacePair(paths, { keyPem, certificatePem: chainPem })
  })
  return {
    serial: certificate.serialNumber,
    notAfter: new Date(certificate.validTo).toISOString(),
    from: url,
  }
}

/** Takes over whom the gateway trusts now, so that a new root is known here before anything depends on it. */
export async function refreshTrust(renewal: EnrolmentRenewal): Promise<UpkeepDone> {
  const { layout, role, id, url, clock, signal } = renewal
  const authorities = await caCertificates({ url, clock, signal }, readMaterial(layout, role, id))
  const isNew = withStoreLock(layout.lock, () => keepTrust(layout, authorities.pem))
  return isNew ? { from: url } : undefined
}

/** True when the file was written. The far end has proved itself by what was trusted before. */
function keepTrust(layout: StoreLayout, pem: string): boolean {
  if (readText(layout.trust, 'trust file') === pem) return false
  replaceFile(layout.trust, pem)
  return true
}
