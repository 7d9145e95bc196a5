const MAX_CHARACTERS = 32
const HASH_CHARACTERS = 8

/**
 * A word for a topic, `[a-z0-9-]{1,32}`, made from what a device calls something. Where letters are lost or the word is
 * too long, a hash of the whole tells two names apart. Undefined when nothing is left to name.
 */
export function slug(text: string): string | undefined {
  if (text.trim() === '') return undefined
  const word = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
  const isFaithful = /^[A-Za-z0-9 _^&.-]*$/.test(text) && word !== ''
  if (isFaithful && word.length <= MAX_CHARACTERS) return word
  const head = word.slice(0, MAX_CHARACTERS - HASH_CHARACTERS - 1).replace(/-$/, '')
  return head === '' ? hash(text) : `${head}-${hash(text)}`
}

/** FNV-1a, 32 bits: names two things apart, protects nothing. */
function hash(text: string): string {
  let state = 0x811c9dc5
  for (const character of text) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return (state >>> 0).toString(16).padStart(HASH_CHARACTERS, '0')
}
