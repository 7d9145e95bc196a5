/** Which route answers: an exact match of method and path. Pure. */

import { InvariantError } from '../errors.ts'
import type { Route } from './route.ts'

type RouteFinding =
  | { readonly kind: 'found'; readonly route: Route }
  | { readonly kind: 'no-path' }
  /** The path is there, for these methods. */
  | { readonly kind: 'no-method'; readonly allow: string }
  /** Nothing here answers that method. */
  | { readonly kind: 'not-implemented' }

export type FindRoute = (method: string, path: string) => RouteFinding

const ANSWERED: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'])
// RFC 3986 3.3: what a segment may hold; the segment itself is for the handler to read.
const SEGMENT = "[A-Za-z0-9._~!$&'()*+,;=:@%-]+"

interface Entry {
  readonly pattern: RegExp
  readonly route: Route
}

/** Throws when two routes answer the same, which no request could tell apart. */
export function createRouteTable(routes: readonly Route[]): FindRoute {
  const seen = new Set<string>()
  const entries = routes.map((route): Entry => {
    const name = `${route.method} ${route.path}`
    if (seen.has(name)) throw new InvariantError(`two routes answer ${name}`)
    seen.add(name)
    return { pattern: patternOf(route.path), route }
  })
  return (method, path) => {
    const there = entries.filter(({ pattern }) => pattern.test(path)).map(({ route }) => route)
    // RFC 9110 9.3.2: HEAD is GET without the content, which the server leaves out.
    const wanted = method === 'HEAD' ? 'GET' : method
    const route = there.find((candidate) => candidate.method === wanted)
    if (route !== undefined) return { kind: 'found', route }
    if (!ANSWERED.has(method)) return { kind: 'not-implemented' }
    return there.length === 0 ? { kind: 'no-path' } : { kind: 'no-method', allow: allowOf(there) }
  }
}

function patternOf(path: string): RegExp {
  const parts = path.split('/').map((part) => (/^\{\w+\}$/.test(part) ? SEGMENT : escaped(part)))
  return new RegExp(`^${parts.join('/')}$`)
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}

function allowOf(routes: readonly Route[]): string {
  const methods = new Set<string>(routes.map(({ method }) => method))
  if (methods.has('GET')) methods.add('HEAD')
  return [...methods].sort().join(', ')
}
