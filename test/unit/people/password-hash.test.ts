import { describe, expect, it } from '@jest/globals'
import { scryptSync } from 'node:crypto'
import { createPasswordHasher, PRESENT_COST } from '../../../gateway/people/password-hash.ts'

const cheap = { N: 2 ** 14, r: 8, p: 1 }
const hasher = createPasswordHasher(cheap)

describe('the hash of a password', () => {
  it('fits that password and no other', async () => {
    const stored = await hasher.hash('correct horse battery')
    expect(await hasher.matches('correct horse battery', stored)).toBe(true)
    expect(await hasher.matches('correct horse batterY', stored)).toBe(false)
    expect(await hasher.matches('', stored)).toBe(false)
  })

  it('is scrypt as RFC 7914 has it', async () => {
    const { salt, hash } = await hasher.hash('correct horse battery')
    const expected = scryptSync('correct horse battery', Buffer.from(salt, 'base64'), 32, cheap)
    expect(hash).toBe(expected.toString('base64'))
  })

  it('has a salt of its own each time', async () => {
    const [one, two] = [
      await hasher.hash('correct horse battery'),
      await hasher.hash('correct horse battery'),
    ]
    expect(one.salt).not.toBe(two.salt)
    expect(one.hash).not.toBe(two.hash)
  })

  it('fits however the keyboard spells the letters', async () => {
    const stored = await hasher.hash('caf\u00e9 correct horse')
    expect(await hasher.matches('cafe\u0301 correct horse', stored)).toBe(true)
  })

  it('keeps the cost it was made with, and is outdated when more is asked for', async () => {
    const stored = await hasher.hash('correct horse battery')
    expect(stored).toMatchObject(cheap)
    const dearer = createPasswordHasher({ ...cheap, N: 2 ** 15 })
    expect(hasher.isOutdated(stored)).toBe(false)
    expect(dearer.isOutdated(stored)).toBe(true)
    expect(await dearer.matches('correct horse battery', stored)).toBe(true)
  })

  it('never fits what has no password', async () => {
    expect(await hasher.decoy('correct horse battery', cheap)).toBe(false)
  })

  it('is made today with 128 MiB', async () => {
    expect(PRESENT_COST.N * PRESENT_COST.r * 128).toBe(128 * 1024 * 1024)
    const today = createPasswordHasher()
    expect(await today.matches('correct horse battery', await today.hash('correct horse battery'))).toBe(true)
  })
})
