import { describe, expect, it } from '@jest/globals'
import { RubbishMeter } from '../../../gateway/security/rubbish.ts'

const refuse = (meter: RubbishMeter, times: number) => {
  for (let n = 1; n < times; n += 1) meter.take('refused')
  return meter.take('refused')
}

describe('a sender of rubbish', () => {
  it('is not slowed by fifty in a row, and told of with the next', () => {
    const meter = new RubbishMeter()
    expect(refuse(meter, 50)).toEqual({ delayMs: 0, tellCount: undefined })
    expect(meter.take('refused')).toEqual({ delayMs: 50, tellCount: 51 })
    expect(meter.take('refused')).toEqual({ delayMs: 50, tellCount: undefined })
  })

  it('is slowed more and more, up to two seconds, and told of again each thousand', () => {
    const meter = new RubbishMeter()
    expect(refuse(meter, 101).delayMs).toBe(100)
    expect(refuse(meter, 500).delayMs).toBe(2_000)
    expect(refuse(meter, 399).tellCount).toBe(1_000)
  })

  it('is a good sender again with the first good message', () => {
    const meter = new RubbishMeter()
    refuse(meter, 400)
    expect(meter.take('good').delayMs).toBe(0)
    expect(refuse(meter, 50).delayMs).toBe(0)
  })
})
