import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { initStore } from '../../../certs/store.ts'
import { clockCommand } from '../../../cli/clock.ts'
import { systemUptime } from '../../../gateway/clock.ts'
import { timeFileOf, writeTimeFile } from '../../../gateway/security/time-file.ts'
import { tempDir } from '../../support/temp-dir.ts'

const DAY_MS = 86_400_000

let temp: ReturnType<typeof tempDir>
let state: string

beforeEach(() => {
  temp = tempDir()
  state = join(temp.path, 'state')
  initStore({ stateDir: state, site: 'ward.test', serverNames: ['localhost'], nowMs: Date.now() })
})
afterEach(() => temp.remove())

async function clock(...args: readonly string[]): Promise<string> {
  let output = ''
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += String(text)
    return true
  })
  try {
    await clockCommand()
      .exitOverride()
      .parseAsync([...args, '--state', state], { from: 'user' })
  } finally {
    write.mockRestore()
  }
  return output
}

const instant = (atMs: number): string => new Date(atMs).toISOString()
const known = (goodMs: number): void =>
  writeTimeFile(timeFileOf(state), {
    version: 1,
    goodMs,
    uptimeMs: systemUptime.sinceBootMs(),
    ...(systemUptime.bootId === undefined ? {} : { boot: systemUptime.bootId }),
  })

describe('wardgate clock show', () => {
  it('believes the clock where nothing speaks against it', async () => {
    expect(await clock('show')).toMatch(/is believed\nlast good time on record: none yet/)
    known(Date.now())
    expect(JSON.parse(await clock('show', '--json'))).toMatchObject({ standing: 'trusted' })
  })

  it('says what is wrong and what to do', async () => {
    known(Date.now() - 200 * DAY_MS)
    expect(JSON.parse(await clock('show', '--json'))).toMatchObject({
      standing: 'implausible',
      reason: expect.stringContaining('ahead'),
    })
    expect(await clock('show')).toMatch(/is not believed, .*wardgate clock accept/)
  })
})

describe('wardgate clock accept', () => {
  it('writes down that the clock is right, for nobody else to read', async () => {
    known(Date.now() - 200 * DAY_MS)
    expect(await clock('accept', instant(Date.now()))).toMatch(/^accepted: it is 2/)
    expect(JSON.parse(await clock('show', '--json'))).toMatchObject({ standing: 'trusted' })
    expect(statSync(timeFileOf(state)).mode & 0o777).toBe(0o600)
  })

  it.each([
    { name: 'a day before the clock', byMs: -DAY_MS },
    { name: 'three minutes after it', byMs: 3 * 60_000 },
  ])('refuses a time $name and writes nothing', async ({ byMs }) => {
    await expect(clock('accept', instant(Date.now() + byMs))).rejects.toThrow('set the clock first')
    expect(existsSync(timeFileOf(state))).toBe(false)
  })

  it.each(['now', '10:15', '2026-09-20T10:15', '2026-13-20T10:15Z', ''])('refuses %j', async (text) => {
    await expect(clock('accept', text)).rejects.toThrow('is not a time with its zone')
  })

  it('refuses a clock before the birth of the issuing CA', async () => {
    const late = join(temp.path, 'late')
    const nowMs = Date.now() + 30 * DAY_MS
    initStore({ stateDir: late, site: 'ward.test', serverNames: ['localhost'], nowMs })
    state = late
    await expect(clock('accept', instant(Date.now()))).rejects.toThrow('the issuing CA was made at')
  })

  it('refuses where there is no gateway', async () => {
    state = join(temp.path, 'nowhere')
    await expect(clock('accept', instant(Date.now()))).rejects.toThrow('--state')
    expect(() => readFileSync(timeFileOf(state))).toThrow('ENOENT')
  })
})
