import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from '@jest/globals'
import { createIssuing, createRoot } from '../../../certs/authority.ts'
import { element, TAG } from '../../../certs/der-bytes.ts'
import { packCertificates, readCertificates } from '../../../certs/pkcs7.ts'
import { tempDir } from '../../support/temp-dir.ts'

const nowMs = Date.parse('2026-09-20T10:15:00.000Z')
const root = createRoot({ site: 'wardgate', nowMs })
const issuing = createIssuing(root, { site: 'wardgate', nowMs })
const both = [issuing.certificate, root.certificate]

describe('a bag of certificates', () => {
  it('is read as it was packed, byte for byte', () => {
    const reading = readCertificates(packCertificates(both))
    expect(reading.kind === 'read' ? reading.certificates.map(String) : reading).toEqual(both.map(String))
  })

  it('is read by openssl', () => {
    const shown = openssl(['pkcs7', '-inform', 'DER', '-print_certs'], packCertificates(both))
    const found = shown.match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----\n/g)
    expect(found?.map((pem) => new X509Certificate(pem).fingerprint256)).toEqual(
      both.map(({ fingerprint256 }) => fingerprint256),
    )
  })

  it('of openssl is read', () => {
    const directory = tempDir()
    const path = join(directory.path, 'both.pem')
    writeFileSync(path, both.map(String).join(''))
    const der = execFileSync('openssl', ['crl2pkcs7', '-nocrl', '-certfile', path, '-outform', 'DER'])
    directory.remove()
    const reading = readCertificates(der)
    expect(reading.kind === 'read' && reading.certificates).toHaveLength(2)
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['no certificate', packCertificates([])],
    ['a certificate alone', Buffer.from(root.certificate.raw)],
    ['more than it may hold', packCertificates(Array.from({ length: 33 }, () => root.certificate))],
    ['more bytes than it may have', element(TAG.sequence, new Uint8Array(128 * 1024))],
    ['something behind it', Buffer.concat([packCertificates(both), Uint8Array.of(0)])],
  ])('is refused with a reason: %s', (_name, der) => {
    expect(readCertificates(der)).toMatchObject({ kind: 'refused', detail: expect.any(String) })
  })

  it('never throws, whatever was done to it', () => {
    const whole = packCertificates(both)
    const changed = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(whole.length))
    fc.assert(
      fc.property(changed, ([at, value, length]) => {
        const bytes = Buffer.from(whole)
        bytes.writeUInt8(value, at)
        readCertificates(bytes)
        expect(readCertificates(bytes.subarray(0, length)).kind).toBe(
          length === whole.length ? readCertificates(bytes).kind : 'refused',
        )
      }),
      { seed: 31, numRuns: 2000 },
    )
  })
})

function openssl(args: readonly string[], input: Uint8Array): string {
  return execFileSync('openssl', args, { input, encoding: 'utf8' })
}
