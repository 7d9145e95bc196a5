import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'

const root = new URL('../../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

/** Every word of a union of reasons in a source file. */
function wordsOf(path: string, type: string): readonly string[] {
  const union = new RegExp(`type ${type} =([^\n]*(?:\n +[^\n]*)*)`).exec(read(path))?.[1] ?? ''
  return [...union.matchAll(/'([a-z0-9-]+)'/g)].map(([, word]) => word ?? '')
}

const reasons = [
  ...wordsOf('gateway/security/verify-issuer.ts', 'IssuerFault'),
  ...wordsOf('gateway/security/verify-form.ts', 'FormFault'),
  ...wordsOf('gateway/security/verify-dates.ts', 'DateFault'),
  ...wordsOf('gateway/security/verify-names.ts', 'NameFault'),
  ...wordsOf('gateway/security/identify.ts', 'IdentityFault'),
]

describe('docs/refused-certificates.md', () => {
  const page = read('docs/refused-certificates.md')

  it('knows reasons to look for', () => {
    expect(reasons.length).toBeGreaterThan(20)
  })

  it.each(reasons)('says what %s means and what to do', (reason) => {
    expect(page).toContain(`\`${reason}\``)
  })
})

describe('docs/clock.md', () => {
  it.each(wordsOf('gateway/security/judge-clock.ts', 'ClockFault'))('explains %s', (fault) => {
    expect(read('docs/clock.md')).toContain(`| \`${fault}\` |`)
  })
})
