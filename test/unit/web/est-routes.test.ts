import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { X509Certificate } from 'node:crypto'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { keyCheck } from '../../../certs/enrolment-code.ts'
import { publicKeySha256 } from '../../../certs/public-key.ts'
import { certificatesIn, createEstBench, newOwner, requestOf, type EstAsk } from '../../support/est-bench.ts'
import { opensslCsr } from '../../support/openssl-csr.ts'

const HOUR_MS = 3_600_000
const MON_1 = { role: 'device', id: 'mon-1' } as const

let bench: ReturnType<typeof createEstBench>
beforeEach(() => {
  bench = createEstBench()
})
afterEach(() => bench.remove())

const invite = (options: { readonly id?: string; readonly approval?: 'code' | 'operator' } = {}) =>
  bench.enrolment.invite({ ...MON_1, nowMs: bench.clock.nowMs(), ...options }).code

/** A device that has enrolled: its key and its certificate. */
async function enrolled(): Promise<{ owner: ReturnType<typeof newOwner>; certificate: X509Certificate }> {
  const owner = newOwner()
  const answer = await bench.ask('simpleenroll', {
    user: 'mon-1',
    code: invite(),
    der: requestOf('device/mon-1', owner),
  })
  const [certificate] = certificatesIn(answer)
  if (certificate === undefined) throw new Error('not enrolled')
  return { owner, certificate }
}

describe('the authorities', () => {
  it('are all given, to anybody', async () => {
    const answer = await bench.ask('cacerts')
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/pkcs7-mime' } })
    expect(certificatesIn(answer).map(String)).toEqual(
      bench.store.authorities().map(({ certificate }) => certificate.toString()),
    )
  })

  it('ask nothing of a request but that it is one', async () => {
    expect(await bench.ask('csrattrs')).toEqual({ status: 204 })
  })
})

