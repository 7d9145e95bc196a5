/**
 * "After computing length and checksum replace D by EX, E by EE, d by ex, e by ee in the whole message." Undone from left
 * to right: `EEX` is `EX`, which search and replace gets wrong.
 */

const STUFFED: ReadonlyMap<number, readonly [number, number]> = new Map(
  Object.entries({ D: 'EX', E: 'EE', d: 'ex', e: 'ee' }).map(([plain, [first = '', second = '']]) => [
    plain.charCodeAt(0),
    [first.charCodeAt(0), second.charCodeAt(0)],
  ]),
)

const PLAIN: ReadonlyMap<number, number> = new Map(
  [...STUFFED].map(([plain, [first, second]]) => [first * 256 + second, plain]),
)

const ESCAPES: ReadonlySet<number> = new Set([...STUFFED.values()].map(([first]) => first))

export function stuffed(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from([...bytes].flatMap((byte) => STUFFED.get(byte) ?? [byte]))
}

/** Undefined when a pair does not exist, or a letter stands there that is always replaced. */
export function unstuffed(bytes: Uint8Array): Uint8Array | undefined {
  const plain = new Uint8Array(bytes.length)
  let used = 0
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0
    const isEscape = ESCAPES.has(byte)
    if (!isEscape && STUFFED.has(byte)) return undefined
    const value = isEscape ? PLAIN.get(byte * 256 + (bytes[at + 1] ?? 0)) : byte
    if (value === undefined) return undefined
    if (isEscape) at += 1
    plain[used] = value
    used += 1
  }
  return plain.subarray(0, used)
}
