import * as fc from 'fast-check'
import { describe, expect, it } from '@jest/globals'
import { createRoot } from '../../../certs/authority.ts'
import { pemBlocks, toPem } from '../../../certs/pem.ts'
import { crlOf, readCrls, splitCrls } from '../../../certs/crl-reading.ts'
import { buildCrl, CRL_LIFETIME_MS, isListDue, type CrlContent } from '../../../certs/revocation.ts'

const nowMs = Date.UTC(2026, 8, 20, 10, 15, 2)
const DAY_MS = 86_400_000
const root = createRoot({ site: 'wardgate', nowMs })
const empty = list({ number: 7 })

describe('a revocation list', () => {
  it('is read back with its number and its times', () => {
    expect(readCrls(empty)).toEqual([
      { number: 7, thisUpdateMs: nowMs - 300_000, nextUpdateMs: nowMs + 30 * DAY_MS },
    ])
  })

  it('is read back as well when it names revoked certificates', () => {
    const serial = '7F'.repeat(16)
    const full = list({
      number: 300,
      revoked: [
        { serial, revokedAtMs: nowMs, reason: 'keyCompromise' },
        { serial: '41', revokedAtMs: nowMs, reason: 'unspecified' },
      ],
    })
    expect(readCrls(full)).toEqual([expect.objectContaining({ number: 300 })])
    expect(Buffer.from(pemBlocks(full)[0]?.der ?? []).toString('hex')).toContain(serial.toLowerCase())
  })

  it('is due from the middle of its life on, and from any time before it began', () => {
    const [times] = readCrls(empty)
    const isDue = (atMs: number): boolean => times !== undefined && isListDue(times, atMs)
    const halfMs = (nowMs - 300_000 + nowMs + 30 * DAY_MS) / 2
    expect(isDue(nowMs)).toBe(false)
    expect(isDue(halfMs - 1)).toBe(false)
    expect(isDue(halfMs)).toBe(true)
    expect(isDue(nowMs + 31 * DAY_MS)).toBe(true)
    expect(isDue(nowMs - 300_001)).toBe(true)
  })

  it('never outlives its authority', () => {
    const endMs = Date.parse(root.certificate.validTo)
    const late = list({ nowMs: endMs - DAY_MS })
    expect(readCrls(late)).toEqual([expect.objectContaining({ nextUpdateMs: endMs })])
  })

  it('is found by the authority that signed it, and by no other', () => {
    const other = createRoot({ site: 'wardgate', nowMs })
    const both = list({ number: 3 }, other) + empty
    expect(crlOf(both, root.certificate)?.pem).toBe(empty)
    expect(crlOf(both, other.certificate)?.number).toBe(3)
    expect(crlOf(empty, other.certificate)).toBeUndefined()
  })

  it('is none when a single bit of what was signed, or of the signature, is another', () => {
    const der = pemBlocks(empty)[0]?.der ?? new Uint8Array()
    for (let at = 0; at < der.length; at += 1) {
      const copy = Uint8Array.from(der)
      copy[at] = (copy[at] ?? 0) ^ 1
      expect(crlOf(toPem('X509 CRL', copy), root.certificate)).toBeUndefined()
    }
  })

  it.each([
    ['bytes behind it', (der: Uint8Array) => Buffer.concat([der, Buffer.of(0)])],
    ['a length longer than needed', longLength],
    ['more bytes than any list has', () => new Uint8Array(4 * 1024 * 1024 + 1)],
    ['nothing in it', () => Uint8Array.of(0x30, 0)],
  ])('is damaged when it has %s', (_what, harm) => {
    const pem = toPem('X509 CRL', harm(pemBlocks(empty)[0]?.der ?? new Uint8Array()))
    expect(readCrls(pem)).toEqual([undefined])
    expect(crlOf(pem, root.certificate)).toBeUndefined()
  })

  it('is not sought in other kinds of PEM', () => {
    expect(readCrls(toPem('CERTIFICATE', Uint8Array.of(0x30, 0)))).toEqual([])
  })

  it('is taken apart from its neighbours', () => {
    const second = list({ number: 8 })
    expect(splitCrls(`text\n${empty}${second}`)).toEqual([empty, second])
    expect(splitCrls('text')).toEqual([])
  })

  it('never throws when it is damaged or no list at all', () => {
    const der = pemBlocks(empty)[0]?.der ?? new Uint8Array()
    const damaged = fc.tuple(fc.nat(der.length - 1), fc.nat(255)).map(([at, value]) => {
      const copy = Uint8Array.from(der)
      copy[at] = value
      return copy
    })
    const cut = fc.nat(der.length).map((length) => der.subarray(0, length))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ minLength: 1 }), damaged, cut), (bytes) => {
        const pem = toPem('X509 CRL', bytes)
        for (const list of readCrls(pem))
          if (list !== undefined) expect(list.number).toBeGreaterThanOrEqual(0)
        expect(crlOf(pem, root.certificate)?.number ?? 7).toBe(7)
      }),
      { seed: 10, numRuns: 1000 },
    )
  })
})

function list(content: Partial<CrlContent>, authority = root): string {
  return buildCrl(authority, { number: 1, nowMs, revoked: [], lifetimeMs: CRL_LIFETIME_MS, ...content })
}

/** The same list with the length of its signature written in one octet more. */
function longLength(der: Uint8Array): Uint8Array {
  const bytes = Buffer.from(der)
  const at = bytes.lastIndexOf(Buffer.of(0x03, bytes.length - bytes.lastIndexOf(0x03) - 2))
  const longer = Buffer.concat([bytes.subarray(0, at + 1), Buffer.of(0x81), bytes.subarray(at + 1)])
  longer.writeUInt16BE(longer.readUInt16BE(2) + 1, 2)
  return longer
}