describe('a first certificate', () => {
  it('is made for who has the code, and the event says for whom and for which key', async () => {
    const owner = newOwner()
    const der = requestOf('device/mon-1', owner)
    const answer = await bench.ask('simpleenroll', { user: 'device/mon-1', code: invite(), der })
    expect(answer).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'application/pkcs7-mime; smime-type=certs-only',
        'cache-control': 'no-store',
      },
    })
    const [certificate, ...others] = certificatesIn(answer)
    expect(others).toEqual([])
    expect(certificate?.subjectAltName).toBe('URI:spiffe://ward.test/device/mon-1')
    expect(certificate?.publicKey.equals(owner.publicKey)).toBe(true)
    const keySha256 = publicKeySha256(owner.publicKey)
    expect(bench.events.named('enrolled')).toEqual([
      {
        ...MON_1,
        address: '10.0.0.7:40000',
        serial: certificate?.serialNumber,
        keySha256,
        keyCheck: keyCheck(keySha256),
      },
    ])
    expect(bench.store.list(bench.clock.nowMs()).at(-1)).toMatchObject({ ...MON_1, status: 'valid' })
  })

  it.each(['ec:P-384', 'rsa:3072'] as const)('is made for a key of openssl: %s', async (key) => {
    const { der } = opensslCsr(key, '/CN=mon-1')
    const answer = await bench.ask('simpleenroll', { user: 'mon-1', code: invite(), der })
    expect(certificatesIn(answer)).toHaveLength(1)
  })

  it('is given again to the same key, and to no other, when the answer was lost', async () => {
    const code = invite()
    const owner = newOwner()
    const ask = { user: 'mon-1', code, der: requestOf('device/mon-1', owner) }
    const first = await bench.ask('simpleenroll', ask)
    const again = await bench.ask('simpleenroll', ask)
    expect(certificatesIn(again).map(String)).toEqual(certificatesIn(first).map(String))
    expect(bench.events.named('enrolled').map((detail) => detail['again'])).toEqual([undefined, true])
    const stranger = await bench.ask('simpleenroll', { ...ask, der: requestOf('device/mon-1', newOwner()) })
    expect(stranger.status).toBe(401)
    expect(bench.reasons()).toEqual(['code-used'])
    expect(bench.store.list(bench.clock.nowMs()).filter(({ id }) => id === 'mon-1')).toHaveLength(1)
  })

  it('is given again to the same key when the gateway died before it noted the code as used', async () => {
    const code = invite()
    const owner = newOwner()
    const publicKeyPem = owner.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const { serial } = bench.store.certify({ ...MON_1, publicKeyPem, nowMs: bench.clock.nowMs() })
    const answer = await bench.ask('simpleenroll', {
      user: 'mon-1',
      code,
      der: requestOf('device/mon-1', owner),
    })
    expect(certificatesIn(answer)[0]?.serialNumber).toBe(serial)
  })

  it('is not given again once it is revoked', async () => {
    const code = invite()
    const ask = { user: 'mon-1', code, der: requestOf('device/mon-1', newOwner()) }
    const [certificate] = certificatesIn(await bench.ask('simpleenroll', ask))
    bench.store.revoke(certificate?.serialNumber ?? '', 'keyCompromise', bench.clock.nowMs())
    expect((await bench.ask('simpleenroll', ask)).status).toBe(401)
    expect(bench.reasons()).toEqual(['code-used'])
  })

  it('waits for the operator where the code alone is not enough', async () => {
    const ask = {
      user: 'mon-1',
      code: invite({ approval: 'operator' }),
      der: requestOf('device/mon-1', newOwner()),
    }
    expect(await bench.ask('simpleenroll', ask)).toMatchObject({
      status: 202,
      headers: { 'retry-after': '15' },
    })
    expect((await bench.ask('simpleenroll', ask)).status).toBe(202)
    expect(bench.events.named('enrolment-requested')).toHaveLength(1)
    bench.enrolment.decide(MON_1, 'approved', bench.clock.nowMs())
    expect((await bench.ask('simpleenroll', ask)).status).toBe(200)
  })

  it('is refused for good once the operator said no', async () => {
    const ask = {
      user: 'mon-1',
      code: invite({ approval: 'operator' }),
      der: requestOf('device/mon-1', newOwner()),
    }
    await bench.ask('simpleenroll', ask)
    bench.enrolment.decide(MON_1, 'rejected', bench.clock.nowMs())
    expect((await bench.ask('simpleenroll', ask)).status).toBe(401)
    expect(bench.reasons()).toEqual(['rejected'])
  })
})

