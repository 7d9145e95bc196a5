/** `/api/v1/session`: a person logs in, asks who they are, and logs out. Whoever is refused is told no, and not why. */

import { toInstant } from '../contract/instant.ts'
import { rightsOf, scopesOf } from '../people/duties.ts'
import type { People } from '../people/people.ts'
import { cookieOf, NO_COOKIE } from '../people/session-cookie.ts'
import type { Identity } from '../ports.ts'
import type { Route, WebClient, WebRequest, WebResponse } from './route.ts'

const PATH = '/api/v1/session'

/** Room for the longest password in the longest spelling JSON has for it. */
const BODY_BYTES = 4096

export function createPeopleRoutes(people: People): readonly Route[] {
  return [
    { method: 'POST', path: PATH, bodyBytes: BODY_BYTES, handle: async (request) => logIn(request, people) },
    { method: 'GET', path: PATH, bodyBytes: 0, handle: async ({ client }) => whoAmI(client, people) },
    {
      method: 'DELETE',
      path: PATH,
      bodyBytes: 0,
      handle: async ({ client }) => logOut(client, people),
    },
  ]
}

async function logIn({ headers, body, client }: WebRequest, people: People): Promise<WebResponse> {
  // A form of another page can send text or a form, but not this type without being asked by the browser first.
  if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? ''))
    return json(415, { error: 'send application/json' })
  const asked = readCredentials(body)
  if (asked === undefined) return json(400, { error: 'send {"id": "...", "password": "..."}' })
  const answer = await people.login({ ...asked, address: client.address })
  if (answer.kind === 'refused') return NO
  if (answer.kind === 'delayed') return json(429, NO_BODY, { 'retry-after': seconds(answer.waitMs) })
  if (answer.kind === 'busy') return json(503, { error: 'busy' }, { 'retry-after': '2' })
  // The session that this browser had before is over: one browser, one person.
  if (client.person !== undefined) people.sessions.end(client.person, 'replaced')
  return { status: 204, headers: { ...NOT_STORED, 'set-cookie': cookieOf(answer.token) } }
}

function whoAmI(client: WebClient, people: People): WebResponse {
  const identity = personBehind(client)
  const row = identity === undefined ? undefined : people.admit(identity, client.address)
  if (identity === undefined || row === undefined) return NO
  const { id, duties, wards } = row
  const session = people.sessions.find(identity)
  return json(200, {
    id,
    duties,
    wards,
    by: session === undefined ? 'certificate' : 'password',
    reads: scopesOf(row),
    rights: rightsOf(row),
    expiresAt: toInstant(identity.notAfterMs),
    ...(session === undefined ? {} : { idleEndsAt: toInstant(session.idleEndsAtMs) }),
  })
}

function logOut({ person }: WebClient, people: People): WebResponse {
  if (person !== undefined) people.sessions.end(person, 'logged-out')
  return { status: 204, headers: { ...NOT_STORED, 'set-cookie': NO_COOKIE } }
}

/** A person with a session, or with a certificate of their own: then no password is asked for. */
function personBehind({ person, certificate }: WebClient): Identity | undefined {
  if (person !== undefined) return person
  return certificate?.identity.role === 'operator' ? certificate.identity : undefined
}

function readCredentials(body: Buffer): { readonly id: string; readonly password: string } | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null || !('id' in parsed) || !('password' in parsed))
    return undefined
  const { id, password } = parsed
  return typeof id === 'string' && typeof password === 'string' ? { id, password } : undefined
}

const NOT_STORED = { 'cache-control': 'no-store' }
const NO_BODY = { error: 'no' }
const NO = json(401, NO_BODY)

function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): WebResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', ...NOT_STORED, ...headers },
    body: JSON.stringify(body),
  }
}

/** RFC 9110 10.2.3: whole seconds. */
function seconds(waitMs: number): string {
  return String(Math.max(1, Math.ceil(waitMs / 1000)))
}
