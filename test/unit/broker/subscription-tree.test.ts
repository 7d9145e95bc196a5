import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { SubscriptionTree } from '../../../gateway/broker/subscription-tree.ts'
import { filterWithin } from '../../../gateway/security/topic-filter.ts'

const level = fc.constantFrom('', 'a', 'b', '$SYS', '__proto__', 'constructor')
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'))
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, hasRest]) => [...levels, ...(hasRest ? ['#'] : [])].join('/'))

describe('the tree of subscriptions', () => {
  it('finds whom filter by filter would find, each once, also after others have gone', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(filter, fc.integer({ min: 0, max: 3 }))),
        fc.array(fc.nat()),
        topic,
        (added, removed, name) => {
          const tree = new SubscriptionTree<number>()
          const kept = new Map<string, Set<number>>()
          for (const [one, subscriber] of added) {
            tree.add(one, subscriber)
            kept.set(one, (kept.get(one) ?? new Set()).add(subscriber))
          }
          for (const index of removed) {
            const [one, subscriber] = added[index % Math.max(1, added.length)] ?? ['a', 9]
            tree.remove(one, subscriber)
            kept.get(one)?.delete(subscriber)
          }
          const expected = [...kept].flatMap(([one, who]) => (filterWithin(name, one) ? [...who] : []))
          expect(new Set(tree.match(name))).toEqual(new Set(expected))
        },
      ),
      { seed: 20_261_130 },
    )
  })

  it('leaves topics that begin with $ out of leading wildcards', () => {
    const tree = new SubscriptionTree<string>()
    tree.add('#', 'all')
    tree.add('+/x', 'any')
    tree.add('$SYS/#', 'system')
    expect([...tree.match('$SYS/x')]).toEqual(['system'])
  })
})
