import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from '@jest/globals'
import { CertificateError } from '../../../certs/errors.ts'
import { withStoreLock } from '../../../certs/store-lock.ts'
import { tempDir } from '../../support/temp-dir.ts'

const temp = tempDir()
const path = join(temp.path, '.lock')
const TOKEN = '0123456789abcdef'
const SOMEBODY_ALIVE = 1

afterEach(() => rmSync(path, { force: true }))
afterAll(() => temp.remove())

describe('the lock of a store', () => {
  it('is there while the action runs and gone afterwards', () => {
    expect(withStoreLock(path, () => existsSync(path))).toBe(true)
    expect(readdirSync(temp.path)).toEqual([])
  })

  it('is gone as well when the action fails, and its error goes on', () => {
    const action = (): void => {
      throw new CertificateError('no')
    }
    expect(() => withStoreLock(path, action)).toThrow('no')
    expect(readdirSync(temp.path)).toEqual([])
  })

  it('is taken over from a process that died', () => {
    const { pid } = spawnSync('true')
    writeFileSync(path, `${pid} 5 ${TOKEN}`)
    expect(withStoreLock(path, () => 'done')).toBe('done')
    expect(readdirSync(temp.path)).toEqual([])
  })

  it('is taken over when another process has got the number of the dead one', () => {
    writeFileSync(path, `${SOMEBODY_ALIVE} 999999999999 ${TOKEN}`)
    expect(withStoreLock(path, () => 'done')).toBe('done')
  })

  it.each(['', 'garbage', '../../x y z', `-1 0 ${TOKEN}`])('is taken over when it says %j', (text) => {
    writeFileSync(path, text)
    expect(withStoreLock(path, () => 'done')).toBe('done')
    expect(readdirSync(temp.path)).toEqual([])
  })

  it('is respected while its owner lives, who is named', () => {
    const owner = `${SOMEBODY_ALIVE} ${startOf(SOMEBODY_ALIVE)} ${TOKEN}`
    writeFileSync(path, owner)
    expect(() => withStoreLock(path, () => 'done')).toThrow(
      `in use by process ${SOMEBODY_ALIVE}: try again when it has finished`,
    )
    expect(readFileSync(path, 'utf8')).toBe(owner)
    expect(readdirSync(temp.path)).toEqual(['.lock'])
  })

  it('says so when it cannot be made at all', () => {
    expect(() => withStoreLock(join(temp.path, 'none/.lock'), () => 'done')).toThrow('the system says ENOENT')
  })
})

function startOf(pid: number): string {
  if (!existsSync('/proc')) return '-'
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-'
}
