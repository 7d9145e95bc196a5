/**
 * Enrolment over secure transport (RFC 7030): a first certificate by one-time code, the next one by the last.
 * Identity comes from the code or the certificate; what the request says about itself is compared and never believed.
 */

import type { X509Certificate } from 'node:crypto'
import { otherNameThan } from '../../certs/csr-names.ts'
import type { Enrolment } from '../../certs/enrolment.ts'
import type { ClientRole } from '../../certs/profile.ts'
import { publicKeySha256, readPublicKey } from '../../certs/public-key.ts'
import type { EventSink } from '../ports.ts'
import type { TrustedTime } from '../security/trusted-time.ts'
import { createIssuer, type EstStore, type IssueRefusal } from './est-issue.ts'
import {
  certificatesAnswer,
  LARGEST_BODY_BYTES,
  pendingAnswer,
  readCredentials,
  readRequestBody,
  refusalAnswer,
  type RefusalAnswer,
} from './est-message.ts'
import type { EstRefusal } from './est-refusals.ts'
import { describeKey, showIdentity } from './est-words.ts'
import { printable } from './http-facts.ts'
import type { Route, WebRequest, WebResponse } from './route.ts'

export interface EstOptions {
  readonly store: EstStore
  readonly enrolment: Enrolment
  /** Has the identity a row in the inventory? Without one it gets no certificate. */
  readonly isListed: (role: ClientRole, id: string) => boolean
  readonly events: EventSink
  /** Nothing is issued on a clock that is not believed. */
  readonly time: Pick<TrustedTime, 'nowMs' | 'standing'>
}

interface Asker {
  readonly role: ClientRole
  readonly id: string
}

/** What is wrong, for the event, and what the client hears of it. */
interface Refusal extends RefusalAnswer {
  readonly kind: 'refused'
  readonly reason: EstRefusal
  readonly detail?: string
}

type Operation = 'simpleenroll' | 'simplereenroll'

const PATH = '/.well-known/est'
const CLOCK_RETRY_MS = 5 * 60_000
const APPROVAL_RETRY_MS = 15_000

