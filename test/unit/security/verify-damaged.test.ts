/** Bytes from outside: whatever is done to a certificate, it is refused in words and nothing is thrown. */

import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { readForm } from '../../../certs/certificate-form.ts'
import { createIdentify, type Identify } from '../../../gateway/security/identify.ts'
import { judgeClock } from '../../../gateway/security/judge-clock.ts'
import { parseTimeRecord } from '../../../gateway/security/time-file.ts'
import { readAuthorities } from '../../../gateway/security/verify-authority.ts'
import { makeOddCertificate, type OddCertificate } from '../../support/odd-certificate.ts'

const SITE = 'ward.test'

let issuing: OddCertificate
let good: X509Certificate
let identify: Identify
beforeAll(() => {
  issuing = makeOddCertificate({ isCa: true, subject: '/CN=issuing' })
  const altName = `URI:spiffe://${SITE}/device/mon-1`
  good = new X509Certificate(
    makeOddCertificate({ altName, extendedKeyUsage: 'clientAuth', issuer: issuing }).cert,
  )
  identify = createIdentify({
    site: SITE,
    time: { nowMs: () => Date.now() },
    issuers: () => [new X509Certificate(issuing.cert)],
    isRevoked: () => false,
  })
})

/** What OpenSSL cannot read never becomes a certificate, and so never comes here. */
function read(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der)
  } catch {
    return undefined
  }
}

describe('a certificate', () => {
  it('is identified as it is', () => {
    expect(identify(good).kind).toBe('identified')
  })

  it('is refused when any bit of it was turned', () => {
    fc.assert(
      fc.property(fc.nat(good.raw.length - 1), fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const der = Buffer.from(good.raw)
        der.writeUInt8(der.readUInt8(at) ^ (1 << bit), at)
        const changed = read(der)
        if (changed !== undefined) expect(identify(changed).kind).toBe('refused')
      }),
      { numRuns: 600, seed: 7 },
    )
  })

  it('is refused when it was cut, or spliced with bytes of another', () => {
    fc.assert(
      fc.property(
        fc.nat(good.raw.length - 1),
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        (at, bytes) => {
          const changed = read(
            Buffer.concat([good.raw.subarray(0, at), bytes, good.raw.subarray(at + bytes.length)]),
          )
          if (changed !== undefined && !changed.raw.equals(good.raw))
            expect(identify(changed).kind).toBe('refused')
        },
      ),
      { numRuns: 600, seed: 8 },
    )
  })
})

describe('reading what is not there', () => {
  it('gives no form, and throws at no bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 256 }), (bytes) => {
        expect(() => readForm({ raw: Buffer.from(bytes) })).not.toThrow()
      }),
      { seed: 9 },
    )
    expect(readForm({ raw: Buffer.alloc(0) })).toBeUndefined()
    expect(readForm({ raw: good.raw.subarray(0, -1) })).toBeUndefined()
  })

  it('gives the form of any certificate with turned bits', () => {
    fc.assert(
      fc.property(fc.nat(good.raw.length - 1), fc.nat(255), (at, value) => {
        const raw = Buffer.from(good.raw)
        raw.writeUInt8(value, at)
        expect(() => readForm({ raw })).not.toThrow()
      }),
      { numRuns: 600, seed: 10 },
    )
  })

  it('takes no text for an authority that is none', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from(text).toString('base64')}\n-----END CERTIFICATE-----\n`
        expect(readAuthorities(text + pem).issuing).toEqual([])
      }),
      { seed: 11 },
    )
  })

  it('takes no text for a record of the time that is none', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseTimeRecord(text).kind).toBe('damaged')
      }),
      { seed: 12 },
    )
  })
})

describe('the judgement of the clock', () => {
  const time = fc.double({ min: 0, max: 4e12, noNaN: true })
  const moment = fc.record({
    atMs: time,
    ranMs: fc.double({ min: 0, max: 1e11, noNaN: true }),
    since: fc.constantFrom('running' as const, 'switched-off' as const),
  })

  it('always has an estimate, never before the last known moment, whatever the wall clock says', () => {
    fc.assert(
      fc.property(
        fc.oneof(time, fc.constant(NaN)),
        moment,
        fc.option(time, { nil: undefined }),
        (wallMs, known, birthMs) => {
          const { estimateMs, fault } = judgeClock({ wallMs, known, birthMs })
          expect(estimateMs).toBeGreaterThanOrEqual(known.atMs)
          if (Number.isNaN(wallMs)) expect(fault).toBeDefined()
        },
      ),
      { seed: 13 },
    )
  })

  it('believes a clock that agrees, and the estimate itself', () => {
    fc.assert(
      fc.property(moment, (known) => {
        const wallMs = known.atMs + known.ranMs
        expect(judgeClock({ wallMs, known, birthMs: undefined })).toEqual({
          fault: undefined,
          estimateMs: wallMs,
        })
      }),
      { seed: 14 },
    )
  })
})