describe('a first certificate is refused', () => {
  const own = () => requestOf('device/mon-1', newOwner())
  const good = (): EstAsk => ({ user: 'mon-1', code: invite(), der: own() })
  const rows: readonly (readonly [reason: string, status: number, ask: () => EstAsk])[] = [
    ['no-credentials', 401, () => ({ der: own() })],
    ['no-credentials', 401, () => ({ ...good(), headers: { authorization: 'Bearer abc' } })],
    ['no-credentials', 401, () => ({ ...good(), headers: { authorization: `Basic ${'A'.repeat(4000)}` } })],
    ['wrong-code', 401, () => ({ ...good(), code: '0000-0000-0000-0000' })],
    ['no-code', 401, () => ({ ...good(), code: '0000-0000-0000-0000', user: 'mon-2' })],
    ['code-of-another', 401, () => ({ ...good(), user: 'mon-2' })],
    ['code-of-another', 401, () => ({ ...good(), user: 'operator/mon-1' })],
    ['other-identity', 400, () => ({ ...good(), der: requestOf('device/mon-2', newOwner()) })],
    ['other-identity', 400, () => ({ ...good(), der: requestOf('operator/mon-1', newOwner()) })],
    ['other-identity', 400, () => ({ ...good(), der: requestOf('device/mon-1', newOwner(), 'other.site') })],
    ['wrong-content-type', 415, () => ({ ...good(), headers: { 'content-type': 'text/plain' } })],
    ['not-base64', 400, () => ({ ...good(), body: '' })],
    ['not-base64', 400, () => ({ ...good(), body: '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END' })],
    ['not-der', 400, () => ({ ...good(), body: 'AAAA' })],
    ['too-large', 413, () => ({ ...good(), der: Buffer.alloc(16 * 1024 + 1, 0x30) })],
    ['bad-signature', 400, () => ({ ...good(), der: broken(own()) })],
    ['weak-signature', 400, () => ({ ...good(), der: opensslCsr('rsa:2048', '/CN=mon-1', ['-sha1']).der })],
    ['unfit-key', 400, () => ({ ...good(), der: opensslCsr('rsa:1024', '/CN=mon-1').der })],
  ]
  it.each(rows)('for %s, which only the event says, with %i', async (reason, status, ask) => {
    const answer = await bench.ask('simpleenroll', ask())
    expect(answer.status).toBe(status)
    expect(bench.reasons()).toEqual([reason])
    expect(String(answer.body)).not.toMatch(/code|key|sign|identity|mon-/)
    expect('www-authenticate' in (answer.headers ?? {})).toBe(status === 401)
    expect(bench.store.list(bench.clock.nowMs())).toHaveLength(3)
  })

  it('when the code has ended', async () => {
    const ask = good()
    bench.clock.step(24 * HOUR_MS)
    expect((await bench.ask('simpleenroll', ask)).status).toBe(401)
    expect(bench.reasons()).toEqual(['code-expired'])
  })

  it('after ten wrong codes, also with the right one', async () => {
    const ask = good()
    for (let attempt = 0; attempt < 10; attempt += 1)
      await bench.ask('simpleenroll', { ...ask, code: 'wrong' })
    expect((await bench.ask('simpleenroll', ask)).status).toBe(401)
    expect(bench.reasons().at(-1)).toBe('code-void')
  })

  it('to another key while one waits for approval', async () => {
    const ask = { user: 'mon-1', code: invite({ approval: 'operator' }), der: own() }
    await bench.ask('simpleenroll', ask)
    expect((await bench.ask('simpleenroll', { ...ask, der: own() })).status).toBe(401)
    expect(bench.reasons()).toEqual(['other-key'])
  })

  it('to an identity that has a certificate, which has to be revoked first', async () => {
    await enrolled()
    expect((await bench.ask('simpleenroll', good())).status).toBe(403)
    expect(bench.events.named('enrolment-refused')).toMatchObject([
      { reason: 'already-certified', detail: expect.stringContaining('revoke it first') },
    ])
  })

  it('to an identity that has no row in the inventory', async () => {
    bench.unlisted.add('device/mon-1')
    expect((await bench.ask('simpleenroll', good())).status).toBe(403)
    expect(bench.reasons()).toEqual(['not-in-inventory'])
  })

  it('for a key that belongs to another identity', async () => {
    const { owner } = await enrolled()
    const code = invite({ id: 'mon-2' })
    const answer = await bench.ask('simpleenroll', {
      user: 'mon-2',
      code,
      der: requestOf('device/mon-2', owner),
    })
    expect(answer.status).toBe(403)
    expect(bench.events.named('enrolment-refused')).toMatchObject([
      { reason: 'not-certifiable', detail: expect.stringContaining("belongs to device 'mon-1'") },
    ])
  })

  it('on a clock that is not believed', async () => {
    const ask = good()
    bench.time.standing = 'implausible'
    expect(await bench.ask('simpleenroll', ask)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '300' },
    })
    expect(bench.reasons()).toEqual(['clock-implausible'])
  })

  it('with an error, not a refusal, when the gateway itself cannot sign', async () => {
    const ask = good()
    rmSync(join(bench.stateDir, 'certs/ca/issuing.key'))
    await expect(bench.ask('simpleenroll', ask)).rejects.toThrow(/issuing/)
    expect(bench.reasons()).toEqual([])
  })

  it('without ever showing the code, or a forged line, in an event', async () => {
    const ask = good()
    await bench.ask('simpleenroll', { ...ask, user: 'mon-2\r\nforged: line' })
    await bench.ask('simpleenroll', { ...ask, user: 'mon-2' })
    const text = JSON.stringify(bench.events.all)
    expect(text).not.toContain(ask.code)
    expect(text).not.toMatch(/\\r|\\n/)
  })

  it('whatever is sent, without throwing', async () => {
    const text = fc.string({ maxLength: 60, unit: 'binary' })
    await fc.assert(
      fc.asyncProperty(text, text, text, async (authorization, body, type) => {
        const headers = { authorization, 'content-type': type }
        for (const operation of ['simpleenroll', 'simplereenroll'])
          expect((await bench.ask(operation, { body, headers })).status).toBeGreaterThanOrEqual(400)
      }),
      { seed: 51, numRuns: 300 },
    )
  })
})

