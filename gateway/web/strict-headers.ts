/** The headers of every answer, whatever the route; a route cannot take one back. */

// Names in lower case. What is answered here is data for programs: no page of anybody may show, frame or keep it.
export const STRICT_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** A whole answer as text, for a connection that HTTP has lost hold of or that was to become another protocol. */
export function bareAnswer(
  status: number,
  text: string,
  extra: Readonly<Record<string, string>> = {},
): string {
  const headers = { ...extra, ...STRICT_HEADERS, connection: 'close', 'content-length': '0' }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${text}\r\n${lines.join('')}\r\n`
}
