/** Which route answers. */

import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { createRouteTable } from '../../../gateway/web/route-table.ts'
import type { Route } from '../../../gateway/web/route.ts'

const route = (method: Route['method'], path: string): Route => ({
  method,
  path,
  bodyBytes: 0,
  handle: async () => ({ status: 200 }),
})
const routes = [
  route('GET', '/a'),
  route('POST', '/a'),
  route('POST', '/c.d'),
  route('DELETE', '/things/{id}'),
  route('GET', '/things/{id}/x'),
]
const find = createRouteTable(routes)

describe('a route', () => {
  it.each([
    ['GET', '/a', 0],
    ['HEAD', '/a', 0],
    ['POST', '/a', 1],
    ['DELETE', '/things/7', 3],
    ['DELETE', '/things/%2e%2e', 3],
    ['GET', '/things/a-b.c/x', 4],
  ] as const)('%s %s is found', (method, path, index) => {
    expect(find(method, path)).toEqual({ kind: 'found', route: routes[index] })
  })

  it.each([
    ['GET', '/'],
    ['GET', '/a/'],
    ['GET', '//a'],
    ['GET', '/A'],
    ['GET', '/cxd'],
    ['GET', '/b/../a'],
    ['DELETE', '/things/'],
    ['DELETE', '/things/a/b'],
    ['DELETE', '/things/{id}'],
    ['OPTIONS', '/b'],
  ])('%s %s is not there', (method, path) => {
    expect(find(method, path)).toEqual({ kind: 'no-path' })
  })

  it.each([
    ['DELETE', '/a', 'GET, HEAD, POST'],
    ['OPTIONS', '/a', 'GET, HEAD, POST'],
    ['HEAD', '/things/7', 'DELETE'],
    ['GET', '/c.d', 'POST'],
  ])('%s %s is not allowed, and the answer says what is', (method, path, allow) => {
    expect(find(method, path)).toEqual({ kind: 'no-method', allow })
  })

  it.each(['TRACE', 'PATCH', 'CONNECT', 'PROPFIND', 'get', ''])(
    '%j is a method of nothing here',
    (method) => {
      expect(find(method, '/a')).toEqual({ kind: 'not-implemented' })
    },
  )

  it('that stands twice is a mistake of ours', () => {
    expect(() => createRouteTable([...routes, route('GET', '/a')])).toThrow('two routes answer GET /a')
  })

  it('is found or not for any path in no time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (path) => {
        expect(find('GET', `/${path}`).kind).not.toBe('not-implemented')
      }),
    )
  })
})
