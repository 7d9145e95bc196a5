/** The decision about a login: who is let in, what it costs to ask, and what is told to whom. */

import { describe, expect, it } from '@jest/globals'
import { createLogin, type Directory } from '../../../gateway/people/login.ts'
import { LoginRecord, NO_ROWS, type LoginRows } from '../../../gateway/people/login-record.ts'
import { createTurnstile } from '../../../gateway/people/turnstile.ts'
import type { UserRecord } from '../../../gateway/people/user-file.ts'
import type { OperatorEntry } from '../../../gateway/ports.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { CountingHasher, identityOf, personRow } from '../../support/people.ts'
import { RecordingEvents } from '../../support/recording-sinks.ts'

const RIGHT = 'correct horse battery'
const WRONG = 'incorrect horse battery'

async function bench() {
  const hasher = new CountingHasher()
  const password = await hasher.hash(RIGHT)
  hasher.calls.splice(0)
  const people = new Map<string, OperatorEntry>([
    ['anna', personRow('anna', ['nurse'], ['icu'])],
    ['card-only', personRow('card-only', ['engineer'])],
    ['shut', { ...personRow('shut', ['nurse'], ['icu']), locked: true }],
  ])
  const users = new Map<string, UserRecord>(
    ['anna', 'shut', 'gone'].map((id) => [id, { id, password, setAtMs: 1 }]),
  )
  const saved: LoginRows[] = []
  const clock = new FakeClock()
  const events = new RecordingEvents()
  const started: string[] = []
  const file = { save: async (rows: () => LoginRows) => void saved.push(rows()) }
  const directory: Directory = {
    person: (id) => people.get(id),
    user: (id) => users.get(id),
    costs: () => [...users.values()].map((user) => user.password),
    rehashed: (id, _former, hash) => {
      const user = users.get(id)
      if (user !== undefined) users.set(id, { ...user, password: hash })
    },
  }
  const restart = (rows: LoginRows, broken?: () => Promise<void>) =>
    createLogin({
      directory,
      hasher,
      record: new LoginRecord(rows),
      file: broken === undefined ? file : { save: broken },
      turnstile: createTurnstile({ runningCount: 1, waitingCount: 8, perSourceCount: 8 }),
      startSession: (id) => {
        started.push(id)
        return { token: 'token', identity: identityOf(id) }
      },
      clock,
      events,
    })
  const login = restart(NO_ROWS)
  const ask = async (id: string, password = RIGHT, address = '10.0.0.7:50000') =>
    login({ id, password, address })
  return { hasher, people, users, saved, clock, events, started, directory, restart, login, ask }
}

