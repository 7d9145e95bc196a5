/** Passwords on disk: scrypt (RFC 7914) with its parameters beside each hash, so that they can be raised later. */

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { normalPassword } from './password-rule.ts'

/** RFC 7914 section 2: cost N, block size r, parallelisation p. */
export interface ScryptCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

export interface PasswordHash extends ScryptCost {
  readonly kind: 'scrypt'
  /** base64 */
  readonly salt: string
  readonly hash: string
}

/**
 * 128 MiB and about half a second of one core of a small gateway for each guess (docs/people.md): what makes a guess dear is the memory,
 * and a person logs in a few times a day.
 */
export const PRESENT_COST: ScryptCost = { N: 2 ** 17, r: 8, p: 1 }

const SALT_BYTES = 16
const HASH_BYTES = 32

export interface PasswordHasher {
  hash(password: string): Promise<PasswordHash>
  matches(password: string, stored: PasswordHash): Promise<boolean>
  /** Costs what `matches` costs, and is always no. */
  decoy(password: string, cost: ScryptCost): Promise<false>
  /** True for a hash that was made with less than what is asked for today. */
  isOutdated(stored: PasswordHash): boolean
}

/** Work of 128 MiB each; whoever calls bounds how many run at once. */
export function createPasswordHasher(cost: ScryptCost = PRESENT_COST): PasswordHasher {
  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES)
      const hash = await derive(password, salt, cost)
      return { kind: 'scrypt', ...cost, salt: salt.toString('base64'), hash: hash.toString('base64') }
    },
    async matches(password, { salt, hash, N, r, p }) {
      const derived = await derive(password, Buffer.from(salt, 'base64'), { N, r, p })
      const kept = Buffer.from(hash, 'base64')
      return kept.length === derived.length && timingSafeEqual(kept, derived)
    },
    async decoy(password, costOfOthers) {
      await derive(password, randomBytes(SALT_BYTES), costOfOthers)
      return false
    },
    isOutdated: ({ N, r, p }) => N * r * p < cost.N * cost.r * cost.p,
  }
}

async function derive(password: string, salt: Buffer, { N, r, p }: ScryptCost): Promise<Buffer> {
  // RFC 7914 section 2: 128 * N * r bytes, and 128 * r * p beside it; node:crypto refuses what is above maxmem.
  const maxmem = 128 * r * (N + p + 2)
  return new Promise((resolve, reject) => {
    scrypt(normalPassword(password), salt, HASH_BYTES, { N, r, p, maxmem }, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}
