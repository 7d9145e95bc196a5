import { describe, expect, it } from '@jest/globals'
import { ByteReader } from '../../../../devices/framing/byte-reader.ts'
import { decodeCharacteristic } from '../../../../devices/gatt/characteristics.ts'
import { elapsedTime } from '../../../../devices/gatt/elapsed-time.ts'
import { bytesOf } from '../../../support/fake-peer.ts'

function read(hex: string): unknown {
  const reader = new ByteReader(bytesOf(hex))
  const out = {}
  elapsedTime(reader, out)
  return reader.finish() ?? out
}

describe('an elapsed time', () => {
  it('is local with an offset, or a tick, or cut short', () => {
    expect(read('300035e03000000404')).toEqual({
      resolutionSeconds: 1,
      currentTimeline: true,
      time: '2025-12-25T17:46:40',
      base: 'local',
      source: 'manual',
      offsetMin: 60,
    })
    expect(read('253930000000000000')).toEqual({ resolutionSeconds: 0.1, currentTimeline: true, tick: 12345 })
    expect(read('0205000000000000')).toBe('truncated')
  })

  it('keeps the parts of a second', () => {
    expect(read('0a e9030000 0000 00 00')).toMatchObject({ time: '2000-01-01T00:00:01.001' })
  })
})

describe('a health observation', () => {
  it('that comes in segments is left as it came', () => {
    expect(decodeCharacteristic('2B8B', bytesOf('feaabb'))).toEqual({
      ok: true,
      value: { first: false, last: true, counter: 63, segment: 'aabb' },
    })
  })

  it.each([
    ['03 01 0c00 0500 5c4b0200 a017 740100ff', 'unsupported'],
    ['03 02 0600 0100 5c4b0200', 'unsupported'],
    ['03 ff 0800 0000 01 ff 0200 0000', 'unsupported'],
    ['03 01 0d00 0100 5c4b0200 a017 740100ff 00', 'trailing'],
    ['03 01 0c00 0100 5c4b0200 a017 740100ff 00', 'trailing'],
    ['03', 'truncated'],
  ])('%s is refused as %s', (hex, reason) => {
    expect(decodeCharacteristic('2B8B', bytesOf(hex))).toEqual({ ok: false, reason })
  })
})