describe('a login', () => {
  it('with the right password starts a session, and says so to the log', async () => {
    const { ask, started, events } = await bench()
    expect(await ask('anna')).toMatchObject({ kind: 'accepted', token: 'token', identity: { id: 'anna' } })
    expect(started).toEqual(['anna'])
    expect(events.named('logged-in')).toEqual([{ id: 'anna', address: '10.0.0.7:50000' }])
  })

  it.each([
    { id: 'anna', password: WRONG, reason: 'wrong-password' },
    { id: 'anna', password: '', reason: 'wrong-password' },
    { id: 'nobody', password: RIGHT, reason: 'unknown-user' },
    { id: 'gone', password: RIGHT, reason: 'unknown-user' },
    { id: 'card-only', password: RIGHT, reason: 'no-password' },
    { id: 'shut', password: RIGHT, reason: 'locked' },
  ])('of $id is refused as $reason: one answer and one scrypt for all', async ({ id, password, reason }) => {
    const { ask, started, events, hasher } = await bench()
    expect(await ask(id, password)).toEqual({ kind: 'refused' })
    expect(events.named('login-refused')).toEqual([{ id, address: '10.0.0.7:50000', reason }])
    expect(hasher.calls).toEqual([hasher.cost])
    expect(started).toEqual([])
  })

  it('with what is no name is refused the same way, and what was typed there is not kept', async () => {
    const { ask, events, hasher, saved } = await bench()
    const typed = 'My Password In The Wrong Field'
    expect(await ask(typed)).toEqual({ kind: 'refused' })
    expect(hasher.calls).toHaveLength(1)
    expect(JSON.stringify([events.all, saved])).not.toContain('My Password')
    expect(events.named('login-refused')[0]).toMatchObject({ id: '(not a name)', reason: 'unknown-user' })
  })

  it('asks an unknown name for the same cost as the names that exist, the same each time', async () => {
    const { ask, users, hasher } = await bench()
    const dear = { ...hasher.cost, N: 2 ** 15 }
    for (const [id, user] of users) users.set(id, { ...user, password: { ...user.password, ...dear } })
    await ask('nobody')
    await ask('nobody')
    expect(hasher.calls.map(({ N }) => N)).toEqual([dear.N, dear.N])
  })

  it('raises the cost of an outdated hash', async () => {
    const { ask, users, hasher } = await bench()
    hasher.cost = { ...hasher.cost, N: 2 ** 16 }
    expect(await ask('anna', WRONG)).toEqual({ kind: 'refused' })
    expect(users.get('anna')?.password.N).toBe(2 ** 14)
    expect(await ask('anna')).toMatchObject({ kind: 'accepted' })
    expect(users.get('anna')?.password.N).toBe(2 ** 16)
    expect(await ask('anna')).toMatchObject({ kind: 'accepted' })
  })
})

it('a hash that cannot be made anew keeps nobody out, and is told', async () => {
  const { ask, hasher, events } = await bench()
  hasher.cost = { ...hasher.cost, N: 2 ** 16 }
  hasher.meanwhile = () => {
    if (hasher.calls.at(-1)?.N === 2 ** 16) throw new Error('out of memory')
  }
  expect((await ask('anna')).kind).toBe('accepted')
  expect(events.named('password-not-rehashed')).toEqual([{ id: 'anna', reason: 'out of memory' }])
})

describe('what changes while the password is checked', () => {
  it.each([
    { what: 'locked', reason: 'locked' },
    { what: 'removed', reason: 'unknown-user' },
    { what: 'given another password', reason: 'changed-meanwhile' },
  ])('counts: the person is $what', async ({ what, reason }) => {
    const { ask, hasher, people, users, events, started } = await bench()
    hasher.meanwhile = () => {
      if (what === 'locked') people.set('anna', { ...personRow('anna', ['nurse'], ['icu']), locked: true })
      else if (what === 'removed') people.delete('anna')
      else users.set('anna', { id: 'anna', password: users.get('shut')?.password ?? fail(), setAtMs: 2 })
    }
    expect(await ask('anna')).toEqual({ kind: 'refused' })
    expect(events.named('login-refused')).toMatchObject([{ reason }])
    expect(started).toEqual([])
  })
})

