/** The client of enrolment against servers that answer well, badly, too much or not at all. */

import { generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { buildCsr } from '../../certs/csr.ts'
import { pemBlocks } from '../../certs/pem.ts'
import { packCertificates } from '../../certs/pkcs7.ts'
import { initStore, type CertificateStore } from '../../certs/store.ts'
import { readText } from '../../certs/guarded-file.ts'
import { systemClock } from '../../gateway/clock.ts'
import { UplinkError } from '../../gateway/errors.ts'
import { rootByFingerprint } from '../../gateway/uplink/est-bootstrap.ts'
import { caCertificates, enroll, reenroll } from '../../gateway/uplink/est-client.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { tempDir } from '../support/temp-dir.ts'

interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}
type Asked = IncomingMessage & { readonly text: string }

const nowMs = Date.now()
const state = tempDir()
const elsewhere = tempDir()
const PKCS7 = { 'content-type': 'application/pkcs7-mime; smime-type=certs-only' }

let store: CertificateStore
let server: Server
let url: string
let ca: string
let rootSha256: string
let authorities: readonly X509Certificate[]
let answers: Readonly<Record<string, (asked: Asked) => Answer | 'never'>> = {}
let asked: Asked[] = []

beforeAll(async () => {
  store = initStore({
    stateDir: state.path,
    site: 'wardgate',
    serverNames: ['localhost', '127.0.0.1'],
    nowMs,
  })
  const { key, cert, ca: trust } = store.serverMaterial()
  ca = trust
  authorities = pemBlocks(trust).map(({ pem }) => new X509Certificate(pem))
  rootSha256 = sha256Of(authorities.at(-1))
  server = createServer(
    { key, cert, ca: trust, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const seen = Object.assign(request, { text: Buffer.concat(chunks).toString() })
        asked.push(seen)
        const name = request.url?.split('/').at(-1) ?? ''
        const answer = answers[name]?.(seen) ?? { status: 404 }
        if (answer !== 'never') response.writeHead(answer.status ?? 200, answer.headers).end(answer.body)
      })
    },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  url = `https://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
})
afterEach(() => {
  answers = {}
  asked = []
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  state.remove()
  elsewhere.remove()
})

const bag = (certificates: readonly X509Certificate[]): Answer => ({
  headers: PKCS7,
  body: Buffer.from(packCertificates(certificates)).toString('base64'),
})
const goodAuthorities = () => bag(authorities)

let deviceCount = 0
/** A device with its request, and the certificate that the store makes for it. */
function newDevice() {
  deviceCount += 1
  const id = `mon-${deviceCount}`
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const csrDer = buildCsr({ site: 'wardgate', role: 'device', id, publicKey, privateKey })
  return { id, publicKey, privateKey, csrDer, certify: () => certify(id, publicKey) }
}

function certify(id: string, publicKey: KeyObject): X509Certificate {
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const { certificatePath } = store.issue({ role: 'device', id, publicKeyPem, nowMs })
  return new X509Certificate(readText(certificatePath, 'certificate'))
}

const first = (
  device: ReturnType<typeof newDevice>,
  options: { readonly ca?: string; readonly url?: string } = {},
) =>
  enroll({
    url,
    ca,
    clock: systemClock,
    role: 'device',
    id: device.id,
    code: 'THE-CODE',
    csrDer: device.csrDer,
    ...options,
  })

describe('the authorities', () => {
  it('are fetched over a connection that they prove', async () => {
    answers = { cacerts: goodAuthorities }
    const { certificates, pem } = await caCertificates({ url, clock: systemClock }, { ca })
    expect(certificates.map(String)).toEqual(authorities.map(String))
    expect(pem).toBe(ca)
    expect(asked[0]?.headers.host).toBe(url.slice('https://'.length))
  })

  it.each<[string, () => Answer, string]>([
    ['an error', () => ({ status: 500 }), 'est-refused'],
    [
      'a redirect, which is not followed',
      () => ({ status: 302, headers: { location: 'https://8.8.8.8/' } }),
      'est-refused',
    ],
    ['a page', () => ({ headers: { 'content-type': 'text/html' }, body: '<html>' }), 'est-unusable'],
    ['no base64', () => ({ headers: PKCS7, body: '!!' }), 'est-unusable'],
    ['no PKCS#7', () => ({ headers: PKCS7, body: 'AAAA' }), 'est-unusable'],
    ['nothing', () => ({ headers: PKCS7, body: '' }), 'est-unusable'],
    ['more than can be meant', () => ({ headers: PKCS7, body: 'A'.repeat(300_000) }), 'est-too-large'],
  ])('are not taken from %s', async (_name, answer, reason) => {
    answers = { cacerts: answer }
    expect(await reasonOf(caCertificates({ url, clock: systemClock }, { ca }))).toBe(reason)
  })

  it('are not waited for without end', async () => {
    const clock = new FakeClock()
    answers = {
      cacerts: () => {
        setImmediate(() => clock.advance(30_000))
        return 'never'
      },
    }
    expect(await reasonOf(caCertificates({ url, clock }, { ca }))).toBe('est-no-answer')
    expect(clock.pendingCount).toBe(0)
  })

  it('are asked for only where the guard of the uplink allows it', async () => {
    const options = { clock: systemClock }
    for (const [bad, reason] of [
      ['https://8.8.8.8:8443', 'public-address'],
      ['http://127.0.0.1:8443', 'plaintext-scheme'],
      ['mqtts://127.0.0.1:8443', 'unsupported-scheme'],
      ['https://user:pass@127.0.0.1', 'credentials-in-url'],
      ['https://127.0.0.1/path', 'invalid-url'],
    ] as const)
      expect(await reasonOf(caCertificates({ url: bad, ...options }, { ca }))).toBe(reason)
    expect(asked).toEqual([])
  })
})

describe('first contact by the fingerprint of the root', () => {
  it('finds that root and nothing else', async () => {
    answers = { cacerts: goodAuthorities }
    const root = await rootByFingerprint({ url, clock: systemClock }, rootSha256)
    expect(sha256Of(new X509Certificate(root))).toBe(rootSha256)
  })

  it('refuses a gateway that has another root, before any code is sent', async () => {
    answers = { cacerts: goodAuthorities }
    expect(await reasonOf(rootByFingerprint({ url, clock: systemClock }, 'ab'.repeat(32)))).toBe(
      'est-other-authority',
    )
    expect(asked.map(({ url: path }) => path)).toEqual(['/.well-known/est/cacerts'])
  })

  it('refuses the fingerprint of what is no root', async () => {
    answers = { cacerts: goodAuthorities }
    const issuing = sha256Of(authorities[0])
    expect(await reasonOf(rootByFingerprint({ url, clock: systemClock }, issuing))).toBe(
      'est-other-authority',
    )
  })

  it('says so when nobody is there', async () => {
    expect(
      await reasonOf(rootByFingerprint({ url: 'https://127.0.0.1:1', clock: systemClock }, rootSha256)),
    ).toBe('connect-failed')
  })
})

describe('a first certificate', () => {
  it('is asked for with identity and code, and comes with its chain', async () => {
    const device = newDevice()
    answers = { cacerts: goodAuthorities, simpleenroll: () => bag([device.certify()]) }
    const issued = await first(device)
    if (issued.kind !== 'issued') throw new Error('not issued')
    expect(pemBlocks(issued.chainPem)).toHaveLength(2)
    expect(issued.certificate.publicKey.equals(device.publicKey)).toBe(true)
    expect(issued.authorities.pem).toBe(ca)
    const [request] = asked
    expect(request?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from(`device/${device.id}:THE-CODE`).toString('base64')}`,
      'content-type': 'application/pkcs10',
    })
    expect(Buffer.from(request?.text ?? '', 'base64')).toEqual(Buffer.from(device.csrDer))
  })

  it('may have to wait as long as the server says', async () => {
    const after = (headers: Record<string, string>) => () => ({ status: 202, headers })
    for (const [headers, retryAfterMs] of [
      [{ 'retry-after': '15' }, 15_000],
      [{ 'retry-after': '0' }, 1000],
      [{ 'retry-after': '999999' }, 3_600_000],
      [{ 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT' }, 60_000],
      [{}, 60_000],
    ] as const) {
      answers = { simpleenroll: after({ ...headers }) }
      expect(await first(newDevice())).toEqual({ kind: 'pending', retryAfterMs })
    }
  })

  it.each<[string, () => Answer, string]>([
    ['the code is not accepted', () => ({ status: 401 }), 'est-unauthorised'],
    ['the request is refused', () => ({ status: 400 }), 'est-refused'],
    ['the certificate is of another key', () => bag([newDevice().certify()]), 'est-unusable'],
    ['there is only an authority in the answer', () => bag(authorities), 'est-unusable'],
  ])('fails when %s', async (_name, answer, reason) => {
    answers = { cacerts: goodAuthorities, simpleenroll: answer }
    expect(await reasonOf(first(newDevice()))).toBe(reason)
  })

  it('is refused when it is for the right identity and another key', async () => {
    const device = newDevice()
    answers = {
      cacerts: goodAuthorities,
      simpleenroll: () => bag([certify(device.id, newDevice().publicKey)]),
    }
    expect(await reasonOf(first(device))).toBe('est-unusable')
  })

  it('is refused when it names another identity than was asked for', async () => {
    const device = newDevice()
    answers = {
      cacerts: goodAuthorities,
      simpleenroll: () => bag([certify(`not-${device.id}`, device.publicKey)]),
    }
    expect(await reasonOf(first(device))).toBe('est-unusable')
  })

  it('is refused when it is not from the authorities of the server', async () => {
    const device = newDevice()
    const foreign = initStore({
      stateDir: elsewhere.path,
      site: 'wardgate',
      serverNames: ['localhost'],
      nowMs,
    })
    const publicKeyPem = device.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const issued = foreign.issue({ role: 'device', id: device.id, publicKeyPem, nowMs })
    const certificate = new X509Certificate(readText(issued.certificatePath, 'certificate'))
    answers = { cacerts: goodAuthorities, simpleenroll: () => bag([certificate]) }
    expect(await reasonOf(first(device))).toBe('est-unusable')
  })

  it('is not asked for where the gateway is not the trusted one: the code is never sent', async () => {
    const foreign = readText(`${elsewhere.path}/certs/ca.pem`, 'trust file')
    answers = { simpleenroll: () => ({ status: 401 }) }
    expect(await reasonOf(first(newDevice(), { ca: foreign }))).toBe('tls-failed')
    expect(asked).toEqual([])
  })

  it('never shows the code in an error', async () => {
    answers = { simpleenroll: () => ({ status: 401 }) }
    const error: unknown = await first(newDevice()).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UplinkError)
    expect(JSON.stringify([String(error), error])).not.toMatch(/THE-CODE|VEhFLUNPREU/)
  })
})

