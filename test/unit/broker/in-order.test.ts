import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { InOrder } from '../../../gateway/broker/in-order.ts'

describe('what is decided in any order', () => {
  it('acts in the order of its beginning', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6, maxLength: 6 }), (decided) => {
        const queue = new InOrder()
        const places = [0, 1, 2, 3, 4, 5].map(() => queue.take())
        const acted: number[] = []
        for (const index of decided) {
          const place = places[index]
          if (place !== undefined) queue.settle(place, () => acted.push(index))
        }
        expect(acted).toEqual([0, 1, 2, 3, 4, 5])
      }),
      { seed: 20_261_130 },
    )
  })

  it('is settled when nothing is undecided any more', async () => {
    const queue = new InOrder()
    await queue.settled()
    const place = queue.take()
    let isSettled = false
    const settled = queue.settled().then(() => {
      isSettled = true
    })
    await Promise.resolve()
    expect(isSettled).toBe(false)
    queue.settle(place, () => undefined)
    await settled
    expect(isSettled).toBe(true)
  })
})
