/**
 * The keys of the journal: `<state>/journal.key`, mode 0600, apart from the journal, so that a copy of the one without the
 * other says nothing. The newest key seals; the older ones open what was sealed with them, for as long as it is kept.
 */

import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { isRecord } from '../../certs/is-record.ts'
import { replaceFile } from '../../certs/durable-file.ts'
import type { Clock } from '../clock.ts'
import { ConfigError, errorCode, errorMessage, StorageError } from '../errors.ts'
import type { JournalKey } from './block.ts'

const KEY_BYTES = 32
// NIST SP 800-38D 8.3: at most 2^32 random nonces for a key. A block each 10 ms for 30 days is 2^28.
const KEY_LIFE_MS = 30 * 86_400_000

interface KeyRow {
  readonly id: number
  readonly createdAtMs: number
  /** Base64 of 32 bytes. */
  readonly key: string
}

export interface KeyHolder {
  /** The key to seal with; at the end of its life it gets a successor. */
  current(): JournalKey
  find(id: number): KeyObject | undefined
}

/** Reads the keys, or makes the first one. */
export function openKeys(path: string, clock: Clock): KeyHolder {
  let rows = readRows(path) ?? []
  const keys = new Map(rows.map((row) => [row.id, keyOf(row)]))
  const succeed = (former: KeyRow | undefined): KeyRow => {
    const fresh: KeyRow = {
      id: (former?.id ?? 0) + 1,
      createdAtMs: clock.nowMs(),
      key: randomBytes(KEY_BYTES).toString('base64'),
    }
    // On disk before anything is sealed with it.
    writeRows(path, [...rows, fresh])
    rows = [...rows, fresh]
    keys.set(fresh.id, keyOf(fresh))
    return fresh
  }
  let newest = rows.at(-1) ?? succeed(undefined)
  return {
    current() {
      // A clock that stepped back makes no successor.
      if (clock.nowMs() - newest.createdAtMs >= KEY_LIFE_MS) newest = succeed(newest)
      return { id: newest.id, key: keys.get(newest.id) ?? keyOf(newest) }
    },
    find: (id) => keys.get(id),
  }
}

function keyOf({ key }: KeyRow): KeyObject {
  return createSecretKey(Buffer.from(key, 'base64'))
}

function writeRows(path: string, rows: readonly KeyRow[]): void {
  try {
    replaceFile(path, `${JSON.stringify({ v: 1, keys: rows }, undefined, 2)}\n`)
  } catch (error) {
    throw new StorageError(`cannot write the journal key ${path}: ${errorMessage(error)}`, { path }, error)
  }
}

function readRows(path: string): readonly KeyRow[] | undefined {
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw new StorageError(`cannot read the journal key ${path}: ${errorMessage(error)}`, { path }, error)
  }
  try {
    const { mode } = fstatSync(descriptor)
    if ((mode & 0o077) !== 0)
      throw new ConfigError(
        `the journal key ${path} is open to other users (mode ${(mode & 0o777).toString(8)}): \`chmod 600 ${path}\``,
        { path },
      )
    return parseRows(readFileSync(descriptor, 'utf8'), path)
  } finally {
    closeSync(descriptor)
  }
}

function parseRows(text: string, path: string): readonly KeyRow[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  const keys = isRecord(value) && value['v'] === 1 ? value['keys'] : undefined
  if (Array.isArray(keys) && keys.length > 0 && keys.every(isRow)) return keys
  throw new ConfigError(
    `the journal key ${path} is damaged: restore it from the backup; to go on without what the journal holds, move it and the journal directory away`,
    { path },
  )
}

function isRow(value: unknown): value is KeyRow {
  if (!isRecord(value)) return false
  const { id, createdAtMs, key } = value
  return (
    Number.isSafeInteger(id) &&
    Number.isSafeInteger(createdAtMs) &&
    typeof key === 'string' &&
    Buffer.from(key, 'base64').length === KEY_BYTES
  )
}
