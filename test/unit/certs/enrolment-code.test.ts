import * as fc from 'fast-check'
import { describe, expect, it } from '@jest/globals'
import { hashCode, isCode, keyCheck, newCode, readCode } from '../../../certs/enrolment-code.ts'

describe('an enrolment code', () => {
  it('is 80 bits in four groups of letters that cannot be mistaken', () => {
    expect(newCode()).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/)
    expect(new Set(Array.from({ length: 200 }, newCode)).size).toBe(200)
  })

  it('may be typed in small letters, with blanks, and with the letters it is mistaken for', () => {
    expect(readCode(' 0011-abcd efgh jkmn ')).toBe('0011ABCDEFGHJKMN')
    expect(readCode('oOiL-abcd-efgh-jkmn')).toBe('0011ABCDEFGHJKMN')
  })

  it.each([
    '',
    '0011',
    '0011-ABCD-EFGH-JKMU',
    '0011-ABCD-EFGH-JKM',
    '0011-ABCD-EFGH-JKMNN',
    'x'.repeat(10_000),
  ])('is not %j', (typed) => {
    expect(readCode(typed)).toBeUndefined()
    expect(isCode(typed, hashCode(typed))).toBe(false)
  })

  it('is known again by its hash, and nothing else is', () => {
    const code = newCode()
    const hashed = hashCode(code)
    expect(isCode(code.toLowerCase(), hashed)).toBe(true)
    expect(isCode(newCode(), hashed)).toBe(false)
    expect(JSON.stringify(hashed)).not.toContain(readCode(code))
  })

  it('has another hash each time', () => {
    const code = newCode()
    expect(hashCode(code)).not.toEqual(hashCode(code))
  })

  it('never makes the comparison throw', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), fc.string({ maxLength: 80 }), (typed, hash) => {
        expect(isCode(typed, { salt: 'aa', codeSha256: hash })).toBe(false)
      }),
      { seed: 41, numRuns: 500 },
    )
  })
})

describe('the check of a key', () => {
  it('is the first 80 bits of its hash, spelt like a code', () => {
    expect(keyCheck('00'.repeat(32))).toBe('0000-0000-0000-0000')
    expect(keyCheck(`ff${'00'.repeat(31)}`)).toBe('ZW00-0000-0000-0000')
  })
})
