/**
 * Device locks as the Filesystem Hierarchy Standard has them: `LCK..ttyS0`, holding a process id as ten characters
 * and a newline, so that minicom, pppd and a second gateway keep away as well. serialport also takes a kernel lock,
 * but only after it has set the line, by which time it has already spoiled it for whoever reads it.
 */

import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorCode } from '../errors.ts'

export type PortLock =
  | { readonly kind: 'held'; readonly release: () => void }
  /** `holder` says who has it, for people. */
  | { readonly kind: 'busy'; readonly holder: string }

// What this process holds. A lock file with our own process id that is not in here is left from an earlier life:
// in a container the process id is the same after every restart.
const heldHere = new Map<string, PortLock>()

/** Locks the terminal whose real path is `realPath`; throws only when `lockDir` cannot be used. */
export function lockPort(realPath: string, lockDir: string): PortLock {
  if (heldHere.has(realPath)) return { kind: 'busy', holder: 'another device of this gateway' }
  mkdirSync(lockDir, { recursive: true, mode: 0o755 })
  const lockPath = join(lockDir, lockFileName(realPath))
  if (!placeLock(lockPath)) {
    const holderPid = readHolder(lockPath)
    if (holderPid === undefined || isOtherAlive(holderPid))
      return { kind: 'busy', holder: `${describe(holderPid)}, by ${lockPath}` }
    // Two that clear the same stale lock at once are parted by the kernel lock of serialport.
    unlinkIfThere(lockPath)
    if (!placeLock(lockPath)) return { kind: 'busy', holder: `another process, by ${lockPath}` }
  }
  const lock: PortLock = {
    kind: 'held',
    release: () => {
      if (heldHere.get(realPath) !== lock) return
      heldHere.delete(realPath)
      if (readHolder(lockPath) === process.pid) unlinkIfThere(lockPath)
    },
  }
  heldHere.set(realPath, lock)
  return lock
}

/** '/dev/ttyUSB0' is 'LCK..ttyUSB0'; what lies deeper keeps its folders, so that '/dev/pts/3' is 'LCK..pts_3'. */
function lockFileName(realPath: string): string {
  return `LCK..${realPath.replace(/^\/dev\//, '').replaceAll('/', '_')}`
}

/** True when the lock file is now ours. Linked into place, so that nobody ever reads one that is half written. */
function placeLock(lockPath: string): boolean {
  const draftPath = `${lockPath}.${process.pid}`
  writeFileSync(draftPath, `${String(process.pid).padStart(10)}\n`, { mode: 0o644 })
  try {
    linkSync(draftPath, lockPath)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  } finally {
    unlinkSync(draftPath)
  }
}

/** The process id in a lock file; undefined when it holds none. */
function readHolder(lockPath: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(lockPath, 'ascii').trim(), 10)
    return pid > 0 ? pid : undefined
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

function isOtherAlive(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) !== 'ESRCH'
  }
}

function describe(pid: number | undefined): string {
  return pid === undefined ? 'a process that did not give its id' : `process ${pid}`
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
}
