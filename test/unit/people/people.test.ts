/** People as a running gateway has them: a change by another process is in force within two seconds. */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { changeInventory, withEntry, writeInventory } from '../../../gateway/inventory/inventory-file.ts'
import { createPeople, type People } from '../../../gateway/people/people.ts'
import type { EndedSession } from '../../../gateway/people/person-sessions.ts'
import { changeUser } from '../../../gateway/people/user-file.ts'
import type { OperatorEntry } from '../../../gateway/ports.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { CountingHasher, identityOf, personRow } from '../../support/people.ts'
import { RecordingEvents } from '../../support/recording-sinks.ts'
import { tempDir } from '../../support/temp-dir.ts'

const RIGHT = 'correct horse battery'
const ANNA = personRow('anna', ['nurse'], ['icu'])
const BERT = personRow('bert', ['engineer'])

let dir: ReturnType<typeof tempDir>
let clock: FakeClock
let events: RecordingEvents
let hasher: CountingHasher
let people: People
let ended: EndedSession[]

const setPassword = async (id: string, setAtMs: number, password = RIGHT) => {
  const record = { id, password: await hasher.hash(password), setAtMs }
  changeUser(dir.path, id, () => record)
}
const start = () => {
  people = createPeople({ stateDir: dir.path, clock, events, hasher })
  people.sessions.onEnded$.subscribe((one) => ended.push(one))
}
const login = async (id: string, password = RIGHT) => people.login({ id, password, address: '10.0.0.7:1' })
const loggedIn = async (id: string) => {
  const answer = await login(id)
  if (answer.kind !== 'accepted') throw new Error(answer.kind)
  return `__Host-wardgate=${answer.token}`
}
const whose = (cookie: string) => people.sessionOf(cookie, clock.nowMs())?.id

beforeEach(async () => {
  dir = tempDir()
  clock = new FakeClock()
  events = new RecordingEvents()
  hasher = new CountingHasher()
  ended = []
  writeInventory(dir.path, [ANNA, BERT])
  for (const id of ['anna', 'bert']) await setPassword(id, 1)
  start()
})
afterEach(() => {
  people.stop()
  dir.remove()
})

describe('a change of a person by another process', () => {
  it.each<{ what: string; change: () => Promise<void> | void }>([
    { what: 'locked', change: () => changeRow((row) => ({ ...row, locked: true })) },
    { what: 'rights', change: () => changeRow((row) => ({ ...row, duties: ['auditor'] })) },
    { what: 'rights', change: () => changeRow((row) => ({ ...row, wards: ['er'] })) },
    { what: 'removed', change: () => writeInventory(dir.path, [BERT]) },
    { what: 'password', change: async () => setPassword('anna', 2, 'another horse battery') },
    { what: 'password', change: () => changeUser(dir.path, 'anna', () => undefined) },
  ])(
    '($what) ends the open sessions of that person within two seconds, and nobody else',
    async ({ what, change }) => {
      const cookies = [await loggedIn('anna'), await loggedIn('anna')]
      const other = await loggedIn('bert')
      await change()
      clock.advance(2_000)
      expect(cookies.map(whose)).toEqual([undefined, undefined])
      expect(whose(other)).toBe('bert')
      expect(ended.map(({ identity, reason }) => [identity.id, reason])).toEqual([
        ['anna', 'person-changed'],
        ['anna', 'person-changed'],
      ])
      expect(events.named('person-changed')).toEqual([{ id: 'anna', what, endedSessions: 2 }])
    },
  )

  it('is in force for a login at once', async () => {
    changeRow((row) => ({ ...row, locked: true }))
    expect(await login('anna')).toEqual({ kind: 'refused' })
    expect(events.named('login-refused')).toMatchObject([{ id: 'anna', reason: 'locked' }])
    changeRow(({ locked: _locked, ...row }) => row)
    expect((await login('anna')).kind).toBe('accepted')
  })

  it('adds a person without a restart', async () => {
    writeInventory(dir.path, [ANNA, BERT, personRow('carla', ['nurse'], ['icu'])])
    await setPassword('carla', 3)
    expect((await login('carla')).kind).toBe('accepted')
  })

  it('leaves what is in force when the new file cannot be read, and says so once', async () => {
    const cookie = await loggedIn('anna')
    writeFileSync(join(dir.path, 'inventory.json'), '{"v":1,')
    clock.advance(5_000)
    expect(whose(cookie)).toBe('anna')
    expect(events.named('people-not-read')).toHaveLength(1)
    writeInventory(dir.path, [BERT])
    clock.advance(2_000)
    expect(whose(cookie)).toBeUndefined()
  })

  it('is none when the hash of the same password was made dearer', async () => {
    hasher.cost = { ...hasher.cost, N: 2 ** 15 }
    const cookie = await loggedIn('anna')
    clock.advance(2_000)
    expect(whose(cookie)).toBe('anna')
    expect(events.named('person-changed')).toEqual([])
  })
})

