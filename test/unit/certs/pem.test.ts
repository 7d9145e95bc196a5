import * as fc from 'fast-check'
import { describe, expect, it } from '@jest/globals'
import { pemBlocks, toPem } from '../../../certs/pem.ts'

const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 })

describe('PEM', () => {
  it('gives back what it was made from, among any number of blocks and with any text between', () => {
    fc.assert(
      fc.property(
        fc.array(bytes, { maxLength: 4 }),
        fc.stringMatching(/^[a-z \n]{0,40}$/),
        (all, between) => {
          const text = all.map((der) => between + toPem('X509 CRL', der)).join(between)
          expect(pemBlocks(text).map((block) => [...block.der])).toEqual(all.map((der) => [...der]))
        },
      ),
      { seed: 6, numRuns: 200 },
    )
  })

  it('never throws on text nobody armoured', () => {
    const pieces = fc.constantFrom(
      '-----BEGIN CERTIFICATE-----',
      '-----END CERTIFICATE-----',
      '-----END X509 CRL-----',
      '\n',
      'QUJD',
      '=',
      '-',
      'é',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((parts) => parts.join('')),
        ),
        (text) => {
          for (const block of pemBlocks(text)) expect(block.der.length).toBeGreaterThan(0)
        },
      ),
      { seed: 7, numRuns: 1000 },
    )
  })

  it.each([
    ['another label at the end', '-----BEGIN CERTIFICATE-----\nQUJD\n-----END PUBLIC KEY-----\n'],
    ['no end', '-----BEGIN CERTIFICATE-----\nQUJD\n'],
    ['nothing inside', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n'],
    ['letters that are no base64', '-----BEGIN CERTIFICATE-----\nQU.D\n-----END CERTIFICATE-----\n'],
    ['base64 cut short', '-----BEGIN CERTIFICATE-----\nQUJDR\n-----END CERTIFICATE-----\n'],
  ])('with %s is no block', (_what, text) => {
    expect(pemBlocks(text)).toEqual([])
  })

  it('is read with the line ends of any system', () => {
    const [block] = pemBlocks(toPem('PUBLIC KEY', Uint8Array.of(1, 2, 3)).replaceAll('\n', '\r\n'))
    expect(block).toMatchObject({ label: 'PUBLIC KEY', der: Buffer.of(1, 2, 3) })
  })

  it('takes time in proportion to the text', () => {
    const text = '-----BEGIN CERTIFICATE-----\n'.repeat(20_000)
    expect(pemBlocks(text)).toEqual([])
  })
})