describe('the next certificate', () => {
  it('is asked for with the last one, for a new key', async () => {
    const { id } = newDevice()
    store.issue({ role: 'device', id, nowMs })
    const material = store.clientMaterial('device', id)
    const next = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const csrDer = buildCsr({ site: 'wardgate', role: 'device', id, ...next })
    let shown: string | undefined
    answers = {
      cacerts: goodAuthorities,
      simplereenroll(request) {
        const socket: unknown = request.socket
        shown =
          typeof socket === 'object' && socket !== null && 'authorized' in socket
            ? String(socket.authorized)
            : ''
        return { status: 403 }
      },
    }
    expect(await reasonOf(reenroll({ url, material, csrDer, clock: systemClock }))).toBe('est-refused')
    expect(shown).toBe('true')
  })

  it('is not taken for another identity than that of the last one', async () => {
    const holder = newDevice()
    store.issue({ role: 'device', id: holder.id, nowMs })
    const material = store.clientMaterial('device', holder.id)
    const other = newDevice()
    answers = { cacerts: goodAuthorities, simplereenroll: () => bag([other.certify()]) }
    expect(await reasonOf(reenroll({ url, material, csrDer: other.csrDer, clock: systemClock }))).toBe(
      'est-unusable',
    )
  })
})

/** The reason of what must come to nothing. */
async function reasonOf(attempt: Promise<unknown>): Promise<unknown> {
  try {
    await attempt
  } catch (error) {
    if (error instanceof UplinkError) return error.context['reason']
    throw error
  }
  throw new Error('it went through')
}

function sha256Of(certificate: X509Certificate | undefined): string {
  return certificate?.fingerprint256.replaceAll(':', '').toLowerCase() ?? ''
}
