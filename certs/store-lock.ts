/** One writer at a time: a lock file that names its owner, and that the death of its owner gives free. */

import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

import { CertificateError } from './errors.ts'
import { systemErrorCode } from './system-error.ts'

const ATTEMPTS = 80
const PAUSE_MS = 25
const UNKNOWN_START = '-'

export function withStoreLock<T>(path: string, action: () => T): T {
  const release = acquire(path)
  try {
    return action()
  } finally {
    release()
  }
}

function acquire(path: string): () => void {
  const owner = `${process.pid} ${startOf(process.pid)} ${randomBytes(8).toString('hex')}`
  const candidate = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    writeFileSync(candidate, owner, { flag: 'wx', mode: 0o600 })
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (tryLink(candidate, path)) return () => rmSync(path, { force: true })
      if (!breakIfAbandoned(path)) pause()
    }
  } catch (error) {
    throw new CertificateError(
      `cannot lock the certificate store with ${path}: the system says ${systemErrorCode(error) ?? String(error)}`,
      { path },
      error,
    )
  } finally {
    rmSync(candidate, { force: true })
  }
  throw new CertificateError(
    `the certificate store is in use by process ${read(path)?.split(' ', 1)[0] ?? '?'}: try again when it has finished`,
    { path },
  )
}

/** Removes a lock whose owner is dead. True when it is worth trying again at once. */
function breakIfAbandoned(path: string): boolean {
  const owner = read(path)
  if (owner === undefined) return true
  if (isAlive(owner)) return false
  // Only the one who holds this mark, and finds the dead owner's name still behind it, may remove the lock: otherwise
  // a slow second finder would remove the lock of a living successor.
  const mark = `${path}.dead-${/[0-9a-f]{16}$/.exec(owner)?.[0] ?? 'unreadable'}`
  if (!tryLink(path, mark)) return false
  if (read(mark) === owner) rmSync(path, { force: true })
  rmSync(mark, { force: true })
  return true
}

function isAlive(owner: string): boolean {
  const [pidText = '', start = ''] = owner.split(' ')
  const pid = Number(pidText)
  // Everything under the lock is synchronous: while this process asks, it holds none.
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: there is such a process, and it is another user's.
    if (systemErrorCode(error) !== 'EPERM') return false
  }
  // The same number with another start is another process; one whose start is hidden gets the benefit of the doubt.
  const found = startOf(pid)
  return found === start || found === UNKNOWN_START
}

/** Field 22 of /proc/<pid>/stat, the start of the process in ticks since boot; or unknown where there is no /proc. */
function startOf(pid: number): string {
  const stat = read(`/proc/${pid}/stat`)
  // The second field is the program's name, in brackets, and may hold anything.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? UNKNOWN_START
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'EEXIST' || code === 'ENOENT') return false
    throw error
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
}
