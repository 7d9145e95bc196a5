/** Writing that a crash cannot leave half done: a temporary file beside the target, synced, then moved into place. */

import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { CertificateError } from './errors.ts'
import { systemErrorCode } from './system-error.ts'

const DIRECTORY_MODE = 0o700
const FILE_MODE = 0o600
const TEMPORARY_NAME = /^\..+\.[0-9a-f]{12}\.tmp$/

const WHAT_TO_DO: Readonly<Record<string, string>> = {
  EACCES: 'permission denied: run as the owner of the directory',
  EPERM: 'permission denied: run as the owner of the directory',
  EROFS: 'the file system is read-only: choose another --state',
  ENOSPC: 'no space left: free some and try again',
  EDQUOT: 'the disk quota is used up: free some and try again',
  ENOTDIR: 'a part of the path is a file, not a directory',
  EEXIST: 'it exists already and is never overwritten',
  ENOTEMPTY: 'it exists already and is never overwritten',
}

/** A file whose content is on disk under a temporary name. It ends placed or discarded. */
export interface StagedFile {
  /** Gives it its name; refuses when the name is taken. */
  place(): void
  discard(): void
}

/** Creates the file or replaces its whole content. */
export function replaceFile(path: string, content: string): void {
  const temporary = writeTemporary(path, content)
  settle(path, temporary, () => renameSync(temporary, path))
}

/** Creates the file; refuses when there is one. For keys, and for whatever must not be lost by mistake. */
export function createFile(path: string, content: string | Uint8Array): void {
  stageFile(path, content).place()
}

export function stageFile(path: string, content: string | Uint8Array): StagedFile {
  const temporary = writeTemporary(path, content)
  return {
    // Unlike rename, link fails when the target exists.
    place: () => settle(path, temporary, () => linkSync(temporary, path)),
    discard: () => rmSync(temporary, { force: true }),
  }
}

/** Creates the directory and its missing parents for this user alone. One that exists stays as it is. */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE })
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST')
      throw new CertificateError(`${path} is a file, not a directory: choose another path`, { path }, error)
    throw writeError(path, error)
  }
}

/** Removes the temporary files of writers that died. Only for a directory in which nobody else is writing. */
export function discardAbandoned(directory: string): void {
  for (const name of readdirSync(directory))
    if (TEMPORARY_NAME.test(name)) rmSync(join(directory, name), { force: true })
}

/** Gives a file another name in one step, in the place of whatever had that name. */
export function moveFile(from: string, to: string): void {
  move(from, to)
}

/** Moves a finished directory into place; refuses when something is there. */
export function moveDirectory(from: string, to: string): void {
  move(from, to)
}

/** Takes a file away, and makes sure that it does not come back. One that is not there is no fault. */
export function removeFile(path: string): void {
  try {
    rmSync(path, { force: true })
    syncDirectory(dirname(path))
  } catch (error) {
    throw writeError(path, error)
  }
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to)
    syncDirectory(dirname(to))
  } catch (error) {
    throw writeError(to, error)
  }
}

function writeTemporary(path: string, content: string | Uint8Array): string {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
  let descriptor: number
  try {
    descriptor = openSync(temporary, 'wx', FILE_MODE)
  } catch (error) {
    throw writeError(path, error)
  }
  try {
    writeFileSync(descriptor, content)
    fsyncSync(descriptor)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw writeError(path, error)
  } finally {
    closeSync(descriptor)
  }
  return temporary
}

/** Gives the content its name and makes sure that the name is on disk; the temporary one is gone in any case. */
function settle(path: string, temporary: string, move: () => void): void {
  try {
    move()
    rmSync(temporary, { force: true })
    syncDirectory(dirname(path))
  } catch (error) {
    rmSync(temporary, { force: true })
    throw writeError(path, error)
  }
}

// A new name is on disk only when its directory is.
function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function writeError(path: string, error: unknown): CertificateError {
  const code = systemErrorCode(error)
  const advice = WHAT_TO_DO[code ?? ''] ?? `the system says ${code ?? String(error)}`
  return new CertificateError(`cannot write ${path}: ${advice}`, { path, systemCode: code }, error)
}
