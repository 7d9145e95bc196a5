/** One-time codes that a person reads aloud or types: 80 random bits in letters that are not mistaken for each other. */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

// Crockford's base 32: no I, L, O (read as 1, 1, 0) and no U.
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const CODE_BYTES = 10
const LETTERS = /^[0-9A-HJKMNP-TV-Z]{16}$/
const GROUP = 4
const SALT_BYTES = 16
// With blanks and dashes between all letters; more is not a code.
const LONGEST_TYPED = 64

export interface HashedCode {
  readonly salt: string
  readonly codeSha256: string
}

export function newCode(): string {
  return spell(randomBytes(CODE_BYTES))
}

/** The letters of a code as a person wrote it, or undefined when it cannot be one. */
export function readCode(typed: string): string | undefined {
  if (typed.length > LONGEST_TYPED) return undefined
  const letters = typed.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')
  return LETTERS.test(letters) ? letters : undefined
}

/** A slow hash would add nothing: 80 random bits are not guessed, neither here nor from a stolen file. */
export function hashCode(code: string, salt = randomBytes(SALT_BYTES).toString('hex')): HashedCode {
  const letters = readCode(code) ?? ''
  return { salt, codeSha256: createHash('sha256').update(`${salt}:${letters}`).digest('hex') }
}

/** Takes the same time whatever the code. */
export function isCode(typed: string, { salt, codeSha256 }: HashedCode): boolean {
  const isWritten = readCode(typed) !== undefined
  const found = Buffer.from(hashCode(typed, salt).codeSha256, 'hex')
  const expected = Buffer.from(codeSha256, 'hex')
  return found.length === expected.length && timingSafeEqual(found, expected) && isWritten
}

/** 80 bits of a key's SHA-256, for two people to compare by voice: the one at the device and the one who approves. */
export function keyCheck(publicKeySha256: string): string {
  return spell(Buffer.from(publicKeySha256, 'hex').subarray(0, CODE_BYTES))
}

function spell(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const letters = bits.match(/.{5}/g)?.map((five) => ALPHABET.charAt(Number.parseInt(five, 2))) ?? []
  return (letters.join('').match(new RegExp(`.{${GROUP}}`, 'g')) ?? []).join('-')
}
