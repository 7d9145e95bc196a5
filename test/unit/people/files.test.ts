/** users.json and logins.json: what is written is read, what is damaged or open to others is refused with its reason. */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createLoginFile, readLogins } from '../../../gateway/people/login-file.ts'
import { NO_ROWS, type LoginRows } from '../../../gateway/people/login-record.ts'
import { changeUser, readUsers, type UserRecord } from '../../../gateway/people/user-file.ts'
import { CountingHasher } from '../../support/people.ts'
import { tempDir } from '../../support/temp-dir.ts'

let dir: ReturnType<typeof tempDir>
beforeEach(() => {
  dir = tempDir()
})
afterEach(() => dir.remove())

const user = async (id: string): Promise<UserRecord> => ({
  id,
  password: await new CountingHasher().hash('correct horse battery'),
  setAtMs: 1_796_053_609_090,
})
const write = (name: string, content: unknown, mode = 0o600): void => {
  const path = join(dir.path, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  chmodSync(path, mode)
}

describe('the file of passwords', () => {
  it('gives back what was written, for its owner only, and leaves nothing else behind', async () => {
    const [anna, bert] = [await user('anna'), await user('bert')]
    changeUser(dir.path, 'anna', () => anna)
    changeUser(dir.path, 'bert', () => bert)
    expect([...readUsers(dir.path).values()]).toEqual([anna, bert])
    expect(statSync(join(dir.path, 'users.json')).mode & 0o777).toBe(0o600)
    expect(readdirSync(dir.path)).toEqual(['users.json'])
  })

  it('changes one record and no other', async () => {
    for (const id of ['anna', 'bert']) {
      const record = await user(id)
      changeUser(dir.path, id, () => record)
    }
    changeUser(dir.path, 'anna', (record) =>
      record === undefined ? record : { ...record, delaysEndedAtMs: 5 },
    )
    changeUser(dir.path, 'bert', () => undefined)
    expect([...readUsers(dir.path).values()]).toMatchObject([{ id: 'anna', delaysEndedAtMs: 5 }])
  })

  it('is not touched when nothing changes', () => {
    changeUser(dir.path, 'anna', () => undefined)
    expect(readdirSync(dir.path)).toEqual([])
  })

  it.each([
    { name: 'half a file', content: '{"v":1,"us', says: 'is not JSON: restore it from a backup' },
    { name: 'another version', content: { v: 2, users: [] }, says: '/v' },
    {
      name: 'a password in clear',
      content: { v: 1, users: [{ id: 'a', password: 'x', setAtMs: 1 }] },
      says: '/users/0/password',
    },
  ])('is refused as $name, without quoting it', ({ content, says }) => {
    write('users.json', content)
    expect(() => readUsers(dir.path)).toThrow(says)
  })

  it.each([
    { name: 'a cost that would take all memory', change: { N: 2 ** 30 } },
    { name: 'a cost that is no power of two', change: { N: 99_999 } },
    { name: 'next to no cost', change: { N: 2 } },
    { name: 'no salt', change: { salt: '' } },
    { name: 'another way of hashing', change: { kind: 'md5' } },
  ])('is refused for $name', async ({ change }) => {
    const { password, ...rest } = await user('anna')
    write('users.json', { v: 1, users: [{ ...rest, password: { ...password, ...change } }] })
    expect(() => readUsers(dir.path)).toThrow('/users/0/password')
  })

  it('is refused when a person is in it twice', async () => {
    const anna = await user('anna')
    write('users.json', { v: 1, users: [anna, { ...anna, setAtMs: 2 }] })
    expect(() => readUsers(dir.path)).toThrow('two passwords')
  })

  it('is refused when others can read it', () => {
    write('users.json', { v: 1, users: [] }, 0o640)
    expect(() => readUsers(dir.path)).toThrow('open to other users (mode 0640): `chmod 600')
  })

  it('is refused when it is no file, and a pipe or a loop of links does not hang it', () => {
    mkdirSync(join(dir.path, 'users.json'))
    expect(() => readUsers(dir.path)).toThrow('is not a file')
    const loop = tempDir()
    symlinkSync('users.json', join(loop.path, 'users.json'))
    expect(() => readUsers(loop.path)).toThrow('ELOOP')
    loop.remove()
  })

  it('is not changed when it cannot be read', async () => {
    write('users.json', '{"v":1,"us')
    const anna = await user('anna')
    expect(() => changeUser(dir.path, 'anna', () => anna)).toThrow('is not JSON')
    expect(readFileSync(join(dir.path, 'users.json'), 'utf8')).toBe('{"v":1,"us')
    expect(readdirSync(dir.path)).toEqual(['users.json'])
  })
})

describe('the record of logins', () => {
  const rows: LoginRows = {
    accounts: [['anna', { count: 3, lastAtMs: 1_796_053_609_090 }]],
    addresses: [['10.0.0.7', { count: 3, lastAtMs: 1_796_053_609_090 }]],
    familiar: [['anna', ['10.0.0.7']]],
  }

  it('gives back what was written, for its owner only', async () => {
    await createLoginFile(dir.path).save(() => rows)
    expect(readLogins(dir.path)).toMatchObject(rows)
    expect(statSync(join(dir.path, 'logins.json')).mode & 0o777).toBe(0o600)
    expect(readdirSync(dir.path)).toEqual(['logins.json'])
  })

  it('is empty where there is no file', () => {
    expect(readLogins(dir.path)).toEqual(NO_ROWS)
  })

  it('writes the newest for all who wait, and each of them waits for it', async () => {
    const file = createLoginFile(dir.path)
    let count = 0
    let taken = 0
    const save = async (): Promise<number> => {
      count += 1
      const mine = count
      await file.save(() => {
        taken += 1
        return { ...NO_ROWS, accounts: [['anna', { count, lastAtMs: 0 }]] }
      })
      const written = readLogins(dir.path).accounts[0]?.[1].count ?? 0
      return written - mine
    }
    const ahead = await Promise.all(Array.from({ length: 20 }, save))
    expect(Math.min(...ahead)).toBeGreaterThanOrEqual(0)
    expect(readLogins(dir.path).accounts[0]?.[1].count).toBe(20)
    expect(taken).toBe(2)
  })

  it('tells whoever asked when it cannot be written, and goes on afterwards', async () => {
    const gone = tempDir()
    gone.remove()
    const file = createLoginFile(gone.path)
    await expect(file.save(() => rows)).rejects.toThrow('ENOENT')
    mkdirSync(gone.path)
    await file.save(() => rows)
    expect(readLogins(gone.path)).toMatchObject(rows)
    gone.remove()
  })

  it.each([
    { name: 'half a file', content: '{"v":1,"acc' },
    {
      name: 'a count that is none',
      content: { v: 1, ...rows, accounts: [['anna', { count: -1, lastAtMs: 0 }]] },
    },
    { name: 'a key without a value', content: { v: 1, ...rows, addresses: [['10.0.0.7']] } },
  ])('is refused as $name, with what becomes of it', ({ content }) => {
    write('logins.json', content)
    expect(() => readLogins(dir.path)).toThrow('failed logins up to now are forgotten')
  })
})
