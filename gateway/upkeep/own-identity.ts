/** The identities that a process logs in with: read anew at every connect, so that the newest certificate is used. */

import { X509Certificate } from 'node:crypto'
import { readMaterial, type ClientMaterial } from '../../certs/client-material.ts'
import { CertificateError } from '../../certs/errors.ts'
import type { ClientRole } from '../../certs/profile.ts'
import type { StoreLayout } from '../../certs/store-layout.ts'

export interface OwnIdentity {
  readonly role: ClientRole
  readonly id: string
  /** Where its next certificate is asked for when there is no store here. */
  readonly renewAt?: string | undefined
}

/** Throws CertificateError when there is none, when it is damaged, and when it has ended: nobody would admit it. */
export function liveMaterial(
  layout: StoreLayout,
  { role, id }: Pick<OwnIdentity, 'role' | 'id'>,
  nowMs: number,
): ClientMaterial {
  const material = readMaterial(layout, role, id)
  const { validTo } = new X509Certificate(material.cert)
  if (nowMs <= Date.parse(validTo)) return material
  throw new CertificateError(endedAdvice(layout, role, id, validTo), { role, id, notAfter: validTo })
}

function endedAdvice(
  { stateDir, directory }: StoreLayout,
  role: string,
  id: string,
  validTo: string,
): string {
  return (
    `the certificate of ${role} '${id}' in ${directory} ended ${new Date(validTo).toISOString()} and no gateway admits it. ` +
    `Check the clock of this machine. If it is right, ask for a new code (\`wardgate devices add\` on the gateway), then run ` +
    `\`wardgate certs enroll ${role} ${id} --state ${stateDir}\` here`
  )
}
