/** `/api/v1/session` without HTTP: what each request is answered, and that the answer says no more than it must. */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { writeInventory } from '../../../gateway/inventory/inventory-file.ts'
import { createPeople, type People } from '../../../gateway/people/people.ts'
import { changeUser } from '../../../gateway/people/user-file.ts'
import type { Identity } from '../../../gateway/ports.ts'
import { createPeopleRoutes } from '../../../gateway/web/people-routes.ts'
import type { Route, WebClient, WebResponse } from '../../../gateway/web/route.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { CountingHasher, identityOf, personRow } from '../../support/people.ts'
import { RecordingEvents } from '../../support/recording-sinks.ts'
import { tempDir } from '../../support/temp-dir.ts'

const RIGHT = 'correct horse battery'

let dir: ReturnType<typeof tempDir>
let clock: FakeClock
let people: People
let hasher: CountingHasher

beforeEach(async () => {
  dir = tempDir()
  clock = new FakeClock()
  hasher = new CountingHasher()
  writeInventory(dir.path, [
    personRow('anna', ['charge-nurse'], ['icu']),
    personRow('card-only', ['security']),
    { ...personRow('shut', ['nurse'], ['icu']), locked: true },
  ])
  const password = await hasher.hash(RIGHT)
  changeUser(dir.path, 'anna', () => ({ id: 'anna', password, setAtMs: 1 }))
  people = createPeople({ stateDir: dir.path, clock, events: new RecordingEvents(), hasher })
})
afterEach(() => {
  people.stop()
  dir.remove()
})

interface Asked {
  readonly body?: unknown
  readonly type?: string | undefined
  readonly client?: Partial<WebClient>
}

async function ask(method: Route['method'], { body = '', type, client }: Asked = {}): Promise<WebResponse> {
  const route = createPeopleRoutes(people).find((one) => one.method === method)
  if (route === undefined) throw new Error(`no route for ${method}`)
  return route.handle({
    method,
    path: route.path,
    query: new URLSearchParams(),
    headers: { 'content-type': type },
    body: Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    client: { address: '10.0.0.7:50000', certificate: undefined, person: undefined, ...client },
  })
}

const post = async (body: unknown, client?: Partial<WebClient>) =>
  ask('POST', { body, type: 'application/json', ...(client === undefined ? {} : { client }) })
const tokenIn = ({ headers }: WebResponse) =>
  /^__Host-wardgate=([^;]*)/.exec(headers?.['set-cookie'] ?? '')?.[1]
const personOf = (response: WebResponse): Identity => {
  const person = people.sessionOf(`__Host-wardgate=${tokenIn(response)}`, clock.nowMs())
  if (person === undefined) throw new Error('no session')
  return person
}
const certificateOf = (id: string, role: Identity['role'] = 'operator') =>
  ({ certificate: { identity: identityOf(id, role) } }) as unknown as Partial<WebClient>
const bodyOf = ({ body }: WebResponse): unknown => JSON.parse(String(body))

