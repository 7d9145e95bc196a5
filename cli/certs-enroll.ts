/** `wardgate certs enroll`: on the machine of a device or station: makes its key, and fetches the certificate for it. */

import type { KeyObject, X509Certificate } from 'node:crypto'
import { Command } from 'commander'
import { buildCsr } from '../certs/csr.ts'
import { keyCheck } from '../certs/enrolment-code.ts'
import {
  keepIssued,
  ownCertificate,
  ownKey,
  ownTrust,
  refuseOtherTrust,
  type OwnPlace,
} from '../certs/enrolment-files.ts'
import { CertificateError } from '../certs/errors.ts'
import { readText } from '../certs/guarded-file.ts'
import { isSite } from '../certs/identity-uri.ts'
import { CLIENT_ROLES } from '../certs/profile.ts'
import { publicKeySha256 } from '../certs/public-key.ts'
import { systemClock, type Clock } from '../gateway/clock.ts'
import { toInstant } from '../gateway/contract/instant.ts'
import { isId } from '../gateway/contract/topics.ts'
import { UsageError } from '../gateway/errors.ts'
import { rootByFingerprint } from '../gateway/uplink/est-bootstrap.ts'
import { caCertificates, enroll, type EnrolRequest, type Issued } from '../gateway/uplink/est-client.ts'
import type { EstEndpoint } from '../gateway/uplink/est-exchange.ts'
import { readRole } from './certs-invite.ts'
import { readEnrolmentCode, type CodeInput } from './read-code.ts'
import { DEFAULT_STATE_DIR } from './state-dir.ts'

interface EnrollOptions {
  readonly gateway: string
  readonly ca?: string
  readonly caFingerprint?: string
  readonly codeFile?: string
  readonly state: string
  readonly json?: boolean
}

interface EnrollParts {
  readonly clock: Clock
  readonly input: CodeInput
  readonly print: (text: string) => void
}

const processParts = (): EnrollParts => ({
  clock: systemClock,
  input: {
    stdin: process.stdin,
    terminal: process.stdin.isTTY ? process.stdin : undefined,
    say: (text) => process.stderr.write(text),
  },
  print: (text) => process.stdout.write(text),
})

export function enrollCommand(parts: () => EnrollParts = processParts): Command {
  return new Command('enroll')
    .description(
      'make a key on this machine and fetch a certificate for it with a one-time code; run again to go on',
    )
    .argument('<role>', CLIENT_ROLES.join(', '))
    .argument('<id>', 'the id that the code was made for')
    .requiredOption('--gateway <url>', 'https://HOST:PORT of the gateway')
    .option('--ca <file>', 'PEM of the authority to trust, from the gateway: certs/ca.pem')
    .option('--ca-fingerprint <sha256>', 'or the fingerprint of its root, as it was shown with the code')
    .option(
      '--code-file <file>',
      'file that holds the code (mode 0600), or - for standard input; asked for without',
    )
    .option('--state <dir>', 'state directory of this machine', DEFAULT_STATE_DIR)
    .option('--json', 'print one JSON object at the end')
    .action((role: string, id: string, options: EnrollOptions) => run(role, id, options, parts()))
}

async function run(
  roleText: string,
  id: string,
  options: EnrollOptions,
  { clock, input, print }: EnrollParts,
): Promise<void> {
  const role = readRole(roleText)
  if (!isId(id)) throw new UsageError(`id '${id}' is not an id: use 1 to 32 of a-z, 0-9 and '-'`)
  const place: OwnPlace = { stateDir: options.state, role, id }
  const held = ownCertificate(place)
  if (held !== undefined && clock.nowMs() < Date.parse(held.validTo))
    return print(outcome(options, place, held, 'has a certificate already'))
  const endpoint: EstEndpoint = { url: options.gateway, clock }
  const trusted = await trustOf(endpoint, options)
  const { certificates } = await caCertificates(endpoint, { ca: trusted })
  const site = siteOf(certificates, options.gateway)
  refuseOtherTrust(options.state, certificates)
  const key = ownKey(place)
  input.say(
    `key of ${role} '${id}': ${checkOf(key.publicKey)}   (${key.path}; it never leaves this machine)\n`,
  )
  const code = await readEnrolmentCode(options.codeFile, input)
  const csrDer = buildCsr({ site, role, id, publicKey: key.publicKey, privateKey: key.privateKey })
  const issued = await patiently({ ...endpoint, ca: trusted, role, id, code, csrDer }, input.say)
  keepIssued(place, issued.chainPem, issued.authorities.pem)
  return print(outcome(options, place, issued.certificate, 'has a certificate'))
}

/** Asks until the request is decided. Whoever interrupts this loses nothing: the key stays, the same command goes on. */
async function patiently(request: EnrolRequest, say: (text: string) => void): Promise<Issued> {
  let hasTold = false
  for (;;) {
    const answer = await enroll(request)
    if (answer.kind === 'issued') return answer
    if (!hasTold)
      say(
        `waiting for approval at the gateway: 'wardgate certs approve' shows the key above there; compare them. Interrupting is safe: the same command goes on.\n`,
      )
    hasTold = true
    await new Promise<void>((resolve) => {
      request.clock.after(answer.retryAfterMs, resolve)
    })
  }
}

/** PEM of whom to trust at first contact. Nothing is trusted because it answered first. */
async function trustOf(endpoint: EstEndpoint, { ca, caFingerprint, state }: EnrollOptions): Promise<string> {
  if (ca !== undefined && caFingerprint !== undefined)
    throw new UsageError('--ca and --ca-fingerprint: choose one')
  if (ca !== undefined) return readText(ca, 'authority')
  if (caFingerprint !== undefined) {
    const fingerprint = caFingerprint.replaceAll(/[:\s]/g, '').toLowerCase()
    if (!/^[0-9a-f]{64}$/.test(fingerprint))
      throw new UsageError('--ca-fingerprint is the SHA-256 of the root: 64 hexadecimal digits')
    return rootByFingerprint(endpoint, fingerprint)
  }
  const kept = ownTrust(state)
  if (kept !== undefined) return kept
  throw new UsageError(
    'whom to trust? give --ca FILE (certs/ca.pem of the gateway) or --ca-fingerprint as it was shown with the code',
  )
}

/** The site of a gateway of ours is the organization of its root. */
function siteOf(authorities: readonly X509Certificate[], url: string): string {
  const root = authorities.find((each) => each.checkIssued(each))
  const site = /^O=(.+)$/m.exec(root?.subject ?? '')?.[1] ?? ''
  if (isSite(site)) return site
  throw new CertificateError(`the authority of ${url} names no site: it is not that of a wardgate`, { url })
}

function checkOf(publicKey: KeyObject): string {
  return keyCheck(publicKeySha256(publicKey))
}

function outcome(
  { json }: EnrollOptions,
  { stateDir, role, id }: OwnPlace,
  certificate: X509Certificate,
  text: string,
): string {
  const notAfter = toInstant(Date.parse(certificate.validTo))
  if (json !== true) return `${role} '${id}' ${text} until ${notAfter}, in ${stateDir}/certs\n`
  const facts = {
    role,
    id,
    serial: certificate.serialNumber,
    notAfter,
    keyCheck: checkOf(certificate.publicKey),
    state: stateDir,
  }
  return `${JSON.stringify(facts)}\n`
}
