/** People over real HTTPS and WebSocket: login, what a session reads, what ends it, and that nothing tells a secret. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { connectAsync, type MqttClient } from 'mqtt'
import type { Broker } from '../../gateway/broker/aedes-broker.ts'
import { changeInventory, withEntry, writeInventory } from '../../gateway/inventory/inventory-file.ts'
import { createPasswordHasher } from '../../gateway/people/password-hash.ts'
import { createPeople, type People } from '../../gateway/people/people.ts'
import { changeUser } from '../../gateway/people/user-file.ts'
import { createTopicAuthority } from '../../gateway/security/authorise.ts'
import { createPeopleRoutes } from '../../gateway/web/people-routes.ts'
import type { WebServer } from '../../gateway/web/web-server.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { personRow } from '../support/people.ts'
import { tempDir } from '../support/temp-dir.ts'
import { wardRules } from '../support/broker-bench.ts'
import { ask, createWebBench, webPort, type Answer, type WebBench } from '../support/web-bench.ts'

const RIGHT = 'correct horse battery'
const WRONG = 'incorrect horse battery'
const ANNA = personRow('anna', ['nurse'], ['icu'])

let bench: WebBench
let dir: ReturnType<typeof tempDir>
let clock: FakeClock
let people: People
let broker: Broker
let web: WebServer
const clients: MqttClient[] = []

beforeAll(() => {
  bench = createWebBench()
})
afterAll(() => bench.remove())

beforeEach(async () => {
  dir = tempDir()
  clock = new FakeClock(Date.now())
  writeInventory(dir.path, [ANNA, personRow('engineer', ['engineer'])])
  const hasher = createPasswordHasher({ N: 2 ** 14, r: 8, p: 1 })
  const password = await hasher.hash(RIGHT)
  changeUser(dir.path, 'anna', () => ({ id: 'anna', password, setAtMs: 1 }))
  people = createPeople({ stateDir: dir.path, clock, events: bench.events, hasher })
  broker = await bench.start({ rules: { ...wardRules(), ...createTopicAuthority(people.inventory) } })
  people.sessions.onEnded$.subscribe(({ identity, reason }) => {
    broker.disconnect(identity.fingerprint, reason)
  })
  web = await bench.startWeb({
    broker,
    routes: createPeopleRoutes(people),
    sessionOf: (cookie) => people.sessionOf(cookie, clock.nowMs()),
  })
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.end(true)
  people.stop()
  await bench.reset()
  dir.remove()
})

const PATH = '/api/v1/session'
const JSON_TYPE = { 'content-type': 'application/json' }

async function logIn(
  id: string,
  password: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const body = JSON.stringify({ id, password })
  return ask(web, { ca: bench.ca, method: 'POST', path: PATH, headers: { ...JSON_TYPE, ...headers }, body })
}
async function whoAmI(cookie: string | undefined): Promise<Answer> {
  return ask(web, { ca: bench.ca, path: PATH, headers: cookie === undefined ? {} : { cookie } })
}
async function cookieOf(id: string, password: string): Promise<string> {
  const [cookie] = (await logIn(id, password)).headers['set-cookie'] ?? []
  return cookie?.split(';', 1)[0] ?? ''
}
async function station(cookie: string, clientId: string): Promise<MqttClient> {
  const options = { ca: bench.ca, clientId, protocolVersion: 4, reconnectPeriod: 0 } as const
  const wsOptions = { ca: bench.ca, headers: { cookie } }
  // The last word: a connection that is refused is not tried again.
  const client = await connectAsync(`wss://127.0.0.1:${webPort(web)}/mqtt`, { ...options, wsOptions }, false)
  client.on('error', () => undefined)
  clients.push(client)
  return client
}
async function grantedTo(client: MqttClient, filter: string): Promise<boolean> {
  return client.subscribeAsync(filter, { qos: 1 }).then(
    () => true,
    () => false,
  )
}
async function closing(client: MqttClient): Promise<void> {
  return new Promise((resolve) => client.once('close', resolve))
}
const changeAnna = (change: object): void => {
  changeInventory(dir.path, (rows) => withEntry(rows, { ...ANNA, ...change }))
}

describe('a nurse', () => {
  it('logs in, is known by the cookie, and is nobody after logging out', async () => {
    const cookie = await cookieOf('anna', RIGHT)
    expect(JSON.parse((await whoAmI(cookie)).body)).toMatchObject({ id: 'anna', reads: ['vitals/v1/icu/#'] })
    const out = await ask(web, { ca: bench.ca, method: 'DELETE', path: PATH, headers: { cookie } })
    expect(out.status).toBe(204)
    expect((await whoAmI(cookie)).status).toBe(401)
    expect((await whoAmI(undefined)).status).toBe(401)
  })

  it('reads her ward over WebSocket, and no other', async () => {
    const client = await station(await cookieOf('anna', RIGHT), 'anna')
    expect(await grantedTo(client, 'vitals/v1/icu/#')).toBe(true)
    for (const filter of ['vitals/v1/er/#', 'vitals/v1/#', 'ops/v1/#'])
      expect(await grantedTo(client, filter)).toBe(false)
    expect(bench.events.named('subscribe-denied').map(({ detail }) => detail)).toMatchObject(
      ['vitals/v1/er/#', 'vitals/v1/#', 'ops/v1/#'].map((filter) => ({
        id: 'anna',
        filter,
        reason: 'no duty allows it',
      })),
    )
    const arrived = new Promise((resolve) =>
      client.once('message', (_topic, payload) => resolve(String(payload))),
    )
    await broker.publish({
      topic: 'vitals/v1/er/b01/mon-9/numeric',
      payload: Buffer.from('er'),
      qos: 1,
      retain: false,
    })
    await broker.publish({
      topic: 'vitals/v1/icu/b01/mon-1/numeric',
      payload: Buffer.from('icu'),
      qos: 1,
      retain: false,
    })
    expect(await arrived).toBe('icu')
  })

  it('never writes', async () => {
    const client = await station(await cookieOf('anna', RIGHT), 'anna')
    await client.publishAsync('vitals/v1/icu/b01/mon-1/numeric', 'forged', { qos: 1 })
    await client.publishAsync('ingest/v1/mon-1/numeric', 'forged', { qos: 1 })
    expect(bench.events.named('publish-denied')).toHaveLength(2)
  })

  it('cannot be somebody else on the wire', async () => {
    const cookie = await cookieOf('anna', RIGHT)
    await expect(station(cookie, 'engineer')).rejects.toThrow('Identifier rejected')
    expect(bench.events.named('identity-mismatch')).toHaveLength(1)
  })

  it.each<{ what: string; end: (cookie: string) => Promise<unknown> | void }>([
    {
      what: 'she logs out',
      end: async (cookie) => ask(web, { ca: bench.ca, method: 'DELETE', path: PATH, headers: { cookie } }),
    },
    { what: 'she is locked', end: () => changeAnna({ locked: true }) },
    { what: 'her duties change', end: () => changeAnna({ duties: ['auditor'] }) },
    { what: 'she is removed', end: () => writeInventory(dir.path, []) },
    { what: 'nobody uses it for a quarter of an hour', end: () => clock.advance(15 * 60_000) },
  ])('loses the WebSocket when $what, within two seconds', async ({ end }) => {
    const cookie = await cookieOf('anna', RIGHT)
    const client = await station(cookie, 'anna')
    const closed = closing(client)
    await end(cookie)
    clock.advance(2_000)
    await closed
    await expect(station(cookie, 'anna')).rejects.toThrow()
    expect((await whoAmI(cookie)).status).toBe(401)
  })
})

describe('whoever has no session', () => {
  it.each([undefined, `__Host-wardgate=${'A'.repeat(43)}`])(
    'gets no WebSocket with the cookie %s',
    async (cookie) => {
      await expect(station(cookie ?? '', 'anna')).rejects.toThrow()
      expect(bench.events.named('websocket-refused')).toHaveLength(1)
    },
  )

  it('who guesses has to wait longer and longer, wherever the guesses come from', async () => {
    for (let time = 0; time < 5; time += 1) expect((await logIn('anna', WRONG)).status).toBe(401)
    for (const seconds of ['1', '2', '4', '8']) {
      const delayed = await logIn('anna', RIGHT)
      expect([delayed.status, delayed.headers['retry-after']]).toEqual([429, seconds])
      clock.advance(Number(seconds) * 1_000)
      if (seconds !== '8') expect((await logIn('anna', WRONG)).status).toBe(401)
    }
    expect((await logIn('anna', RIGHT)).status).toBe(204)
  })

  it('cannot log a person in from the page of another server', async () => {
    const answer = await logIn('anna', RIGHT, { origin: 'https://evil.example' })
    expect(answer.status).toBe(403)
    expect(bench.events.named('logged-in')).toEqual([])
  })
})

describe('a person with a certificate', () => {
  it('needs no password', async () => {
    const answer = await ask(web, { ...bench.credentials('operator', 'engineer'), path: PATH })
    expect(JSON.parse(answer.body)).toMatchObject({ id: 'engineer', by: 'certificate', duties: ['engineer'] })
  })

  it('who is locked is told no, on both ways in', async () => {
    changeInventory(dir.path, (rows) =>
      withEntry(rows, { ...personRow('engineer', ['engineer']), locked: true }),
    )
    clock.advance(2_000)
    const answer = await ask(web, { ...bench.credentials('operator', 'engineer'), path: PATH })
    expect(answer.status).toBe(401)
    await expect(bench.client(broker, 'operator', 'engineer')).rejects.toThrow('Identifier rejected')
    expect(bench.events.named('identity-mismatch').map(({ detail }) => detail['reason'])).toEqual([
      'the person is locked',
    ])
  })
})

describe('everything that was told', () => {
  it('holds no password and no token', async () => {
    const cookie = await cookieOf('anna', RIGHT)
    await logIn('anna', WRONG)
    await logIn('nobody', WRONG)
    const client = await station(cookie, 'anna')
    const closed = closing(client)
    people.sessions.endAll('anna', 'person-changed')
    await closed
    const told = JSON.stringify(bench.events.seen)
    expect(told).toContain('login-refused')
    for (const secret of [RIGHT, WRONG, cookie.split('=')[1] ?? '?']) expect(told).not.toContain(secret)
  })
})