describe('POST', () => {
  it('with the right password is answered with the cookie of a session and nothing else', async () => {
    const response = await post({ id: 'anna', password: RIGHT })
    expect(response.status).toBe(204)
    expect(response.body).toBeUndefined()
    expect(response.headers?.['set-cookie']).toMatch(
      /^__Host-wardgate=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict$/,
    )
    expect(personOf(response).id).toBe('anna')
  })

  it('is answered the same for every refusal', async () => {
    const refusals = [
      await post({ id: 'anna', password: 'wrong wrong wrong' }),
      await post({ id: 'nobody', password: RIGHT }),
      await post({ id: 'card-only', password: RIGHT }),
      await post({ id: 'shut', password: RIGHT }),
      await post({ id: 'Robert"); DROP', password: RIGHT }),
      await post({ id: '', password: '' }),
    ]
    for (const refusal of refusals) expect(refusal).toEqual(refusals[0])
    expect(refusals[0]).toMatchObject({ status: 401, body: '{"error":"no"}' })
  })

  it('is answered 429 with the seconds to wait while a delay lasts, whoever it is', async () => {
    for (const id of ['anna', 'nobody']) {
      for (let time = 0; time < 6; time += 1) {
        clock.advance(time === 5 ? 1_000 : 0)
        await post({ id, password: 'wrong wrong wrong' })
      }
      const delayed = await post({ id, password: RIGHT })
      expect(delayed).toMatchObject({ status: 429, headers: { 'retry-after': '2' }, body: '{"error":"no"}' })
    }
  })

  it('is answered 503 while too many others are being checked', async () => {
    hasher.meanwhile = async () => new Promise((resolve) => setImmediate(resolve))
    const answers = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => post({ id: `user-${index}`, password: RIGHT })),
    )
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 503, 503])
    expect(answers[5]?.headers).toMatchObject({ 'retry-after': '2' })
  })

  it('ends the session that this browser had before', async () => {
    const former = personOf(await post({ id: 'anna', password: RIGHT }))
    const next = personOf(await post({ id: 'anna', password: RIGHT }, { person: former }))
    expect(people.sessions.find(former)).toBeUndefined()
    expect(people.sessions.find(next)).toBeDefined()
  })

  it.each([
    undefined,
    '',
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonp',
    'text/json',
  ])('of type %s is refused before anything is checked: a form of another page can send it', async (type) => {
    const response = await ask('POST', { body: { id: 'anna', password: RIGHT }, type })
    expect(response.status).toBe(415)
    hasher.calls.splice(0, 1)
    expect(hasher.calls).toEqual([])
  })

  it.each([
    '',
    '{',
    '[]',
    'null',
    '"anna"',
    '{"id":"anna"}',
    '{"id":1,"password":"x"}',
    '{"id":"a","password":{}}',
  ])('of %s is refused as not understood', async (body) => {
    expect(await post(body)).toMatchObject({ status: 400 })
  })

  it('of any bytes is answered, never thrown at', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map((text) => Buffer.from(text)),
        ),
        async (bytes) => {
          expect([400, 401, 429]).toContain((await post(Buffer.from(bytes))).status)
        },
      ),
      { seed: 13, numRuns: 300 },
    )
  })
})

describe('GET', () => {
  it('says who has the session, and what that person may read and do', async () => {
    const person = personOf(await post({ id: 'anna', password: RIGHT }))
    const response = await ask('GET', { client: { person } })
    expect(response).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } })
    expect(bodyOf(response)).toEqual({
      id: 'anna',
      duties: ['charge-nurse'],
      wards: ['icu'],
      by: 'password',
      reads: ['vitals/v1/icu/#'],
      rights: [{ action: 'alerts:acknowledge', where: ['icu'] }],
      expiresAt: new Date(clock.nowMs() + 12 * 3_600_000).toISOString(),
      idleEndsAt: new Date(clock.nowMs() + 15 * 60_000).toISOString(),
    })
  })

  it('answers for a person with a certificate as well, without a password', async () => {
    const response = await ask('GET', { client: certificateOf('card-only') })
    expect(bodyOf(response)).toMatchObject({ id: 'card-only', duties: ['security'], by: 'certificate' })
  })

  it.each([
    { name: 'nobody', client: {} },
    { name: 'a certificate that is not of a person', client: certificateOf('anna', 'consumer') },
    { name: 'a person without a row', client: certificateOf('stranger') },
    { name: 'a person who is locked', client: certificateOf('shut') },
  ])('is 401 for $name', async ({ client }) => {
    expect(await ask('GET', { client })).toMatchObject({ status: 401, body: '{"error":"no"}' })
  })
})

describe('DELETE', () => {
  it('ends the session and makes the browser forget the cookie', async () => {
    const response = await post({ id: 'anna', password: RIGHT })
    const person = personOf(response)
    const answer = await ask('DELETE', { client: { person } })
    expect(answer.status).toBe(204)
    expect(tokenIn(answer)).toBe('')
    expect(answer.headers?.['set-cookie']).toContain('Max-Age=0')
    expect(people.sessionOf(`__Host-wardgate=${tokenIn(response)}`, clock.nowMs())).toBeUndefined()
  })

  it('is answered the same when there is none', async () => {
    expect(await ask('DELETE')).toMatchObject({ status: 204 })
  })
})
