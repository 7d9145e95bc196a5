import * as fc from 'fast-check'
import { describe, expect, it } from '@jest/globals'
import {
  identityOfAltNames,
  identityUri,
  isIdentityId,
  isSite,
  parseIdentityUri,
} from '../../../certs/identity-uri.ts'
import { LEAF_ROLES } from '../../../certs/profile.ts'

const identities = fc.record({
  site: fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/),
  role: fc.constantFrom(...LEAF_ROLES),
  id: fc.stringMatching(/^[a-z0-9-]{1,32}$/),
})

describe('an identity URI', () => {
  it('is read back as the identity it was made from', () => {
    fc.assert(
      fc.property(identities, (identity) => {
        expect(parseIdentityUri(identityUri(identity))).toEqual(identity)
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  it('is refused, and never throws, when it is anything else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl(), mutated()), (text) => {
        const identity = parseIdentityUri(text)
        if (identity !== undefined) expect(identityUri(identity)).toBe(text)
      }),
      { seed: 2, numRuns: 1000 },
    )
  })

  it.each([
    ['another scheme', 'https://wardgate/device/mon-1'],
    ['a scheme in capitals', 'SPIFFE://wardgate/device/mon-1'],
    ['a site in capitals', 'spiffe://Wardgate/device/mon-1'],
    ['no site', 'spiffe:///device/mon-1'],
    ['a port', 'spiffe://wardgate:443/device/mon-1'],
    ['a user', 'spiffe://a@wardgate/device/mon-1'],
    ['no id', 'spiffe://wardgate/device'],
    ['an empty id', 'spiffe://wardgate/device/'],
    ['one part too many', 'spiffe://wardgate/device/mon-1/x'],
    ['a slash at the end', 'spiffe://wardgate/device/mon-1/'],
    ['a query', 'spiffe://wardgate/device/mon-1?x=1'],
    ['a fragment', 'spiffe://wardgate/device/mon-1#x'],
    ['an escape', 'spiffe://wardgate/device/mon%2D1'],
    ['dots for a path', 'spiffe://wardgate/device/..'],
    ['an id of 33', `spiffe://wardgate/device/${'a'.repeat(33)}`],
    ['a role nobody has', 'spiffe://wardgate/admin/mon-1'],
    ['a role of a CA', 'spiffe://wardgate/root-ca/x'],
    ['a name of every object', 'spiffe://wardgate/constructor/x'],
    ['a line end behind it', 'spiffe://wardgate/device/mon-1\n'],
    ['a blank before it', ' spiffe://wardgate/device/mon-1'],
  ])('with %s is refused', (_what, text) => {
    expect(parseIdentityUri(text)).toBeUndefined()
  })
})

describe('the identity among the alternative names of a certificate', () => {
  it('is found beside DNS names and addresses', () => {
    const names = 'URI:spiffe://wardgate/server/gw-1, DNS:localhost, IP Address:127.0.0.1'
    expect(identityOfAltNames(names)).toEqual({ site: 'wardgate', role: 'server', id: 'gw-1' })
  })

  it.each([
    ['there are no names', undefined],
    ['there is no URI', 'DNS:localhost'],
    ['there are two', 'URI:spiffe://wardgate/device/a, URI:spiffe://wardgate/device/b'],
    ['another URI stands beside it', 'URI:spiffe://wardgate/device/a, URI:https://x/'],
    ['a quoted name could hide it', 'DNS:"a, URI:spiffe://wardgate/device/a, b"'],
    ['only a DNS name looks like it', 'DNS:spiffe://wardgate/device/a'],
  ])('is none when %s', (_what, names) => {
    expect(identityOfAltNames(names)).toBeUndefined()
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (names) => {
        identityOfAltNames(names)
      }),
      { seed: 3, numRuns: 500 },
    )
  })
})

describe('the words of an identity', () => {
  it.each(['a', 'mon-12', '-', '0'.repeat(32)])('takes %s as an id', (id) => {
    expect(isIdentityId(id)).toBe(true)
  })
  it.each(['', 'A', 'a_b', 'a.b', '../x', 'a/b', 'ä', 'a\n', '0'.repeat(33)])('refuses %j as an id', (id) => {
    expect(isIdentityId(id)).toBe(false)
  })
  it.each(['wardgate', 'icu.example.org', 'a', 'a'.repeat(63)])('takes %s as a site', (site) => {
    expect(isSite(site)).toBe(true)
  })
  it.each(['', '.', '-a', 'a-', 'A', 'a_b', 'a b', 'a'.repeat(64)])('refuses %j as a site', (site) => {
    expect(isSite(site)).toBe(false)
  })
})

function mutated(): fc.Arbitrary<string> {
  return fc.tuple(identities, fc.nat(), fc.string({ maxLength: 2 })).map(([identity, position, noise]) => {
    const uri = identityUri(identity)
    const at = position % uri.length
    return uri.slice(0, at) + noise + uri.slice(at + 1)
  })
}
