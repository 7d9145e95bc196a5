import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { CommanderError } from 'commander'
import { usersCommand } from '../../../cli/users.ts'
import {
  changeInventory,
  readInventory,
  withEntry,
  writeInventory,
} from '../../../gateway/inventory/inventory-file.ts'
import { createPasswordHasher } from '../../../gateway/people/password-hash.ts'
import { readUsers } from '../../../gateway/people/user-file.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { personRow } from '../../support/people.ts'
import { tempDir } from '../../support/temp-dir.ts'

const RIGHT = 'correct horse battery'
const hasher = createPasswordHasher({ N: 2 ** 14, r: 8, p: 1 })

let dir: ReturnType<typeof tempDir>
let clock: FakeClock
beforeEach(() => {
  dir = tempDir()
  clock = new FakeClock()
})
afterEach(() => dir.remove())

/** Runs a command with something on standard input; what it prints. */
async function users(args: readonly string[], stdin = ''): Promise<string> {
  const written: string[] = []
  const spy = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text))
    return true
  })
  const input = () => ({
    stdin: Readable.from(stdin === '' ? [] : [Buffer.from(stdin)]),
    terminal: undefined,
    say: (text: string) => void written.push(text),
  })
  const command = usersCommand({ input, hasher, clock }).exitOverride()
  for (const child of command.commands) child.exitOverride().configureOutput({ writeErr: () => undefined })
  try {
    await command.parseAsync([...args, '--state', dir.path], { from: 'user' })
  } finally {
    spy.mockRestore()
  }
  return written.join('')
}
const passwordOf = (id: string) => readUsers(dir.path).get(id)?.password
const addAnna = async () =>
  users(['add', 'anna', '--duty', 'nurse', '--ward', 'icu', '--password-stdin'], RIGHT)

describe('wardgate users add', () => {
  it('writes the row and the hash of the password, for the owner only', async () => {
    expect(await addAnna()).toBe('anna: nurse in icu, with a password\n')
    expect(readInventory(dir.path)).toEqual([personRow('anna', ['nurse'], ['icu'])])
    const stored = passwordOf('anna')
    expect(stored && (await hasher.matches(RIGHT, stored))).toBe(true)
    expect(readFileSync(join(dir.path, 'users.json'), 'utf8')).not.toContain(RIGHT)
    expect(readdirSync(dir.path).sort()).toEqual(['inventory.json', 'users.json'])
  })

  it('takes the password from a file of mode 0600, without the line break at its end', async () => {
    const file = join(dir.path, 'pw')
    writeFileSync(file, `${RIGHT}\r\n`, { mode: 0o600 })
    await users(['add', 'bert', '--duty', 'engineer', '--password-file', file])
    const stored = passwordOf('bert')
    expect(stored && (await hasher.matches(RIGHT, stored))).toBe(true)
  })

  it('refuses a file that others can read', async () => {
    const file = join(dir.path, 'pw')
    writeFileSync(file, RIGHT)
    chmodSync(file, 0o644)
    await expect(users(['add', 'bert', '--duty', 'engineer', '--password-file', file])).rejects.toThrow(
      'the password file',
    )
    expect(readInventory(dir.path)).toEqual([])
  })

  it('needs no password for a person with a certificate, and says what comes next', async () => {
    const output = await users(['add', 'carla', '--duty', 'auditor', '--certificate-only'])
    expect(output).toContain('next: wardgate certs issue operator carla')
    expect(passwordOf('carla')).toBeUndefined()
  })

  it('lets no password of a former person of that name come to life again', async () => {
    await addAnna()
    writeInventory(dir.path, [])
    await users(['add', 'anna', '--duty', 'auditor', '--certificate-only'])
    expect(passwordOf('anna')).toBeUndefined()
  })

  it.each([
    { name: 'no duty', args: ['--password-stdin'], says: 'may do nothing without --duty; known are nurse' },
    { name: 'an unknown duty', args: ['--duty', 'boss'], says: "unknown duty 'boss'" },
    { name: 'a nurse without a ward', args: ['--duty', 'nurse'], says: 'reads nothing without --ward' },
    {
      name: 'a ward for an engineer',
      args: ['--duty', 'engineer', '--ward', 'icu'],
      says: '--ward is for nurse and',
    },
    {
      name: 'a ward that is none',
      args: ['--duty', 'nurse', '--ward', 'icu/#'],
      says: "ward 'icu/#' is not an id",
    },
    { name: 'nowhere to ask', args: ['--duty', 'auditor'], says: 'there is no terminal to ask' },
    {
      name: 'a short password',
      args: ['--duty', 'auditor', '--password-stdin'],
      says: 'it has 5 characters',
    },
    {
      name: 'a file that is not there',
      args: ['--duty', 'auditor', '--password-file', '/nowhere/pw'],
      says: 'there is no password file /nowhere/pw',
    },
    {
      name: 'two sources',
      args: ['--duty', 'auditor', '--password-stdin', '--password-file', 'x'],
      says: 'choose one',
    },
    {
      name: 'a password for nobody',
      args: ['--duty', 'auditor', '--certificate-only', '--password-stdin'],
      says: 'takes no password',
    },
  ])('refuses $name and writes nothing', async ({ args, says }) => {
    await expect(users(['add', 'anna', ...args], 'short')).rejects.toThrow(says)
    expect(readInventory(dir.path)).toEqual([])
    expect(readUsers(dir.path).size).toBe(0)
  })

  it('takes no password as an argument', async () => {
    const call = users(['add', 'anna', '--duty', 'auditor', '--password', RIGHT])
    await expect(call).rejects.toBeInstanceOf(CommanderError)
  })

  it('refuses an id that is none, and a person who is there already', async () => {
    await expect(users(['add', 'Dr. X', '--duty', 'auditor'])).rejects.toThrow("id 'Dr. X' is not an id")
    await addAnna()
    const before = passwordOf('anna')
    await expect(users(['add', 'anna', '--duty', 'security', '--password-stdin'], RIGHT)).rejects.toThrow(
      "there is a person 'anna' already",
    )
    expect(passwordOf('anna')).toEqual(before)
    expect(readInventory(dir.path)).toEqual([personRow('anna', ['nurse'], ['icu'])])
  })
})