describe('a session', () => {
  it('ends by the clock, and the log says so', async () => {
    await loggedIn('anna')
    clock.advance(15 * 60_000)
    expect(ended).toMatchObject([{ reason: 'idle' }])
    expect(events.named('logged-out')).toEqual([{ id: 'anna', reason: 'idle' }])
  })

  it('does not survive a restart, and a delay does', async () => {
    const cookie = await loggedIn('anna')
    for (let time = 0; time < 5; time += 1) await login('anna', 'wrong wrong wrong')
    people.stop()
    start()
    expect(whose(cookie)).toBeUndefined()
    expect(await login('anna')).toEqual({ kind: 'delayed', waitMs: 1_000 })
  })

  it('leaves no timer behind when the gateway stops', () => {
    people.stop()
    expect(clock.pendingCount).toBe(0)
  })
})

describe('a damaged file', () => {
  const restarted = (name: string, mode = 0o600) => {
    people.stop()
    writeFileSync(join(dir.path, name), '{"v":1,', { mode })
    start()
  }

  it('of passwords lets nobody in by password, says so, and is read again when it was restored', async () => {
    restarted('users.json')
    expect(await login('anna')).toEqual({ kind: 'refused' })
    expect(people.admit(identityOf('anna'), '10.0.0.7:1')).toEqual(ANNA)
    expect(events.named('people-not-read')).toMatchObject([{ reason: expect.stringContaining('users.json') }])
    writeFileSync(join(dir.path, 'users.json'), '{"v":1,"users":[]}')
    await setPassword('anna', 5)
    expect((await login('anna')).kind).toBe('accepted')
  })

  it('of logins starts the delays anew, says so, and is written anew', async () => {
    restarted('logins.json')
    expect((await login('anna')).kind).toBe('accepted')
    expect(events.named('people-not-read')).toMatchObject([
      { reason: expect.stringContaining('logins.json') },
    ])
    people.stop()
    start()
    expect(events.named('people-not-read')).toHaveLength(1)
  })

  it('of the inventory is for whoever starts the gateway', () => {
    people.stop()
    writeFileSync(join(dir.path, 'inventory.json'), '{"v":1,')
    expect(start).toThrow('is not JSON')
  })
})

describe('a refusal', () => {
  it('of an action says to the log who, what and why', () => {
    const asked = { address: '10.0.0.7:1', ward: 'icu' }
    expect(people.permit(identityOf('anna'), 'devices:quarantine', asked)).toBe(false)
    expect(people.permit(identityOf('bert'), 'devices:quarantine', asked)).toBe(true)
    expect(events.named('action-refused')).toEqual([
      { role: 'operator', id: 'anna', action: 'devices:quarantine', ...asked, reason: 'no duty allows it' },
    ])
  })

  it('of a person says it too, whatever the person proved it with', () => {
    changeRow((row) => ({ ...row, locked: true }))
    clock.advance(1_000)
    expect(people.admit(identityOf('anna'), '10.0.0.7:1')).toBeUndefined()
    expect(people.admit(identityOf('stranger'), '10.0.0.7:1')).toBeUndefined()
    expect(people.admit(identityOf('bert', 'consumer'), '10.0.0.7:1')).toBeUndefined()
    expect(people.admit(identityOf('bert'), '10.0.0.7:1')).toEqual(BERT)
    expect(events.named('person-refused').map(({ id, reason }) => [id, reason])).toEqual([
      ['anna', 'the person is locked'],
      ['stranger', 'no such row in the inventory'],
      ['bert', 'no such row in the inventory'],
    ])
  })
})

describe('what is told and stored', () => {
  it('holds no password and no token', async () => {
    const cookie = await loggedIn('anna')
    await login('anna', 'wrong wrong wrong')
    people.stop()
    const told = JSON.stringify(events.all)
    for (const secret of [RIGHT, 'wrong wrong', cookie.slice('__Host-wardgate='.length)])
      expect(told).not.toContain(secret)
  })
})

function changeRow(change: (row: OperatorEntry) => OperatorEntry): void {
  changeInventory(dir.path, (rows) => {
    const row = rows.find((one): one is OperatorEntry => one.role === 'operator' && one.id === 'anna')
    return row === undefined ? rows : withEntry(rows, change(row))
  })
}
