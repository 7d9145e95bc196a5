import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { normalPassword, passwordFault } from '../../../gateway/people/password-rule.ts'

const fault = (password: string, id = 'anna') => passwordFault(password, id)

describe('a password', () => {
  it.each([
    'correct horse battery',
    'Regen im Juli, 7 Boote',
    'ﾊﾟｽﾜｰﾄﾞはとてもながいことばです',
    'x7#Kq0!mZr2$Lw9',
    'dog welcomes bicycle',
    'é'.repeat(1) + 'very different sentence',
  ])('is taken: %s', (password) => {
    expect(fault(password)).toBeUndefined()
  })

  it.each([
    { name: 'one that is too short', password: 'x7#Kq0!mZr2$Lw', says: 'it has 14 characters' },
    { name: 'nothing', password: '', says: 'it has 0 characters' },
    { name: 'one that is too long', password: 'abcdefg '.repeat(17), says: 'at most 128' },
    { name: 'one with the name in it', password: 'this-is-Anna-speaking', says: 'the name of the account' },
    { name: 'one letter', password: 'aaaaaaaaaaaaaaaaaaaa', says: 'a few characters' },
    { name: 'few letters', password: 'abcababcabcabbacab', says: 'a few characters' },
    { name: 'one word again and again', password: 'trumpettrumpettrumpet', says: 'repeats itself' },
    { name: 'what everybody tries', password: 'PasswordPassword1', says: 'tried first' },
    { name: 'a row of keys', password: 'qwertyuiopasdfghjkl', says: 'tried first' },
    { name: 'digits in a row', password: '123456789012345', says: 'tried first' },
    { name: 'the house and the year', password: 'Hospital-Nurse-2026!', says: 'tried first' },
    { name: 'a line break', password: 'correct horse\nbattery', says: 'control character' },
    { name: 'half a character', password: 'correct horse battery \ud83d', says: 'half a character' },
  ])('is not taken: $name', ({ password, says }) => {
    expect(fault(password)).toContain(says)
  })

  it('is measured in characters, not in the units of the computer', () => {
    expect(fault('😀😁😂🤣😃😄😅😆😉😊😋😎😍😘')).toContain('it has 14 characters')
    expect(fault('😀😁😂🤣😃😄😅😆😉😊😋😎😍😘ab')).toContain('tried first')
  })

  it('is the same however its letters are spelled', () => {
    expect(normalPassword('cafe\u0301\u00a0bar')).toBe(normalPassword('caf\u00e9 bar'))
  })

  it('may hold a short name by chance', () => {
    expect(passwordFault('correct horse battery', 'ho')).toBeUndefined()
  })

  it('is judged without a fault of our own, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const answer = passwordFault(text, 'anna')
        expect(answer === undefined || !answer.includes(text) || text.length < 4).toBe(true)
      }),
      { seed: 3, numRuns: 1000 },
    )
  })
})
