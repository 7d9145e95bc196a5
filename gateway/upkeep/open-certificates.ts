/** What a process of this configuration proves itself with: with the store of its state directory, or, on a box, without one. */

import { CertificateError } from '../../certs/errors.ts'
import { isNameTaken } from '../../certs/guarded-file.ts'
import { openStore } from '../../certs/store.ts'
import { layoutOfState, SERVER_ID } from '../../certs/store-layout.ts'
import type { BedsideConfig, Config } from '../config/config.ts'
import { ConfigError } from '../errors.ts'
import { readUplinkUrl } from '../uplink/uplink-url.ts'
import { readOwn, type OwnCertificate, type ProcessCertificates } from './process-holdings.ts'

const ENROLMENT_PORT = 8443

/** Whatever is wrong with a key or certificate at the start is for the operator to put right, like the configuration. */
export function openCertificates(config: Config): ProcessCertificates {
  const layout = layoutOfState(config.state)
  // A ward gateway is an authority; a bedside box is none, unless it stands in the same state directory.
  const hasStore = config.broker !== undefined || isNameTaken(layout.index)
  const store = hasStore ? asConfigError(() => openStore(config.state)) : undefined
  const server: readonly OwnCertificate[] =
    config.broker === undefined ? [] : [{ role: 'server', id: SERVER_ID }]
  const bedside: readonly OwnCertificate[] =
    config.bedside === undefined
      ? []
      : [{ role: 'bedside', id: config.bedside.id, renewAt: renewAtOf(config.bedside) }]
  const identities = new Set(config.uplinks.map(({ identity }) => identity))
  const uplinks = [...identities].map((id): OwnCertificate => ({ role: 'uplink', id }))
  return { layout, store, own: [...server, ...bedside, ...uplinks] }
}

/** The enrolment service of the ward gateway that a client connects to, where nothing else is said. */
export function enrolmentUrl(brokerUrl: string): string | undefined {
  const reading = readUplinkUrl(brokerUrl)
  if (!reading.allowed) return undefined
  const { host } = reading.target
  return `https://${host.includes(':') ? `[${host}]` : host}:${ENROLMENT_PORT}`
}

/**
 * A gateway with a certificate that has run out would refuse everyone, or be refused by everyone, without a word. What could
 * be renewed has been renewed before this.
 */
export function refuseUnusable(certificates: ProcessCertificates, nowMs: number): void {
  const known = certificates.store?.list(nowMs) ?? []
  for (const own of certificates.own) {
    // Without its uplink a ward still has its readings.
    if (own.role === 'uplink') continue
    const held = asConfigError(() => readOwn(certificates.layout, own))
    if (held === undefined) continue
    const isRevoked = known.some(
      ({ fingerprint, status }) => fingerprint === held.fingerprint && status === 'revoked',
    )
    const fault = isRevoked ? 'revoked' : validityFault(held, nowMs)
    if (fault !== undefined) throw unusable(certificates, own, { ...held, fault })
  }
}

function validityFault(
  { notBeforeMs, notAfterMs }: { readonly notBeforeMs: number; readonly notAfterMs: number },
  nowMs: number,
): 'expired' | 'not-yet-valid' | undefined {
  if (nowMs < notBeforeMs) return 'not-yet-valid'
  return nowMs > notAfterMs ? 'expired' : undefined
}

function unusable(
  { layout, store }: ProcessCertificates,
  { role, id }: OwnCertificate,
  { fault, notAfterMs }: { readonly fault: string; readonly notAfterMs: number },
): ConfigError {
  const toDo =
    store === undefined
      ? `check the clock; if it is right, ask for a new code (\`wardgate devices add\` on the gateway) and run \`wardgate certs enroll ${role} ${id} --state ${layout.stateDir}\``
      : 'issue a new one, and check the clock'
  return new ConfigError(
    `the certificate of ${role}/${id} in ${layout.stateDir} is ${fault} (valid until ${new Date(notAfterMs).toISOString()}); ${toDo}`,
    { identity: `${role}/${id}` },
  )
}

function renewAtOf({ renewAt, broker }: BedsideConfig): string | undefined {
  return renewAt ?? (broker === undefined ? undefined : enrolmentUrl(broker))
}

function asConfigError<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof CertificateError) throw new ConfigError(error.message, error.context, error)
    throw error
  }
}
