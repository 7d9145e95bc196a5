/** Enrolment by a client nobody here wrote: curl, with keys and requests of openssl, over real TLS on loopback. */

import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { connectAsync } from 'mqtt'
import { openEnrolment, type Enrolment } from '../../certs/enrolment.ts'
import { initStore, type CertificateStore } from '../../certs/store.ts'
import { startBroker, type Broker } from '../../gateway/broker/aedes-broker.ts'
import { systemClock } from '../../gateway/clock.ts'
import { silentLog } from '../../gateway/log.ts'
import { contest } from '../../gateway/security/contest.ts'
import { createEstRoutes } from '../../gateway/web/est-routes.ts'
import { startWebServer, type WebServer } from '../../gateway/web/web-server.ts'
import { CounterRecord, EventRecord, portOf, SITE, standingIn, wardRules } from '../support/broker-bench.ts'
import { believed } from '../support/fake-time.ts'
import { identifyIn } from '../support/store-identify.ts'
import { opensslCsr, type CsrKey } from '../support/openssl-csr.ts'
import { openJournalIn } from '../support/open-journal.ts'
import { suiteFor } from '../support/other-verifiers.ts'
import { tempDir } from '../support/temp-dir.ts'

const nowMs = Date.now()
const state = tempDir()
const work = tempDir()
const path = (name: string): string => join(work.path, name)
const events = new EventRecord()

let store: CertificateStore
let enrolment: Enrolment
let broker: Broker
let web: WebServer
let base: string

const withCurl = suiteFor('curl', 'openssl')

beforeAll(async () => {
  store = initStore({ stateDir: state.path, site: SITE, serverNames: ['localhost', '127.0.0.1'], nowMs })
  enrolment = openEnrolment(state.path)
  const time = believed(systemClock)
  const shared = {
    listen: [{ host: '127.0.0.1', port: 0 }],
    material: store.serverMaterial(),
    identify: identifyIn(store, time),
    events,
    counters: new CounterRecord(),
    clock: systemClock,
  }
  broker = await startBroker({
    ...shared,
    id: 'gw-test',
    journal: openJournalIn(state.path, events),
    standingOf: standingIn(store, systemClock),
    contest,
    rules: wardRules(),
    log: silentLog,
  })
  const routes = createEstRoutes({ store, enrolment, isListed: () => true, events, time })
  web = await startWebServer({ ...shared, broker, routes })
  base = `https://localhost:${web.addresses[0]?.port ?? 0}/.well-known/est`
  writeFileSync(path('ca.pem'), store.serverMaterial().ca)
})
afterAll(async () => {
  await web.stop()
  await broker.stop()
  state.remove()
  work.remove()
})
beforeEach(() => {
  for (const { serial, role } of store.list(nowMs))
    if (role === 'device') store.revoke(serial, 'superseded', nowMs)
  events.seen.splice(0)
})

