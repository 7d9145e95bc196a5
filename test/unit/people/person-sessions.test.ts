import { beforeEach, describe, expect, it } from '@jest/globals'
import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import {
  createPersonSessions,
  type EndedSession,
  type PersonSessions,
} from '../../../gateway/people/person-sessions.ts'
import { cookieOf, NO_COOKIE, tokenOf } from '../../../gateway/people/session-cookie.ts'

const MINUTE_MS = 60_000
const START_MS = 1_000_000_000
let sessions: PersonSessions
let ended: EndedSession[]
beforeEach(() => {
  sessions = createPersonSessions({ totalCount: 20 })
  ended = []
  sessions.onEnded$.subscribe((one) => ended.push(one))
})

const login = (id = 'anna', nowMs = START_MS) => {
  const { token, identity } = sessions.start(id, nowMs)
  return { token, identity, cookie: `theme=dark; __Host-wardgate=${token}` }
}
const reasons = () => ended.map(({ reason }) => reason)

describe('a session', () => {
  it('is found by its cookie, and names the person, not the token', () => {
    const { cookie, token, identity } = login()
    expect(sessions.sessionOf(cookie, START_MS)).toEqual(identity)
    expect(identity).toEqual({
      role: 'operator',
      id: 'anna',
      fingerprint: `session:${createHash('sha256').update(token).digest('hex')}`,
      notAfterMs: START_MS + 12 * 60 * MINUTE_MS,
    })
    expect(Buffer.from(token, 'base64url')).toHaveLength(32)
  })

  it('is found by nothing else', () => {
    const { token, identity } = login()
    const others = [undefined, '', token, `__Host-wardgate=${token.slice(1)}`, `__Host-wardgate=${token}x`]
    const more = [`wardgate=${token}`, `x__Host-wardgate=${token}`, `__Host-wardgate=${identity.fingerprint}`]
    for (const header of [...others, ...more]) expect(sessions.sessionOf(header, START_MS)).toBeUndefined()
  })

  it('ends when it was not used for a quarter of an hour; use keeps it', () => {
    const { cookie, identity } = login()
    for (let step = 1; step <= 3; step += 1)
      expect(sessions.sessionOf(cookie, START_MS + step * 14 * MINUTE_MS)).toEqual(identity)
    sessions.sweep(START_MS + 56 * MINUTE_MS)
    expect(sessions.count).toBe(1)
    expect(sessions.sessionOf(cookie, START_MS + 57 * MINUTE_MS)).toBeUndefined()
    expect(ended).toEqual([{ identity, reason: 'idle' }])
  })

  it('ends after twelve hours, used or not', () => {
    const { cookie } = login()
    const endMs = START_MS + 12 * 60 * MINUTE_MS
    for (let nowMs = START_MS; nowMs < endMs; nowMs += 10 * MINUTE_MS)
      expect(sessions.sessionOf(cookie, nowMs)).toBeDefined()
    expect(sessions.sessionOf(cookie, endMs)).toBeUndefined()
    expect(reasons()).toEqual(['expired'])
  })

  it('ends by itself, without anybody asking', () => {
    login('anna', START_MS)
    login('bert', START_MS + 10 * MINUTE_MS)
    sessions.sweep(START_MS + 15 * MINUTE_MS)
    expect(ended.map(({ identity }) => identity.id)).toEqual(['anna'])
    expect(sessions.count).toBe(1)
  })

  it('does not outlive a clock that is set back', () => {
    const { cookie } = login()
    expect(sessions.sessionOf(cookie, START_MS - 4 * MINUTE_MS)).toBeDefined()
    expect(sessions.sessionOf(cookie, START_MS - 6 * MINUTE_MS)).toBeUndefined()
  })

  it('ends at logout, once', () => {
    const { cookie, identity } = login()
    expect(sessions.end(identity, 'logged-out')).toBe(true)
    expect(sessions.end(identity, 'logged-out')).toBe(false)
    expect(sessions.sessionOf(cookie, START_MS)).toBeUndefined()
    expect(reasons()).toEqual(['logged-out'])
  })

  it('ends with all others of the person, and nobody else', () => {
    const cookies = [login().cookie, login().cookie]
    const other = login('bert').cookie
    expect(sessions.endAll('anna', 'person-changed')).toBe(2)
    for (const cookie of cookies) expect(sessions.sessionOf(cookie, START_MS)).toBeUndefined()
    expect(sessions.sessionOf(other, START_MS)).toBeDefined()
  })

  it('can be looked at without being used', () => {
    const { identity, cookie } = login()
    expect(sessions.find(identity)).toEqual({ identity, idleEndsAtMs: START_MS + 15 * MINUTE_MS })
    expect(sessions.sessionOf(cookie, START_MS + 15 * MINUTE_MS)).toBeUndefined()
    expect(sessions.find(identity)).toBeUndefined()
  })
})

describe('sessions', () => {
  it('of one person are five at most: the one unused for longest makes room', () => {
    const held = Array.from({ length: 5 }, () => login())
    const [first] = held
    sessions.sessionOf(first?.cookie, START_MS)
    const sixth = login()
    expect(ended).toEqual([{ identity: held[1]?.identity, reason: 'too-many' }])
    expect(sessions.sessionOf(first?.cookie, START_MS)).toBeDefined()
    expect(sessions.sessionOf(sixth.cookie, START_MS)).toBeDefined()
  })

  it('are bounded in all', () => {
    for (let person = 0; person < 50; person += 1) login(`user-${person}`)
    expect(sessions.count).toBe(20)
  })
})

describe('the cookie', () => {
  it('is for this host, for TLS, for no script and for no other page', () => {
    expect(cookieOf('token')).toBe('__Host-wardgate=token; Path=/; Secure; HttpOnly; SameSite=Strict')
    expect(NO_COOKIE).toBe('__Host-wardgate=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0')
  })

  it('counts only when there is exactly one', () => {
    const token = 'a'.repeat(43)
    expect(tokenOf(`a=b;__Host-wardgate=${token};c=d`)).toBe(token)
    expect(tokenOf(`__Host-wardgate=${token}; __Host-wardgate=${token}`)).toBeUndefined()
    expect(tokenOf(`__Host-wardgate=${token}${'; x=y'.repeat(2000)}`)).toBeUndefined()
  })

  it('is read from whatever is sent without a fault', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const token = tokenOf(`__Host-wardgate=${text}`)
        expect(token === undefined || /^[A-Za-z0-9_-]{43}$/.test(token)).toBe(true)
      }),
      { seed: 11 },
    )
  })
})
