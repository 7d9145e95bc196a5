import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { intellivueFcs } from '../../../../devices/intellivue-fcs.ts'
import { intellivueRs232 } from '../../../../devices/intellivue-rs232.ts'
import { fcs16 } from '../../../../devices/intellivue/fcs.ts'
import { decodeFrame, encodeFrame, MAX_USER_BYTES } from '../../../../devices/intellivue/mib-frame.ts'
import type { DriverOutput } from '../../../../devices/protocol.ts'
import { numericAttribute, resultOf } from '../../../support/intellivue-messages.ts'

const SEED = 20_260_920

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const bare = (text: string): readonly DriverOutput[] =>
  intellivueFcs.createDecoder({}).receive({ kind: 'bytes', bytes: hex(text) }, 0)
const decode = (...chunks: readonly Uint8Array[]): readonly DriverOutput[] => {
  const decoder = intellivueRs232.createDecoder?.() ?? intellivueRs232.createDriver()
  return [
    ...chunks.flatMap((bytes) => decoder.receive({ kind: 'bytes', bytes }, 0)),
    ...decoder.receive({ kind: 'closed', reason: 'end' }, 0),
  ]
}
const kinds = (outputs: readonly DriverOutput[]): readonly string[] =>
  outputs.map((output) => (output.kind === 'discarded' ? output.reason : output.kind))

/** A heart rate whose frame check holds a byte that must be escaped. */
function frameWithEscapedCheck(): Uint8Array {
  for (let rate = 0; rate < 5000; rate += 1) {
    const frame = encodeFrame(resultOf([numericAttribute({ physioId: 0x4182, word: rate })]))
    if (frame.at(-3) === 0x7d) return frame
  }
  throw new Error('no such frame')
}

describe('the frame check', () => {
  it.each([
    ['3a71', 0x269b],
    ['3a91', 0xc195],
    ['', 0x0000],
  ])('of %s is what the vendor guide and the standard say', (data, check) => {
    expect(fcs16(hex(data))).toBe(check)
  })

  it('of the second example of the guide is escaped', () => {
    expect(bare('c0 3a91 95 7de1 c1')).toEqual([{ kind: 'text', name: 'fcs', value: '0xC195' }])
  })

  it.each([
    ['c0 3a71 9b27 c1', 'checksum'],
    ['c0 3a71 9b26', 'truncated'],
    ['3a71 9b26 c1', 'noise'],
    ['c0 3a91 95c1 c1', 'malformed'],
    ['c0 3a71 7dc1', 'truncated'],
    ['c0 9b26 c1', 'truncated'],
    ['c0c1', 'truncated'],
    ['c0', 'truncated'],
    ['c1', 'noise'],
  ])('is not claimed for %s', (text, reason) => {
    expect(bare(text)).toMatchObject([{ kind: 'discarded', reason }])
  })
})

describe('a frame of the serial line', () => {
  const good = encodeFrame(resultOf([numericAttribute({ physioId: 0x4182 })]))

  it('carries any user data and gives it back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: MAX_USER_BYTES }), (userData) => {
        const frame = encodeFrame(userData)
        expect(frame.subarray(1, -1).includes(0xc0)).toBe(false)
        expect(frame.subarray(1, -1).includes(0xc1)).toBe(false)
        expect(decodeFrame(frame)).toEqual(userData)
      }),
      { seed: SEED },
    )
  })

  it('of nothing but bytes that must be escaped is not too long', () => {
    const userData = new Uint8Array(MAX_USER_BYTES).fill(0x7d)
    expect(decodeFrame(encodeFrame(userData))).toEqual(userData)
    expect(decodeFrame(encodeFrame(new Uint8Array(MAX_USER_BYTES + 1)))).toBeUndefined()
  })

  it('is read when its check itself is escaped', () => {
    expect(kinds(decode(frameWithEscapedCheck()))).toEqual(['observation'])
  })

  it.each([
    ['a flipped bit', good.with(12, (good[12] ?? 0) ^ 1), ['checksum']],
    ['a byte missing', hex(Buffer.from(good).toString('hex').replace('e10000', 'e100')), ['truncated']],
    ['a byte too many', Uint8Array.from([...good.slice(0, -1), 0x00, 0xc1]), ['malformed']],
    ['its end missing', good.slice(0, -1), ['truncated']],
    ['another protocol id', good.with(1, 0x12), ['malformed']],
    ['another message type', good.with(2, 0x02), ['malformed']],
    ['a length beyond any frame', good.with(3, 0x60), ['overflow']],
  ])('with %s is refused', (_, bytes, reasons) => {
    expect(kinds(decode(bytes))).toEqual(reasons)
    expect(kinds(decode(bytes, good)).at(-1)).toBe('observation')
  })

  it('cut by an abort, by a new frame, or inside an escape does not take the next one with it', () => {
    for (let size = 1; size < good.length - 1; size += 1) {
      const cut = good.subarray(0, size)
      expect(kinds(decode(cut, good))).toEqual(['truncated', 'observation'])
      expect(kinds(decode(cut, hex('7dc1'), good))).toEqual(['truncated', 'observation'])
      expect(kinds(decode(cut, hex('7d'), good))).toEqual(['truncated', 'observation'])
    }
  })

  it('gives the same in any pieces', () => {
    const traffic = Buffer.concat([hex('55c100c01101'), good, good.subarray(0, 30), hex('7dc1'), good, good])
    const whole = decode(Uint8Array.from(traffic))
    expect(kinds(whole).filter((kind) => kind === 'observation')).toHaveLength(3)
    fc.assert(
      fc.property(fc.array(fc.nat(traffic.length), { maxLength: 30 }), (places) => {
        const cuts = [0, ...places.toSorted((a, b) => a - b), traffic.length]
        const chunks = cuts.slice(1).map((end, index) => Uint8Array.from(traffic.subarray(cuts[index], end)))
        expect(decode(...chunks)).toEqual(whole)
      }),
      { seed: SEED, numRuns: 200 },
    )
  })
})
