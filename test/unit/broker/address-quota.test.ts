import { describe, expect, it } from '@jest/globals'
import { createAddressQuota } from '../../../gateway/broker/address-quota.ts'

describe('the connections of one address', () => {
  it('are refused beyond the limit, and admitted again when one is given back', () => {
    const quota = createAddressQuota(2)
    expect([quota.take('a'), quota.take('a'), quota.take('a')]).toEqual([true, true, false])
    quota.giveBack('a')
    expect([quota.take('a'), quota.take('a')]).toEqual([true, false])
  })

  it('take nothing from another address', () => {
    const quota = createAddressQuota(1)
    expect([quota.take('a'), quota.take('b'), quota.take('a'), quota.take('b')]).toEqual([
      true,
      true,
      false,
      false,
    ])
  })

  it('are not counted when they were refused', () => {
    const quota = createAddressQuota(1)
    quota.take('a')
    for (let n = 0; n < 5; n += 1) quota.take('a')
    quota.giveBack('a')
    expect(quota.take('a')).toBe(true)
  })
})
