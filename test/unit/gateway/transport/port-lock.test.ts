import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { lockPort, type PortLock } from '../../../../gateway/transport/port-lock.ts'

let lockDir: string

beforeEach(() => {
  lockDir = mkdtempSync(join(tmpdir(), 'wardgate-lock-'))
})

afterEach(() => {
  rmSync(lockDir, { recursive: true })
})

const lockPath = (): string => join(lockDir, 'LCK..ttyUSB7')

function held(lock: PortLock): Extract<PortLock, { kind: 'held' }> {
  if (lock.kind !== 'held') throw new Error(`busy: ${lock.holder}`)
  return lock
}

/** The id of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await once(child, 'exit')
  if (child.pid === undefined) throw new Error('no process was started')
  return child.pid
}

function leaveLockOf(pid: number | string): void {
  writeFileSync(lockPath(), `${String(pid).padStart(10)}\n`)
}

describe('the lock of a serial port', () => {
  it('is a file in the form other serial programs know, and goes with its holder', () => {
    const lock = held(lockPort('/dev/ttyUSB7', lockDir))

    expect(readFileSync(lockPath(), 'ascii')).toBe(`${String(process.pid).padStart(10)}\n`)
    expect(readdirSync(lockDir)).toEqual(['LCK..ttyUSB7'])
    lock.release()
    expect(readdirSync(lockDir)).toEqual([])
  })

  it('is refused to a second device of the same process', () => {
    const lock = held(lockPort('/dev/ttyUSB7', lockDir))

    expect(lockPort('/dev/ttyUSB7', lockDir)).toEqual({
      kind: 'busy',
      holder: 'another device of this gateway',
    })
    lock.release()
  })

  it('is refused to a second device of the same process also with another lock directory', () => {
    const lock = held(lockPort('/dev/ttyUSB7', lockDir))

    expect(lockPort('/dev/ttyUSB7', join(lockDir, 'other')).kind).toBe('busy')
    lock.release()
  })

  it('is refused while another living process has it, and names that process', () => {
    leaveLockOf(process.ppid)

    expect(lockPort('/dev/ttyUSB7', lockDir)).toEqual({
      kind: 'busy',
      holder: `process ${process.ppid}, by ${lockPath()}`,
    })
    expect(existsSync(lockPath())).toBe(true)
  })

  it('is taken over from a process that has died', async () => {
    leaveLockOf(await deadPid())

    const lock = held(lockPort('/dev/ttyUSB7', lockDir))

    expect(readFileSync(lockPath(), 'ascii').trim()).toBe(String(process.pid))
    lock.release()
  })

  it('is taken over from an earlier life with the same process id, as in a container', () => {
    leaveLockOf(process.pid)

    held(lockPort('/dev/ttyUSB7', lockDir)).release()

    expect(existsSync(lockPath())).toBe(false)
  })

  it.each([
    { name: 'empty', content: '' },
    { name: 'no number', content: 'minicom' },
    { name: 'a process group', content: '-1' },
  ])('is refused when the lock file is $name: nothing proves it stale', ({ content }) => {
    leaveLockOf(content)

    expect(lockPort('/dev/ttyUSB7', lockDir).kind).toBe('busy')
  })

  it('can be released twice without touching the lock of the next holder', () => {
    const first = held(lockPort('/dev/ttyUSB7', lockDir))
    first.release()
    const second = held(lockPort('/dev/ttyUSB7', lockDir))

    first.release()

    expect(existsSync(lockPath())).toBe(true)
    second.release()
  })

  it('keeps terminals of the same name in different folders apart', () => {
    const one = held(lockPort('/dev/pts/3', lockDir))
    const other = held(lockPort('/dev/3', lockDir))

    expect(readdirSync(lockDir).sort()).toEqual(['LCK..3', 'LCK..pts_3'])
    one.release()
    other.release()
  })

  it('makes the lock directory when it is missing', () => {
    const lock = held(lockPort('/dev/ttyUSB7', join(lockDir, 'run', 'locks')))

    expect(readdirSync(join(lockDir, 'run', 'locks'))).toEqual(['LCK..ttyUSB7'])
    lock.release()
  })

  it('is not granted when the lock directory cannot be used', () => {
    const file = join(lockDir, 'a-file')
    writeFileSync(file, '')
    chmodSync(file, 0o600)

    expect(() => lockPort('/dev/ttyUSB7', file)).toThrow('EEXIST')
  })
})
