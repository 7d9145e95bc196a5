/** The cookie that carries the token of a session: how it is written, and how it is found again. */

// RFC 6265bis 4.1.3.2: a browser takes this prefix only from a secure origin, for the whole host and for no other host.
const NAME = '__Host-wardgate'
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict'

// 256 bits in base64url.
const TOKEN = /^[A-Za-z0-9_-]{43}$/
const LONGEST_HEADER = 4096

export function cookieOf(token: string): string {
  return `${NAME}=${token}; ${ATTRIBUTES}`
}

/** Makes the browser forget the cookie. */
export const NO_COOKIE = `${NAME}=; ${ATTRIBUTES}; Max-Age=0`

/** The token of a Cookie header; undefined without exactly one that could be ours. */
export function tokenOf(header: string | undefined): string | undefined {
  if (header === undefined || header.length > LONGEST_HEADER) return undefined
  const tokens = header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${NAME}=`))
    .map((pair) => pair.slice(NAME.length + 1))
  const [token] = tokens
  // A second one was put there by somebody else, and which of the two is the person's cannot be told.
  return token !== undefined && tokens.length === 1 && TOKEN.test(token) ? token : undefined
}