describe('a person who is there', () => {
  beforeEach(async () => {
    await addAnna()
  })

  it('gets other duties and wards instead of the former', async () => {
    await users(['duties', 'anna', '--duty', 'charge-nurse', '--duty', 'auditor', '--ward', 'er'])
    expect(readInventory(dir.path)).toEqual([personRow('anna', ['charge-nurse', 'auditor'], ['er'])])
  })

  it('gets another password, and the delays of the former are over', async () => {
    clock.advance(5_000)
    await users(['password', 'anna', '--password-stdin'], 'another horse battery')
    const stored = passwordOf('anna')
    expect(stored && (await hasher.matches('another horse battery', stored))).toBe(true)
    expect(readUsers(dir.path).get('anna')).toMatchObject({
      setAtMs: clock.nowMs(),
      delaysEndedAtMs: clock.nowMs(),
    })
  })

  it('is locked and unlocked; unlocking ends the delays', async () => {
    expect(await users(['lock', 'anna'])).toContain('locked')
    expect(readInventory(dir.path)[0]).toMatchObject({ locked: true })
    clock.advance(5_000)
    expect(await users(['unlock', 'anna'])).not.toContain('locked')
    expect(readInventory(dir.path)).toEqual([personRow('anna', ['nurse'], ['icu'])])
    expect(readUsers(dir.path).get('anna')).toMatchObject({ delaysEndedAtMs: clock.nowMs() })
  })

  it('stays locked when the duties change', async () => {
    await users(['lock', 'anna'])
    await users(['duties', 'anna', '--duty', 'auditor'])
    expect(readInventory(dir.path)[0]).toMatchObject({ duties: ['auditor'], locked: true })
  })

  it('is removed with the password, also when half of it was done before', async () => {
    await users(['remove', 'anna'])
    expect(readInventory(dir.path)).toEqual([])
    expect(readUsers(dir.path).size).toBe(0)
    await addAnna()
    writeInventory(dir.path, [])
    await users(['remove', 'anna'])
    expect(readUsers(dir.path).size).toBe(0)
  })

  it('is shown with everything it may read and do, and without the hash', async () => {
    await users(['duties', 'anna', '--duty', 'charge-nurse', '--ward', 'icu'])
    const output = await users(['show', 'anna', '--json'])
    expect(JSON.parse(output)).toEqual({
      id: 'anna',
      duties: ['charge-nurse'],
      wards: ['icu'],
      locked: false,
      passwordSetAt: '2026-09-20T10:15:00.000Z',
      reads: ['vitals/v1/icu/#'],
      rights: [{ action: 'alerts:acknowledge', where: ['icu'] }],
    })
    expect(output).not.toContain(passwordOf('anna')?.hash)
  })

  it('is in the list, for people and for programs', async () => {
    changeInventory(dir.path, (rows) => withEntry(rows, personRow('old', [])))
    expect(await users(['list'])).toMatch(
      /^ID +DUTIES.*\nanna +nurse +icu +2026-09-20T.* no\nold +\(none\) +- +none +no\n$/,
    )
    expect(JSON.parse(await users(['list', '--json']))).toHaveLength(2)
  })
})

it.each(['show', 'lock', 'unlock', 'remove', 'password'])(
  'wardgate users %s refuses a person who is not there',
  async (name) => {
    await expect(users([name, 'nobody'])).rejects.toThrow("no person 'nobody'")
    expect(readdirSync(dir.path).filter((file) => file !== 'inventory.json')).toEqual([])
  },
)
