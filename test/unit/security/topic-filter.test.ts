import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { filterWithin, isFilter, isTopic } from '../../../gateway/security/topic-filter.ts'

describe('a filter', () => {
  it.each(['a', '/', 'a/b', '+', '#', '/+', '+/+', 'a/#', 'a/+/b/#', '$SYS/#', ' '])(
    '%j is well formed',
    (filter) => {
      expect(isFilter(filter)).toBe(true)
    },
  )

  it.each(['', '+b', 'a+', 'a/+b', 'n3/+b', 'a/b+/c', 'a#', '#/a', 'a/#/b', 'a/b#', '##', 'a\u0000b'])(
    '%j is malformed',
    (filter) => {
      expect(isFilter(filter)).toBe(false)
    },
  )
})

describe('a topic', () => {
  it.each(['', 'a/+', '#', 'a\u0000'])('%j is malformed', (topic) => {
    expect(isTopic(topic)).toBe(false)
  })
})

describe('filterWithin', () => {
  it.each([
    ['vitals/v1/icu/#', 'vitals/v1/icu/#'],
    ['vitals/v1/icu', 'vitals/v1/icu/#'],
    ['vitals/v1/icu/+', 'vitals/v1/icu/#'],
    ['vitals/v1/icu/+/+/numeric', 'vitals/v1/icu/#'],
    ['a/b', 'a/+'],
    ['+/b', '+/+'],
    ['a//b', 'a/+/b'],
    ['$SYS/x', '$SYS/#'],
    ['x/$SYS', '#'],
  ])('%s lies within %s', (filter, scope) => {
    expect(filterWithin(filter, scope)).toBe(true)
  })

  it.each([
    ['vitals/v1/#', 'vitals/v1/icu/#'],
    ['vitals/v1/+/#', 'vitals/v1/icu/#'],
    ['vitals/+/icu/#', 'vitals/v1/icu/#'],
    ['+/v1/icu/#', 'vitals/v1/icu/#'],
    ['#', 'vitals/v1/icu/#'],
    ['vitals/v1/icu2/#', 'vitals/v1/icu/#'],
    ['vitals/v1/ic', 'vitals/v1/icu/#'],
    ['vitals/v1', 'vitals/v1/icu/#'],
    ['Vitals/v1/icu/x', 'vitals/v1/icu/#'],
    ['/vitals/v1/icu/x', 'vitals/v1/icu/#'],
    ['a/#', 'a/+'],
    ['+', 'a'],
    ['a', 'a/+'],
    ['a/b/c', 'a/+'],
    ['$SYS/x', '#'],
    ['$SYS/x', '+/x'],
  ])('%s reaches beyond %s', (filter, scope) => {
    expect(filterWithin(filter, scope)).toBe(false)
  })

  it('holds exactly when no topic that the filter matches lies outside the scope', () => {
    const level = fc.constantFrom('a', 'b', '', '$x')
    const topics = fc.sample(fc.array(level, { minLength: 1, maxLength: 5 }), { seed: 7, numRuns: 3_000 })
    const filter = fc
      .tuple(fc.array(fc.constantFrom('a', 'b', '', '$x', '+'), { minLength: 1, maxLength: 3 }), fc.boolean())
      .map(([levels, isOpen]) => [...levels, ...(isOpen ? ['#'] : [])])
    fc.assert(
      fc.property(filter, filter, (inner, scope) => {
        const escaped = topics.some((topic) => matches(topic, inner) && !matches(topic, scope))
        const isWithin = filterWithin(inner.join('/'), scope.join('/'))
        // Soundness always; completeness as far as the sampled topics can tell the two apart.
        if (isWithin) expect(escaped).toBe(false)
        const isProvablyWithin = inner.join('/') === scope.join('/')
        if (isProvablyWithin && !inner[0]?.startsWith('$')) expect(isWithin).toBe(true)
      }),
      { seed: 11, numRuns: 2_000 },
    )
  })
})

/** MQTT 3.1.1, 4.7, written apart from the code under test: recursion over the levels. */
function matches(topic: readonly string[], filter: readonly string[], isFirst = true): boolean {
  const [want, ...wants] = filter
  const [have, ...haves] = topic
  if (isFirst && have?.startsWith('$') === true && (want === '+' || want === '#')) return false
  if (want === '#') return true
  if (want === undefined || have === undefined) return want === have
  if (want !== '+' && want !== have) return false
  if (haves.length === 0 && wants.length === 1 && wants[0] === '#') return true
  return matches(haves, wants, false)
}