withCurl('curl and openssl', () => {
  it('fetch the authorities, which verify each other', async () => {
    const { status, body } = await curl('/cacerts')
    expect(status).toBe(200)
    writeFileSync(path('fetched.pem'), pemOf(body))
    expect(readFileSync(path('fetched.pem'), 'utf8').match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
    expect(openssl('verify', '-x509_strict', '-CAfile', path('fetched.pem'), path('fetched.pem'))).toMatch(
      /: OK\n/,
    )
  })

  it.each<CsrKey>(['ec:P-256', 'ec:P-384', 'rsa:2048'])(
    'enrol with a code and a key %s, connect, and enrol again with the certificate',
    async (key) => {
      const device = newDevice(key)
      const answer = await enroll(device, 'mon-1', invite())
      expect(answer.status).toBe(200)
      const certificate = keep(answer.body)
      expect(verified(certificate)).toBe(true)
      expect(await connects(device.keyPem, certificate)).toBe(true)

      const next = newDevice(key)
      const again = await post('/simplereenroll', next.der, ['--cert', certificate, '--key', device.keyPath])
      expect(again.status).toBe(200)
      const renewed = keep(again.body)
      expect(verified(renewed)).toBe(true)
      expect(await connects(next.keyPem, renewed)).toBe(true)
      expect(events.seen.map(({ event }) => event)).toEqual(expect.arrayContaining(['enrolled', 'renewed']))
    },
  )

  it('wait for approval, and are served after it', async () => {
    const device = newDevice()
    const { code } = enrolment.invite({
      role: 'device',
      id: 'mon-1',
      nowMs: Date.now(),
      approval: 'operator',
    })
    expect((await enroll(device, 'mon-1', code)).status).toBe(202)
    enrolment.decide({ role: 'device', id: 'mon-1' }, 'approved', Date.now())
    expect((await enroll(device, 'mon-1', code)).status).toBe(200)
  })

  it.each<[string, number, string, () => Promise<{ status: number }>]>([
    [
      'a wrong code',
      401,
      'wrong-code',
      () => (invite(), enroll(newDevice(), 'mon-1', '0000-0000-0000-0000')),
    ],
    ['no code', 401, 'no-credentials', () => post('/simpleenroll', newDevice().der)],
    ['a code for another id', 401, 'code-of-another', () => enroll(newDevice(), 'mon-7', invite())],
    [
      'a code for another role',
      401,
      'code-of-another',
      () => enroll(newDevice(), 'operator/mon-1', invite()),
    ],
    ['an expired code', 401, 'code-expired', () => enroll(newDevice(), 'mon-1', expired())],
    [
      'a request that names another id',
      400,
      'other-identity',
      () => enroll(newDevice('ec:P-256', '/CN=mon-2'), 'mon-1', invite()),
    ],
    ['a broken signature', 400, 'bad-signature', () => enroll(broken(newDevice()), 'mon-1', invite())],
    ['a weak key', 400, 'unfit-key', () => enroll(newDevice('rsa:1024'), 'mon-1', invite())],
  ])('are refused with %s: %i, and only the event says %s', async (_name, status, reason, attempt) => {
    expect((await attempt()).status).toBe(status)
    expect(events.named('enrolment-refused').map(({ detail }) => detail['reason'])).toEqual([reason])
    expect(store.list(nowMs).filter((row) => row.role === 'device' && row.status === 'valid')).toEqual([])
  })

  it('are refused with a code that was used, but for the key it was used for', async () => {
    const code = invite()
    const device = newDevice()
    const first = await enroll(device, 'mon-1', code)
    expect((await enroll(device, 'mon-1', code)).body).toBe(first.body)
    expect((await enroll(newDevice(), 'mon-1', code)).status).toBe(401)
    expect((await events.first('enrolment-refused'))['reason']).toBe('code-used')
  })

  it('are refused with a body larger than any request', async () => {
    const device = { ...newDevice(), der: Buffer.alloc(20_000, 0x30) }
    expect((await enroll(device, 'mon-1', invite())).status).toBe(413)
  })

  it('are refused to renew without a certificate, and with that of another', async () => {
    expect((await post('/simplereenroll', newDevice().der)).status).toBe(403)
    const other = store.issue({ role: 'consumer', id: `s-${Date.now()}`, nowMs })
    const credentials = ['--cert', other.certificatePath, '--key', other.keyPath ?? '']
    expect((await post('/simplereenroll', newDevice().der, credentials)).status).toBe(400)
    expect(events.named('enrolment-refused').map(({ detail }) => detail['reason'])).toEqual([
      'no-certificate',
      'other-identity',
    ])
  })

  it('get no connection with a certificate that was revoked', async () => {
    const device = newDevice()
    const certificate = keep((await enroll(device, 'mon-1', invite())).body)
    const serial = store.list(nowMs).at(-1)?.serial ?? ''
    store.revoke(serial, 'keyCompromise', Date.now())
    web.reload(store.serverMaterial())
    const credentials = ['--cert', certificate, '--key', device.keyPath]
    expect((await post('/simplereenroll', device.der, credentials)).status).toBe(0)
  })

  it('get not one byte over plain HTTP', async () => {
    const plain = await curl('/cacerts', [], base.replace('https:', 'http:'))
    expect(plain).toEqual({ status: 0, body: '' })
  })
})

interface Device {
  readonly der: Buffer
  readonly keyPem: string
  readonly keyPath: string
}

let fileCount = 0
function newDevice(key: CsrKey = 'ec:P-256', subject = '/CN=mon-1'): Device {
  const made = opensslCsr(key, subject)
  fileCount += 1
  const keyPath = path(`${fileCount}.key`)
  writeFileSync(keyPath, made.keyPem, { mode: 0o600 })
  return { ...made, keyPath }
}

function broken(device: Device): Device {
  const der = Buffer.from(device.der)
  der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1)
  return { ...device, der }
}

function invite(): string {
  return enrolment.invite({ role: 'device', id: 'mon-1', nowMs: Date.now() }).code
}

function expired(): string {
  return enrolment.invite({ role: 'device', id: 'mon-1', nowMs: Date.now() - 2000, lifeMs: 1000 }).code
}

async function enroll({ der }: Pick<Device, 'der'>, user: string, code: string) {
  return post('/simpleenroll', der, ['--user', `${user}:${code}`])
}

async function post(operation: string, der: Buffer, more: readonly string[] = []) {
  fileCount += 1
  const file = path(`${fileCount}.b64`)
  writeFileSync(file, der.toString('base64').replaceAll(/.{64}/g, '$&\n'))
  const body = ['--data-binary', `@${file}`, '--header', 'Content-Type: application/pkcs10']
  return curl(operation, [...body, ...more])
}

/** Status 0 where there was no answer at all. */
async function curl(operation: string, more: readonly string[] = [], from = base) {
  const trust = ['--cacert', path('ca.pem')]
  const child = spawn('curl', [
    '--silent',
    ...trust,
    '--write-out',
    '\n%{http_code}',
    ...more,
    from + operation,
  ])
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('latin1')
  })
  await new Promise((resolve) => child.once('close', resolve))
  const at = output.lastIndexOf('\n')
  return { status: Number(output.slice(at + 1)), body: output.slice(0, at) }
}

/** The certificates of an answer as PEM, unpacked by openssl. */
function pemOf(body: string): string {
  const der = Buffer.from(body, 'base64')
  return spawnSync('openssl', ['pkcs7', '-inform', 'DER', '-print_certs'], { input: der }).stdout.toString()
}

function keep(body: string): string {
  fileCount += 1
  const file = path(`${fileCount}.pem`)
  writeFileSync(file, pemOf(body))
  return file
}

function verified(certificate: string): boolean {
  const strict = ['-x509_strict', '-purpose', 'sslclient', '-CAfile', path('ca.pem')]
  return openssl('verify', ...strict, certificate) === `${certificate}: OK\n`
}

async function connects(key: string, certificate: string): Promise<boolean> {
  const client = await connectAsync(`mqtts://localhost:${portOf(broker)}`, {
    key,
    cert: readFileSync(certificate, 'utf8'),
    ca: readFileSync(path('ca.pem'), 'utf8'),
    clientId: 'mon-1',
    protocolVersion: 4,
    reconnectPeriod: 0,
  })
  const isConnected = client.connected
  await client.endAsync(true)
  return isConnected
}

function openssl(...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
  return stdout + stderr
}