export function createEstRoutes(options: EstOptions): readonly Route[] {
  const { store, enrolment, isListed, events, time } = options
  const issue = createIssuer(store)

  const refuse = (
    { client }: WebRequest,
    operation: Operation,
    { reason, detail, ...answer }: Omit<Refusal, 'kind'>,
    asker: string,
  ): WebResponse => {
    const who = { operation, asker: printable(asker), address: client.address }
    const why = detail === undefined ? {} : { detail: printable(detail) }
    events.emit('security', 'enrolment-refused', { reason, ...who, ...why })
    return refusalAnswer(answer)
  }

  /** The request of this identity, proved to come from the owner of its key. */
  const readFor = (request: WebRequest, asker: Asker) => {
    const reading = readRequestBody(request)
    if (reading.kind === 'refused') return reading
    const other = otherNameThan({ site: store.site, ...asker }, reading)
    if (other !== undefined)
      return refusal('other-identity', { status: 400, detail: `the request names ${other}` })
    if (!isListed(asker.role, asker.id)) return refusal('not-in-inventory', { status: 403 })
    const sha256 = publicKeySha256(readPublicKey(reading.publicKeyPem))
    return { kind: 'read', publicKeyPem: reading.publicKeyPem, publicKeySha256: sha256 } as const
  }

  const enroll = async (request: WebRequest): Promise<WebResponse> => {
    const credentials = readCredentials(request.headers['authorization'])
    const user = credentials?.user ?? ''
    const no = (refused: Omit<Refusal, 'kind'>): WebResponse => refuse(request, 'simpleenroll', refused, user)
    if (time.standing !== 'trusted') return no(CLOCK_REFUSAL)
    if (credentials === undefined) return no({ reason: 'no-credentials', status: 401 })
    const nowMs = time.nowMs()
    const known = enrolment.recognise({ ...credentials, nowMs })
    if (known.kind === 'refused') {
      const detail = known.holder === undefined ? {} : { detail: `it is of ${showIdentity(known.holder)}` }
      return no({ reason: known.reason, status: 401, ...detail })
    }
    const asked = readFor(request, known)
    if (asked.kind === 'refused') return no(asked)
    const who = { role: known.role, id: known.id, address: request.client.address }
    const claim = { ...who, publicKeySha256: asked.publicKeySha256, nowMs }
    const verdict = enrolment.claim(claim)
    if (verdict.kind === 'refused') return no({ reason: verdict.reason, status: 401 })
    if (verdict.kind === 'pending') {
      if (verdict.isNew) events.emit('security', 'enrolment-requested', { ...who, ...describeKey(asked) })
      return pendingAnswer(APPROVAL_RETRY_MS)
    }
    const out = enrolment.delivered(known)
    const issued = issue.first({ ...known, ...asked, nowMs, out, verdict })
    if (issued.kind === 'refused') return no(statusOf(issued))
    const { certificate, isNew } = issued
    enrolment.settle({ ...claim, certificatePem: certificate.toString() })
    const facts = { ...who, serial: certificate.serialNumber, ...describeKey(asked) }
    events.emit('security', 'enrolled', isNew ? facts : { ...facts, again: true })
    return certificatesAnswer([certificate], true)
  }

  const reenroll = async (request: WebRequest): Promise<WebResponse> => {
    const proved = request.client.certificate
    const user = proved === undefined ? '' : showIdentity(proved.identity)
    const no = (refused: Omit<Refusal, 'kind'>): WebResponse =>
      refuse(request, 'simplereenroll', refused, user)
    if (time.standing !== 'trusted') return no(CLOCK_REFUSAL)
    if (proved === undefined) return no({ reason: 'no-certificate', status: 403 })
    const { role, id } = proved.identity
    const asked = readFor(request, { role, id })
    if (asked.kind === 'refused') return no(asked)
    const issued = issue.next({ role, id, ...asked, nowMs: time.nowMs() })
    if (issued.kind === 'refused') return no(statusOf(issued))
    events.emit('security', 'renewed', {
      role,
      id,
      address: request.client.address,
      serial: issued.certificate.serialNumber,
      previous: proved.x509.serialNumber,
      ...describeKey(asked),
    })
    return certificatesAnswer([issued.certificate], true)
  }

  const authorities = (): readonly X509Certificate[] =>
    store.authorities().map(({ certificate }) => certificate)
  return [
    get('cacerts', async () => certificatesAnswer(authorities(), false)),
    // RFC 7030 4.5.2: nothing is asked of the request but that it is one.
    get('csrattrs', async () => ({ status: 204 })),
    post('simpleenroll', enroll),
    post('simplereenroll', reenroll),
  ]
}

const CLOCK_REFUSAL = { reason: 'clock-implausible', status: 503, retryAfterMs: CLOCK_RETRY_MS } as const

function refusal(reason: EstRefusal, answer: RefusalAnswer & { readonly detail?: string }): Refusal {
  return { kind: 'refused', reason, ...answer }
}

const STATUS_OF: Readonly<Record<IssueRefusal['reason'], number>> = {
  'already-certified': 403,
  'code-used': 401,
  'not-certifiable': 403,
  'too-often': 429,
}

function statusOf({ reason, detail, retryAfterMs }: IssueRefusal): Omit<Refusal, 'kind'> {
  return { reason, status: STATUS_OF[reason], ...(detail === undefined ? {} : { detail }), retryAfterMs }
}

function get(operation: string, handle: Route['handle']): Route {
  return { method: 'GET', path: `${PATH}/${operation}`, bodyBytes: 0, handle }
}

function post(operation: Operation, handle: Route['handle']): Route {
  return { method: 'POST', path: `${PATH}/${operation}`, bodyBytes: LARGEST_BODY_BYTES, handle }
}
