import { beforeAll, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { createIssuing, createRoot, type Authority } from '../../../certs/authority.ts'
import { splitCrls } from '../../../certs/crl-reading.ts'
import { buildCrl, CRL_LIFETIME_MS } from '../../../certs/revocation.ts'
import { crlPolicy } from '../../../gateway/security/crl-policy.ts'

const DAY_MS = 86_400_000
const nowMs = Date.parse('2026-09-20T10:15:00.000Z')
const site = 'ward.test'

let root: Authority
let issuing: Authority
let next: Authority
let stranger: Authority
beforeAll(() => {
  root = createRoot({ site, nowMs })
  issuing = createIssuing(root, { site, nowMs })
  next = createIssuing(root, { site, nowMs })
  stranger = createRoot({ site, nowMs })
})

const list = (authority: Authority, atMs = nowMs): string =>
  buildCrl(authority, { number: 1, nowMs: atMs, revoked: [], lifetimeMs: CRL_LIFETIME_MS })
const decide = (
  crlPem: string | undefined,
  authorities: readonly Authority[] = [issuing, root],
  atMs = nowMs,
) => crlPolicy({ crlPem, authorities: authorities.map(({ certificate }) => certificate), nowMs: atMs })
const wordOf = (decision: ReturnType<typeof decide>): string =>
  decision.kind === 'whole' ? `${decision.lists.length} lists` : decision.reason

describe('the lists that TLS is given', () => {
  it('are a fresh one of every authority, each a text of its own', () => {
    const pem = list(issuing) + list(root)
    expect(decide(pem)).toEqual({ kind: 'whole', lists: splitCrls(pem) })
  })

  it.each<{ name: string; pem: () => string | undefined; reason: string }>([
    { name: 'the file is missing', pem: () => undefined, reason: 'missing' },
    { name: 'the file is empty', pem: () => '', reason: 'authority-without-list' },
    { name: 'the file is no PEM', pem: () => 'oops', reason: 'damaged' },
    { name: 'a list is cut short', pem: () => (list(issuing) + list(root)).slice(0, -60), reason: 'damaged' },
    {
      name: 'a character of a list is wrong',
      pem: () => list(issuing) + list(root).replace(/M(.{40})A/, 'M$1B'),
      reason: 'damaged',
    },
    {
      name: 'a list is of a stranger',
      pem: () => list(issuing) + list(stranger),
      reason: 'damaged',
    },
    { name: 'one authority has none', pem: () => list(issuing), reason: 'authority-without-list' },
    {
      name: 'a list begins tomorrow',
      pem: () => list(issuing) + list(root, nowMs + DAY_MS),
      reason: 'from-the-future',
    },
    {
      name: 'a list has run out',
      pem: () => list(issuing, nowMs - 31 * DAY_MS) + list(root),
      reason: 'expired',
    },
  ])('are none when $name', ({ pem, reason }) => {
    expect(decide(pem())).toMatchObject({ kind: 'faulty', reason })
  })

  it("are not spoilt by one too many: a stranger's, or what is left of another", () => {
    for (const more of [list(stranger), list(issuing).slice(0, -60), 'text'])
      expect(wordOf(decide(list(issuing) + list(root) + more))).toBe('2 lists')
  })

  it('name the authority that has no usable list', () => {
    const decision = decide(list(issuing))
    expect(decision).toMatchObject({ authority: root.certificate.subject.replaceAll('\n', ', ') })
  })

  it('run out in the very millisecond that is written in them', () => {
    const pem = list(issuing) + list(root)
    const endMs = nowMs + 30 * DAY_MS
    expect([endMs - 1, endMs].map((atMs) => wordOf(decide(pem, [issuing, root], atMs)))).toEqual([
      '2 lists',
      'expired',
    ])
  })

  it('must be there for an authority that is retired as long as it has not ended, and not after', () => {
    const pem = list(issuing) + list(root)
    expect(wordOf(decide(pem, [issuing, next, root]))).toBe('authority-without-list')
    const endMs = Date.parse(next.certificate.validTo)
    const late = list(root, endMs + 1)
    expect(wordOf(decide(late, [next, root], endMs + 1))).toBe('1 lists')
  })

  it('are decided about without a throw, whatever the file holds', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => list(issuing) + text),
        ),
        (pem) => {
          expect(decide(pem).kind).toBe('faulty')
        },
      ),
      { numRuns: 200 },
    )
  })
})
