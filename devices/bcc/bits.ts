const MAX_BITS = 32

/** The numbers of the bits that are set in a decimal word; undefined when it is none. */
export function bitsOf(text: string): readonly number[] | undefined {
  const word = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (!(word < 2 ** MAX_BITS)) return undefined
  return Array.from({ length: MAX_BITS }, (_, bit) => bit).filter(
    (bit) => Math.floor(word / 2 ** bit) % 2 === 1,
  )
}
