/** Repeatable chance: the same seed gives the same device, byte for byte, on every machine. */
export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number
  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number
}

const WORD = 2 ** 32

/** A 32-bit xorshift generator; its state must not be 0. */
export function seededRandom(seed: number): Random {
  let state = spread(seed)
  const next = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / WORD
  }
  return { next, below: (limit) => Math.floor(next() * limit) }
}

/** A seed of its own for each device: the same text gives the same number. */
export function seedOf(text: string): number {
  let hash = 0
  for (const character of text) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0
  return hash
}

// Neighbouring seeds must not give neighbouring sequences.
function spread(seed: number): number {
  const mixed = Math.imul(Math.trunc(seed) ^ 0x5bd1e995, 0x27d4eb2d)
  const state = mixed ^ (mixed >>> 15)
  return state === 0 ? 1 : state
}
