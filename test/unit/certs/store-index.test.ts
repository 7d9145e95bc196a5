import * as fc from 'fast-check'
import { describe, expect, it } from '@jest/globals'
import { CertificateError } from '../../../certs/errors.ts'
import {
  formatIndex,
  issuerSerialOf,
  keyConflict,
  parseIndex,
  statusOf,
  type IndexRow,
  type StoreIndex,
} from '../../../certs/store-index.ts'

const row: IndexRow = {
  role: 'device',
  id: 'mon-1',
  serial: '4A'.repeat(16),
  notBeforeMs: 1000,
  notAfterMs: 5000,
  fingerprint: 'ab'.repeat(32),
  publicKeySha256: 'cd'.repeat(32),
}
const revoked: IndexRow = { ...row, id: 'mon-2', revocation: { atMs: 2000, reason: 'keyCompromise' } }
const index: StoreIndex = { version: 1, site: 'wardgate', crlNumber: 3, certificates: [row, revoked] }

describe('the index of a store', () => {
  it('is read back as it was written', () => {
    expect(parseIndex(formatIndex(index), 'index.json')).toEqual(index)
    const full: StoreIndex = {
      ...index,
      certificates: [{ ...row, issuer: '4B'.repeat(16), isKeyHeld: true }],
    }
    expect(parseIndex(formatIndex(full), 'index.json')).toEqual(full)
  })

  it('takes the first authority of the kind for the issuer of a row that does not say', () => {
    const ca = (serial: string): IndexRow => ({ ...row, role: 'issuing-ca', id: 'issuing-ca', serial })
    const old: StoreIndex = { ...index, certificates: [ca('AA'), ca('BB'), row] }
    expect(issuerSerialOf(old, row)).toBe('AA')
    expect(issuerSerialOf(old, { ...row, issuer: 'BB' })).toBe('BB')
  })

  it.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['another version', JSON.stringify({ ...index, version: 2 })],
    ['no site', JSON.stringify({ ...index, site: undefined })],
    ['a site that is none', JSON.stringify({ ...index, site: '../x' })],
    ['a negative number', JSON.stringify({ ...index, crlNumber: -1 })],
    ['a number that is text', JSON.stringify({ ...index, crlNumber: '3' })],
    ['no certificates', JSON.stringify({ ...index, certificates: {} })],
    ['an unknown role', withRow({ role: 'admin' })],
    ['a serial that is no hexadecimal', withRow({ serial: '4G' })],
    ['a date that is text', withRow({ notAfterMs: '2027' })],
    ['an issuer that is no serial', withRow({ issuer: 'root' })],
    ['a key that is held by halves', withRow({ isKeyHeld: 'yes' })],
    ['an unknown reason', withRow({ revocation: { atMs: 1, reason: 'because' } })],
    ['a reason every object has', withRow({ revocation: { atMs: 1, reason: 'constructor' } })],
    ['a revocation without a time', withRow({ revocation: { reason: 'superseded' } })],
  ])('is refused as damaged when it holds %s', (_what, text) => {
    expect(() => parseIndex(text, '/state/certs/index.json')).toThrow(CertificateError)
    expect(() => parseIndex(text, '/state/certs/index.json')).toThrow(
      '/state/certs/index.json is damaged: restore it',
    )
  })

  it('is an index or a CertificateError, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), cut()), (text) => {
        try {
          expect(parseIndex(text, 'index.json').version).toBe(1)
        } catch (error) {
          expect(error).toBeInstanceOf(CertificateError)
        }
      }),
      { seed: 11, numRuns: 500 },
    )
  })
})

describe('the state of a certificate', () => {
  it.each([
    [999, 'not-yet-valid'],
    [1000, 'valid'],
    [5000, 'valid'],
    [5001, 'expired'],
  ])('at %i is %s', (nowMs, status) => {
    expect(statusOf(row, nowMs)).toBe(status)
  })

  it('is revoked for good', () => {
    for (const nowMs of [0, 3000, 9000]) expect(statusOf(revoked, nowMs)).toBe('revoked')
  })
})

describe('a key', () => {
  const valid: StoreIndex = { ...index, certificates: [row] }

  it('may be certified again for the same identity', () => {
    expect(keyConflict(valid, { ...row, serial: '4B' })).toBeUndefined()
  })

  it('may not be certified for a second identity', () => {
    expect(keyConflict(valid, { ...row, id: 'mon-9' })).toBe("its key already belongs to device 'mon-1'")
    expect(keyConflict(valid, { ...row, role: 'operator' })).toBe("its key already belongs to device 'mon-1'")
  })

  it('may never be certified again once it is compromised', () => {
    const compromised: StoreIndex = { ...index, certificates: [revoked] }
    expect(keyConflict(compromised, { ...revoked, serial: '4C' })).toContain('revoked as compromised')
  })
})

function withRow(change: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...index, certificates: [{ ...row, ...change }] })
}

function cut(): fc.Arbitrary<string> {
  const text = formatIndex(index)
  return fc.nat(text.length).map((length) => text.slice(0, length))
}
