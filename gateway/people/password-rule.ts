/** Which passwords are taken. Length is what counts; a rule of composition only makes passwords that are alike. */

/**
 * NIST SP 800-63B-4, 3.1.1.2: at least 15 characters where the password is the only factor, at least 64 allowed, no rule of
 * composition, no forced change, a list of passwords that everybody tries.
 */
const SHORTEST = 15
const LONGEST = 128

/** A name shorter than this is found in too many passwords by chance. */
const SHORTEST_NAME = 4

const FEWEST_DIFFERENT = 6

/** What must be left when everything that is tried first has been taken out. */
const FEWEST_OWN = 6

/** Words and runs that a guesser puts together first; what is longer stands before what it contains. */
const COMMON = [
  'administrator',
  'qwertzuiop',
  'qwertyuiop',
  'asdfghjkl',
  'hospital',
  'password',
  'passwort',
  'wardgate',
  'zxcvbnm',
  'welcome',
  'letmein',
  'changeme',
  'iloveyou',
  'trustno1',
  'monitor',
  'station',
  'abcdefgh',
  'default',
  'charge',
  'clinic',
  'doctor',
  'dragon',
  'monkey',
  'secret',
  'nurses',
  'qwerty',
  'qwertz',
  'summer',
  'winter',
  'spring',
  'autumn',
  'abc123',
  'admin',
  'nurse',
  'login',
  'guest',
  'ward',
  'pass',
  'user',
  'root',
  'icu',
  '1q2w3e4r5t',
  '1q2w3e4r',
]

const DIGIT_RUNS = /0?123456789?0?|98765432?1?0?|(19|20)\d\d|1234/g

/** One spelling of what is typed on different keyboards: RFC 8265 4.2.2 (NFC, and every space is U+0020). */
export function normalPassword(text: string): string {
  return text.replaceAll(/\p{Zs}/gu, ' ').normalize('NFC')
}

/** Why the password is not taken, for the person who chose it; undefined when it is. `id` is whose it is to be. */
export function passwordFault(password: string, id: string): string | undefined {
  const characters = Array.from(normalPassword(password))
  if (characters.length < SHORTEST)
    return `it has ${characters.length} characters; take ${SHORTEST} or more, for instance four words that have nothing to do with each other`
  if (characters.length > LONGEST) return `it has ${characters.length} characters; at most ${LONGEST}`
  // RFC 8265 4.2.1: control characters cannot be typed the same way everywhere, half a surrogate nowhere.
  if (characters.some((character) => /[\p{Cc}\p{Cs}]/u.test(character)))
    return 'it holds a control character or half a character; use letters, digits, signs and spaces'
  const text = characters.join('').toLowerCase()
  if (id.length >= SHORTEST_NAME && text.includes(id)) return 'it contains the name of the account'
  if (new Set(text).size < FEWEST_DIFFERENT) return 'it repeats a few characters'
  if (isRepeated(text)) return 'it repeats itself'
  if (ownPartOf(text).length < FEWEST_OWN) return 'it is put together from what is tried first'
  return undefined
}

/** True for a text that is one shorter piece written several times. */
function isRepeated(text: string): boolean {
  return (text + text).indexOf(text, 1) < text.length
}

function ownPartOf(text: string): string {
  const withoutWords = COMMON.reduce((rest, word) => rest.replaceAll(word, ' '), text)
  return withoutWords.replaceAll(DIGIT_RUNS, '').replaceAll(/[^\p{L}\p{N}]/gu, '')
}