describe('after five failures', () => {
  const failures = async (ask: Awaited<ReturnType<typeof bench>>['ask'], id: string) => {
    for (let time = 0; time < 5; time += 1) await ask(id, WRONG)
  }

  it.each(['anna', 'nobody', 'card-only', 'shut'])(
    'of %s the right password has to wait as well, and costs nothing',
    async (id) => {
      const { ask, clock, hasher, events } = await bench()
      await failures(ask, id)
      hasher.calls.splice(0)
      expect(await ask(id)).toEqual({ kind: 'delayed', waitMs: 1_000 })
      expect(hasher.calls).toEqual([])
      expect(events.named('login-refused').at(-1)).toMatchObject({ id, reason: 'delayed', waitMs: 1_000 })
      clock.advance(1_000)
      expect((await ask(id)).kind).toBe(id === 'anna' ? 'accepted' : 'refused')
    },
  )

  it('the delay doubles with each further one, up to a quarter of an hour', async () => {
    const { ask, clock } = await bench()
    await failures(ask, 'anna')
    const delays: number[] = []
    for (let time = 0; time < 13; time += 1) {
      const answer = await ask('anna', WRONG)
      if (answer.kind !== 'delayed') throw new Error(answer.kind)
      delays.push(answer.waitMs / 1_000)
      clock.advance(answer.waitMs)
      expect(await ask('anna', WRONG)).toEqual({ kind: 'refused' })
    }
    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900])
  })

  it('waiting does not get longer by asking', async () => {
    const { ask, clock } = await bench()
    await failures(ask, 'anna')
    for (let time = 0; time < 20; time += 1) await ask('anna')
    clock.advance(1_000)
    expect((await ask('anna')).kind).toBe('accepted')
  })

  it('a success starts anew', async () => {
    const { ask, clock } = await bench()
    await failures(ask, 'anna')
    clock.advance(1_000)
    await ask('anna')
    for (let time = 0; time < 5; time += 1) expect(await ask('anna', WRONG)).toEqual({ kind: 'refused' })
    expect((await ask('anna')).kind).toBe('delayed')
  })

  it('a restart forgets nothing', async () => {
    const { ask, saved, restart } = await bench()
    await failures(ask, 'anna')
    const again = restart(saved.at(-1) ?? NO_ROWS)
    expect(await again({ id: 'anna', password: RIGHT, address: '10.0.0.7:50000' })).toEqual({
      kind: 'delayed',
      waitMs: 1_000,
    })
  })

  it('ending the delays by hand lets the person try at once', async () => {
    const { ask, users, clock } = await bench()
    await failures(ask, 'anna')
    const user = users.get('anna')
    if (user !== undefined) users.set('anna', { ...user, delaysEndedAtMs: clock.nowMs() })
    expect((await ask('anna')).kind).toBe('accepted')
  })
})

describe('many at once', () => {
  it('get no more free attempts than one after the other', async () => {
    const { ask, hasher } = await bench()
    const answers = await Promise.all(Array.from({ length: 8 }, async () => ask('anna', WRONG)))
    expect(answers.filter(({ kind }) => kind === 'refused')).toHaveLength(5)
    expect(answers.filter(({ kind }) => kind === 'delayed')).toHaveLength(3)
    expect(hasher.calls).toHaveLength(5)
  })

  it('never run two checks together, and those beyond the line are told to come again', async () => {
    const { ask, hasher, events } = await bench()
    let running = 0
    let most = 0
    hasher.meanwhile = async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
    }
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => ask(`user-${index}`, WRONG, `10.0.1.${index}:1`)),
    )
    expect(most).toBe(1)
    expect(answers.filter(({ kind }) => kind === 'busy')).toHaveLength(31)
    expect(events.named('login-refused').filter(({ reason }) => reason === 'busy')).toHaveLength(31)
  })
})

describe('a flood from many addresses', () => {
  it('does not keep out who has logged in at that address before', async () => {
    const { ask, hasher } = await bench()
    await ask('anna')
    hasher.meanwhile = async () => new Promise((resolve) => setImmediate(resolve))
    const flood = Array.from({ length: 40 }, async (_, index) =>
      ask(`user-${index}`, WRONG, `10.0.1.${index}:1`),
    )
    const [known, stranger] = await Promise.all([ask('anna'), ask('anna', RIGHT, '10.0.9.9:1')])
    expect([known.kind, stranger.kind]).toEqual(['accepted', 'busy'])
    await Promise.all(flood)
  })
})

describe('a disk that is full', () => {
  it('keeps nobody out, forgets no failure, and is told', async () => {
    const { restart, events } = await bench()
    const login = restart(NO_ROWS, async () => Promise.reject(new Error('ENOSPC')))
    const ask = async (password: string) => login({ id: 'anna', password, address: '10.0.0.7:1' })
    expect((await ask(RIGHT)).kind).toBe('accepted')
    for (let time = 0; time < 5; time += 1) await ask(WRONG)
    expect((await ask(RIGHT)).kind).toBe('delayed')
    expect(events.named('logins-not-stored')[0]).toEqual({ reason: 'ENOSPC' })
  })
})

function fail(): never {
  throw new Error('the bench has no such user')
}