describe('the next certificate', () => {
  it.each([
    ['the same key', true],
    ['a new key', false],
  ])('is made for who shows the last one, with %s', async (_name, isSame) => {
    const { owner, certificate } = await enrolled()
    const next = isSame ? owner : newOwner()
    const answer = await bench.ask('simplereenroll', { certificate, der: requestOf('device/mon-1', next) })
    const [renewed] = certificatesIn(answer)
    expect(renewed?.publicKey.equals(next.publicKey)).toBe(true)
    expect(renewed?.serialNumber).not.toBe(certificate.serialNumber)
    expect(bench.events.named('renewed')).toMatchObject([
      { ...MON_1, serial: renewed?.serialNumber, previous: certificate.serialNumber },
    ])
    const rows = bench.store.list(bench.clock.nowMs()).filter(({ id }) => id === 'mon-1')
    expect(rows.map(({ status }) => status)).toEqual(['valid', 'valid'])
  })

  it('needs a certificate: a code is not enough', async () => {
    const der = requestOf('device/mon-1', newOwner())
    expect((await bench.ask('simplereenroll', { user: 'mon-1', code: invite(), der })).status).toBe(403)
    expect(bench.reasons()).toEqual(['no-certificate'])
  })

  it.each([
    ['another id', 'device/mon-2'],
    ['another role', 'operator/mon-1'],
  ])('is not made for %s', async (_name, identity) => {
    const { certificate } = await enrolled()
    const answer = await bench.ask('simplereenroll', { certificate, der: requestOf(identity, newOwner()) })
    expect(answer.status).toBe(400)
    expect(bench.reasons()).toEqual(['other-identity'])
  })

  it('is not made for a broken signature, nor without a row in the inventory', async () => {
    const { certificate } = await enrolled()
    const der = requestOf('device/mon-1', newOwner())
    expect((await bench.ask('simplereenroll', { certificate, der: broken(der) })).status).toBe(400)
    bench.unlisted.add('device/mon-1')
    expect((await bench.ask('simplereenroll', { certificate, der })).status).toBe(403)
    expect(bench.reasons()).toEqual(['bad-signature', 'not-in-inventory'])
  })

  it('is not made more than a few times a day', async () => {
    const { certificate } = await enrolled()
    const ask = () => bench.ask('simplereenroll', { certificate, der: requestOf('device/mon-1', newOwner()) })
    for (let count = 0; count < 3; count += 1) expect((await ask()).status).toBe(200)
    expect(await ask()).toMatchObject({ status: 429, headers: { 'retry-after': '3600' } })
    expect(bench.reasons()).toEqual(['too-often'])
    bench.clock.step(25 * HOUR_MS)
    expect((await ask()).status).toBe(200)
  })

  it('waits for a clock that is believed', async () => {
    const { certificate, owner } = await enrolled()
    bench.time.standing = 'implausible'
    const answer = await bench.ask('simplereenroll', { certificate, der: requestOf('device/mon-1', owner) })
    expect(answer.status).toBe(503)
  })
})

/** The same request with its last bit turned. */
function broken(der: Uint8Array): Uint8Array {
  const bytes = Buffer.from(der)
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
  return bytes
}
