/** The enumerations of the Insulin Delivery Service: code words at Hamming distance 4 or more. */

import type { ByteReader } from '../framing/byte-reader.ts'
import type { Codes, Field } from './layout.ts'

/**
 * The code words are the non-zero 16-bit words with an even number of set bits whose positions XOR to 0.
 * Every one-to-three-bit error of a code word fails this test.
 */
export function isCodeWord(word: number): boolean {
  let parity = 0
  let positions = 0
  for (let bit = 0; bit < 16; bit++) {
    if (((word >>> bit) & 1) === 0) continue
    parity ^= 1
    positions ^= bit
  }
  return word !== 0 && parity === 0 && positions === 0
}

// "Reserved value: should be refused, with the structure that holds it. Prohibited value: ignore the whole message."
export function refuseWord(reader: ByteReader, word: number): void {
  reader.refuse(isCodeWord(word) ? 'rfu-value' : 'prohibited-value')
}

export function word(key: string, width: 'u8' | 'u16', codes: Codes): Field {
  return (reader, out) => {
    const value = reader[width]()
    const name = codes[value]
    if (name === undefined) refuseWord(reader, value)
    else out[key] = name
  }
}

/** Response codes are built differently: errors stand 4 bits or more from success and 1 bit from each other. */
export function result(key: string, success: number, codes: Codes): Field {
  return (reader, out) => {
    const value = reader.u8()
    const name = codes[value]
    if (name !== undefined) out[key] = name
    else reader.refuse(value === 0 || bitCount(value ^ success) < 4 ? 'prohibited-value' : 'rfu-value')
  }
}

const MANUFACTURER_FIRST = 0xf000
const MANUFACTURER_LAST = 0xfff0

/** The name of a manufacturer's own word, or undefined when it is none. */
export function manufacturerWord(word: number): string | undefined {
  const isOwn = word >= MANUFACTURER_FIRST && word <= MANUFACTURER_LAST && isCodeWord(word)
  return isOwn ? `manufacturer-0x${word.toString(16).padStart(4, '0')}` : undefined
}

function bitCount(word: number): number {
  let count = 0
  for (let rest = word; rest > 0; rest >>>= 1) count += rest & 1
  return count
}
