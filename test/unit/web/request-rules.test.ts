/** Host and origin of a request, judged by facts alone. */

import { X509Certificate } from 'node:crypto'
import { afterAll, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { initStore } from '../../../certs/store.ts'
import { requestFault, type RequestFacts } from '../../../gateway/web/request-rules.ts'
import { tempDir } from '../../support/temp-dir.ts'

const state = tempDir()
afterAll(() => state.remove())
const store = initStore({
  stateDir: state.path,
  site: 'ward.test',
  serverNames: ['gateway.ward.test', 'localhost', '127.0.0.1', '::1'],
  nowMs: Date.parse('2026-09-20T10:15:00Z'),
})
const own = {
  certificate: new X509Certificate(store.serverMaterial().cert),
  origins: ['https://station.ward.test'],
}
const good: RequestFacts = {
  httpVersion: '1.1',
  method: 'GET',
  target: '/x',
  host: 'localhost:8443',
  origin: undefined,
  fetchSite: undefined,
}
const reasonOf = (facts: Partial<RequestFacts>, checksOrigin = false) =>
  requestFault({ ...good, ...facts }, own, checksOrigin)?.reason

describe('the host of a request', () => {
  it.each(['localhost', 'LocalHost:1', 'gateway.ward.test:8443', '127.0.0.1:8443', '[::1]:8443', '[::1]'])(
    '%s is ours: the certificate has that name',
    (host) => expect(reasonOf({ host })).toBeUndefined(),
  )

  it.each([
    ['evil.example', 'host-not-ours'],
    ['localhost.evil.example', 'host-not-ours'],
    ['127.0.0.2', 'host-not-ours'],
    ['2130706433', 'host-not-ours'],
    ['[::2]:8443', 'host-not-ours'],
    ['', 'host-missing'],
    [undefined, 'host-missing'],
    ['localhost, evil.example', 'host-malformed'],
    ['user@localhost', 'host-malformed'],
    ['localhost/x', 'host-malformed'],
    ['localhost.', 'host-malformed'],
    ['localhost:', 'host-malformed'],
    ['localhost:99999', 'host-malformed'],
    ['[127.0.0.1]', 'host-malformed'],
    ['*.ward.test', 'host-malformed'],
  ])('%s is refused: %s', (host, reason) => expect(reasonOf({ host })).toBe(reason))

  it('that is any text at all never throws, and passes only with a name of the certificate in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (host) => {
        if (reasonOf({ host }) === undefined) expect(host).toMatch(/localhost|ward\.test|127\.0\.0\.1|::1/i)
      }),
    )
  })
})

describe('the target of a request', () => {
  it.each(['https://localhost/x', '*', 'localhost:443', '', '/\u00e9', '/a b'])(
    '%j is not a path',
    (target) => expect(reasonOf({ target })).toBe('not-a-path'),
  )

  it('of HTTP 1.0 is refused', () => expect(reasonOf({ httpVersion: '1.0' })).toBe('http-version'))
})

describe('the origin of a request', () => {
  const changing = { method: 'POST' }

  it.each([
    { name: 'our own', facts: { origin: 'https://localhost:8443' } },
    { name: 'our own with the usual port', facts: { host: 'localhost', origin: 'https://localhost:443' } },
    { name: 'one of the configuration', facts: { origin: 'https://station.ward.test' } },
    { name: 'that of no browser', facts: {} },
    { name: 'our own page, as the browser says', facts: { fetchSite: 'same-origin' } },
  ])('may be $name', ({ facts }) => {
    expect(reasonOf({ ...changing, ...facts })).toBeUndefined()
  })

  it.each([
    { name: 'another site', facts: { origin: 'https://evil.example' } },
    { name: 'another port of this host', facts: { origin: 'https://localhost:9999' } },
    { name: 'this host without TLS', facts: { origin: 'http://localhost:8443' } },
    { name: 'a page without origin', facts: { origin: 'null' } },
    { name: 'nothing', facts: { origin: '' } },
    { name: 'another site that hides its name', facts: { fetchSite: 'cross-site' } },
    { name: 'a neighbour that hides its name', facts: { fetchSite: 'same-site' } },
  ])('may not be $name', ({ facts }) => {
    expect(reasonOf({ ...changing, ...facts })).toBe('origin-not-ours')
    expect(reasonOf(facts)).toBeUndefined()
    expect(reasonOf(facts, true)).toBe('origin-not-ours')
  })
})
