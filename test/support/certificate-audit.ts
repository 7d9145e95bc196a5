/** Looks at a store as its peers do, by node:crypto alone and by the clock it is given: what would anybody refuse? */

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crlOf } from '../../certs/crl-reading.ts'
import { pemBlocks } from '../../certs/pem.ts'
import type { CertificateStore } from '../../certs/store.ts'

/** The same text is looked at on many days, and reading it is what takes the time. */
const read = new Map<string, readonly X509Certificate[]>()

export function certificatesOf(pem: string): readonly X509Certificate[] {
  const known = read.get(pem)
  if (known !== undefined) return known
  const certificates = pemBlocks(pem).flatMap(({ label, pem: text }) =>
    label === 'CERTIFICATE' ? [new X509Certificate(text)] : [],
  )
  read.set(pem, certificates)
  return certificates
}

/** Why someone who trusts `trustPem` would refuse this chain (leaf first); empty when nobody would. */
export function chainFaults(chainPem: string, trustPem: string, nowMs: number): readonly string[] {
  const trusted = certificatesOf(trustPem)
  const [leaf, ...sent] = certificatesOf(chainPem)
  if (leaf === undefined) return ['there is no certificate']
  const faults: string[] = dateFaults(leaf, nowMs)
  const issuing = [...sent, ...trusted].find((one) => isIssuedBy(leaf, one))
  if (issuing === undefined) return [...faults, 'its issuer is nowhere']
  faults.push(...dateFaults(issuing, nowMs))
  const roots = trusted.filter((one) => isIssuedBy(issuing, one) && isIssuedBy(one, one))
  if (roots.length === 0) return [...faults, 'its root is not trusted']
  if (roots.every((root) => dateFaults(root, nowMs).length > 0)) faults.push('its root has ended')
  return faults
}

/** Why TLS would refuse everyone: an authority that admits clients without one fresh list of its own. */
export function listFaults(store: CertificateStore, nowMs: number): readonly string[] {
  const { ca, crl } = store.serverMaterial()
  return certificatesOf(ca)
    .filter((authority) => nowMs < Date.parse(authority.validTo))
    .flatMap((authority) => {
      const name = authority.subject.split('\n').find((part) => part.startsWith('CN=')) ?? ''
      const own = crl.flatMap((pem) => crlOf(pem, authority) ?? [])
      const [list] = own
      if (own.length !== 1 || list === undefined) return [`${name}: ${own.length} lists`]
      if (nowMs < list.thisUpdateMs) return [`${name}: its list is from the future`]
      return nowMs >= list.nextUpdateMs ? [`${name}: its list has ended`] : []
    })
}

export function chainIn(stateDir: string, role: string, id: string): string {
  return readFileSync(join(stateDir, 'certs', role, `${id}.pem`), 'utf8')
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

function dateFaults(certificate: X509Certificate, nowMs: number): string[] {
  const name = certificate.subject.replaceAll('\n', ' ')
  if (nowMs < Date.parse(certificate.validFrom)) return [`${name} is from the future`]
  return nowMs > Date.parse(certificate.validTo) ? [`${name} has ended`] : []
}
