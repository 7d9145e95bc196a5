/** What a person carries from the gateway to a device: its code, its end, whom to trust, and the next command. */

import { X509Certificate } from 'node:crypto'
import { openEnrolment, type Invitation } from '../certs/enrolment.ts'
import type { Approval } from '../certs/enrolment-file.ts'
import { CertificateError } from '../certs/errors.ts'
import { isNameTaken, readCertificate, readText } from '../certs/guarded-file.ts'
import { pemBlocks } from '../certs/pem.ts'
import type { ClientRole } from '../certs/profile.ts'
import { openStore } from '../certs/store.ts'
import { certificatePath, layoutOfState, SERVER_ID, type StoreLayout } from '../certs/store-layout.ts'
import { toInstant } from '../gateway/contract/instant.ts'

export interface InviteOptions {
  readonly stateDir: string
  readonly role: ClientRole
  readonly id: string
  readonly approval?: Approval | undefined
  readonly lifeMs?: number | undefined
  readonly nowMs: number
}

/** As JSON prints it. */
export interface ShownInvitation extends Pick<Invitation, 'role' | 'id' | 'code' | 'approval'> {
  readonly expiresAt: string
  /** SHA-256 of the root CA, lower-case hexadecimal. */
  readonly caFingerprint: string
  /** For the device, where wardgate runs on it. */
  readonly command: string
}

const WEB_PORT = 8443
const LOOPBACK = /^(?:localhost|127\.|::1$)/

export function hasStore(stateDir: string): boolean {
  return isNameTaken(layoutOfState(stateDir).index)
}

/** Until when the identity has a certificate already, or undefined. */
export function certifiedUntil({ stateDir, role, id, nowMs }: InviteOptions): string | undefined {
  return openStore(stateDir)
    .list(nowMs)
    .find((row) => row.role === role && row.id === id && ['valid', 'not-yet-valid'].includes(row.status))
    ?.notAfter
}

export function invite(options: InviteOptions): ShownInvitation {
  const { stateDir, role, id } = options
  const layout = layoutOfState(stateDir)
  const caFingerprint = rootFingerprint(layout)
  const { code, approval, expiresAtMs } = openEnrolment(stateDir).invite(options)
  const command = `wardgate certs enroll ${role} ${id} --gateway ${gatewayUrl(layout)} --ca-fingerprint ${caFingerprint}`
  return { role, id, code, approval, expiresAt: toInstant(expiresAtMs), caFingerprint, command }
}

export function invitationText({ role, id, code, approval, expiresAt, command }: ShownInvitation): string {
  const approve =
    approval === 'operator'
      ? `it then waits until somebody here compares its key and says: wardgate certs approve ${role}/${id}\n`
      : ''
  return (
    `code for ${role} '${id}', once, until ${expiresAt}: ${code}\n` +
    `on its own machine, which asks for the code: ${command}\n${approve}`
  )
}

/** Of the root above the server's own certificate: during a roll-over that is not yet the newest one. */
function rootFingerprint(layout: StoreLayout): string {
  const [, issuing] = certificatesIn(readText(certificatePath(layout, 'server', SERVER_ID), 'certificate'))
  const root = certificatesIn(readText(layout.trust, 'trust file')).find(
    (each) => each.checkIssued(each) && issuing?.verify(each.publicKey) === true,
  )
  if (root === undefined)
    throw new CertificateError(
      `${layout.trust} does not hold the root of the server certificate: restore both from the same backup`,
      {
        path: layout.trust,
      },
    )
  return root.fingerprint256.replaceAll(':', '').toLowerCase()
}

function certificatesIn(pem: string): readonly X509Certificate[] {
  return pemBlocks(pem).map((block) => new X509Certificate(block.pem))
}

/** The name under which the gateway is most likely reached from elsewhere. */
function gatewayUrl(layout: StoreLayout): string {
  const { subjectAltName } = readCertificate(certificatePath(layout, 'server', SERVER_ID))
  const names = (subjectAltName ?? '').split(', ')
  const valuesOf = (prefix: string): readonly string[] =>
    names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
  const hosts = [...valuesOf('DNS:'), ...valuesOf('IP Address:')]
  const host = hosts.find((name) => !LOOPBACK.test(name) && !name.startsWith('0:')) ?? 'localhost'
  return `https://${host.includes(':') ? `[${host.toLowerCase()}]` : host}:${WEB_PORT}`
}
