import * as fc from 'fast-check'
import { describe, expect, it } from '@jest/globals'
import { createRoot } from '../../../certs/authority.ts'
import { pemBlocks, toPem } from '../../../certs/pem.ts'
import { buildCrl, isCrlDue, readCrls, splitCrls } from '../../../certs/revocation.ts'

const nowMs = Date.UTC(2026, 8, 20, 10, 15, 2)
const DAY_MS = 86_400_000
const root = createRoot({ site: 'wardgate', nowMs })
const empty = buildCrl(root, { number: 7, nowMs, revoked: [] })

describe('a revocation list', () => {
  it('is read back with its number and its times', () => {
    expect(readCrls(empty)).toEqual([
      { number: 7, thisUpdateMs: nowMs - 300_000, nextUpdateMs: nowMs + 30 * DAY_MS },
    ])
  })

  it('is read back as well when it names revoked certificates', () => {
    const serial = '7F'.repeat(16)
    const list = buildCrl(root, {
      number: 300,
      nowMs,
      revoked: [
        { serial, revokedAtMs: nowMs, reason: 'keyCompromise' },
        { serial: '41', revokedAtMs: nowMs, reason: 'unspecified' },
      ],
    })
    expect(readCrls(list)).toEqual([expect.objectContaining({ number: 300 })])
    expect(Buffer.from(pemBlocks(list)[0]?.der ?? []).toString('hex')).toContain(serial.toLowerCase())
  })

  it('is due from the middle of its life on, and from any time before it began', () => {
    const halfMs = (nowMs - 300_000 + nowMs + 30 * DAY_MS) / 2
    expect(isCrlDue(nowMs, empty)).toBe(false)
    expect(isCrlDue(halfMs - 1, empty)).toBe(false)
    expect(isCrlDue(halfMs, empty)).toBe(true)
    expect(isCrlDue(nowMs + 31 * DAY_MS, empty)).toBe(true)
    expect(isCrlDue(nowMs - 300_001, empty)).toBe(true)
  })

  it('is due when one of several is', () => {
    const old = buildCrl(root, { number: 1, nowMs: nowMs - 29 * DAY_MS, revoked: [] })
    expect(isCrlDue(nowMs, empty + empty)).toBe(false)
    expect(isCrlDue(nowMs, empty + old)).toBe(true)
  })

  it.each([
    ['empty', ''],
    ['of another kind', toPem('CERTIFICATE', Uint8Array.of(0x30, 0))],
    ['damaged', toPem('X509 CRL', Uint8Array.of(0x30, 0))],
  ])('is due when the text is %s', (_what, pem) => {
    expect(isCrlDue(nowMs, pem)).toBe(true)
  })

  it('is taken apart from its neighbours', () => {
    const second = buildCrl(root, { number: 8, nowMs, revoked: [] })
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
        expect(typeof isCrlDue(nowMs, pem)).toBe('boolean')
      }),
      { seed: 10, numRuns: 1000 },
    )
  })
})
