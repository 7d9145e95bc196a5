import { describe, expect, it } from '@jest/globals'
import { createSecretKey, randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { findHeader, HEADER_BYTES, openBlock, readHeader, sealBlock } from '../../../gateway/journal/block.ts'

const key = { id: 7, key: createSecretKey(randomBytes(32)) }
const seal = (records: readonly Uint8Array[], firstSeq = 41): Buffer =>
  sealBlock({ firstSeq, writtenAtMs: 1_790_000_000_000, records }, key)
const open = (block: Buffer) => {
  const header = readHeader(block)
  return header === undefined ? undefined : openBlock(block, header, { key: key.key, isWanted: () => true })
}
const records = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 20 })

describe('a block of the journal', () => {
  it('gives back every record, and says in its header where they stand', () => {
    fc.assert(
      fc.property(records, fc.nat(), (given, firstSeq) => {
        const block = seal(given, firstSeq)
        expect(readHeader(block)).toMatchObject({ firstSeq, recordCount: given.length, keyId: 7 })
        const opened = open(block)
        expect(
          opened?.kind === 'records' && opened.records.map(({ bytes }) => Uint8Array.from(bytes)),
        ).toEqual(given)
      }),
    )
  })

  it('shows nothing of what it holds', () => {
    expect(seal([Buffer.from('MDC_PULS_OXIM_SAT_O2')]).includes('MDC_PULS')).toBe(false)
  })

  it('is not taken for whole when a single bit of it was changed, and never throws', () => {
    const block = seal([Buffer.from('one'), Buffer.from('two')])
    fc.assert(
      fc.property(fc.nat(block.length * 8 - 1), (bit) => {
        const damaged = Buffer.from(block)
        damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
        expect(open(damaged)?.kind).not.toBe('records')
      }),
    )
  })

  it('is nothing when cut short, and random bytes are no header', () => {
    const block = seal([Buffer.from('one')])
    for (let length = 0; length < HEADER_BYTES; length += 1)
      expect(readHeader(block.subarray(0, length))).toBeUndefined()
    expect(open(block.subarray(0, -1))?.kind).toBe('damaged')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(readHeader(Buffer.from(bytes))).toBeUndefined()
      }),
    )
  })

  it('says which key is missing rather than guessing', () => {
    const block = seal([Buffer.from('one')])
    const header = readHeader(block)
    expect(header && openBlock(block, header, { key: undefined, isWanted: () => true })).toEqual({
      kind: 'damaged',
      reason: 'unknown-key',
    })
    const other = createSecretKey(randomBytes(32))
    expect(header && openBlock(block, header, { key: other, isWanted: () => true })).toEqual({
      kind: 'damaged',
      reason: 'not-authentic',
    })
  })

  it('is found behind bytes that are none', () => {
    const bytes = Buffer.concat([Buffer.from('WGJ1 is only a word here'), seal([Buffer.from('one')])])
    expect(findHeader(bytes, 0)).toBe(24)
    expect(findHeader(bytes, 25)).toBe(-1)
  })

  it('is sealed with another nonce each time, also for the same number', () => {
    expect(seal([Buffer.from('one')]).subarray(36, 48)).not.toEqual(
      seal([Buffer.from('one')]).subarray(36, 48),
    )
  })
})
