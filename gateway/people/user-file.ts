/** `<state>/users.json`, mode 0600: the password of each person who has one. Rights are in the inventory, not here. */

import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { CertificateError } from '../../certs/errors.ts'
import { replaceFile } from '../../certs/durable-file.ts'
import { ConfigError, StorageError } from '../errors.ts'
import { withFileLock } from '../inventory/file-lock.ts'
import type { PasswordHash } from './password-hash.ts'
import { readSecretFile } from './secret-file.ts'

export interface UserRecord {
  readonly id: string
  readonly password: PasswordHash
  /** When the password was chosen; raising the cost of its hash does not change it. */
  readonly setAtMs: number
  /** Failed logins before this do not count any more. */
  readonly delaysEndedAtMs?: number
}

interface UserDocument {
  readonly v: 1
  readonly users: readonly UserRecord[]
}

const base64 = (bytes: number): object => ({
  type: 'string',
  pattern: '^[A-Za-z0-9+/]+={0,2}$',
  minLength: Math.ceil(bytes / 3) * 4,
  maxLength: 128,
})
const instant = { type: 'integer', minimum: 0, maximum: 8.64e15 } as const

// The bounds of the cost keep a damaged file from taking the memory of the gateway at the first login.
const SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  required: ['v', 'users'],
  additionalProperties: false,
  properties: {
    v: { const: 1 },
    users: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'password', 'setAtMs'],
        additionalProperties: false,
        properties: {
          id: { type: 'string', pattern: '^[a-z0-9-]{1,32}$' },
          setAtMs: instant,
          delaysEndedAtMs: instant,
          password: {
            type: 'object',
            required: ['kind', 'N', 'r', 'p', 'salt', 'hash'],
            additionalProperties: false,
            properties: {
              kind: { const: 'scrypt' },
              N: { enum: [2 ** 14, 2 ** 15, 2 ** 16, 2 ** 17, 2 ** 18, 2 ** 19] },
              r: { const: 8 },
              p: { type: 'integer', minimum: 1, maximum: 4 },
              salt: base64(16),
              hash: base64(32),
            },
          },
        },
      },
    },
  },
} as const

const validate = new Ajv2020({ strict: true }).compile<UserDocument>(SCHEMA)
const LONGEST_BYTES = 4 * 1024 * 1024

export function userFilePath(stateDir: string): string {
  return join(stateDir, 'users.json')
}

/** The records by id; none when the file does not exist. */
export function readUsers(stateDir: string): ReadonlyMap<string, UserRecord> {
  const path = userFilePath(stateDir)
  const text = readSecretFile({ path, what: 'the file of passwords', longestBytes: LONGEST_BYTES })
  if (text === undefined) return new Map()
  const { users } = parse(text, path)
  const byId = new Map(users.map((user) => [user.id, user]))
  if (byId.size !== users.length)
    throw new ConfigError(`${path}: a person has two passwords; delete one of the records`, { path })
  return byId
}

/** Puts the record that `change` answers in the place of the person's; none takes it away. Others are left as they are. */
export function changeUser(
  stateDir: string,
  id: string,
  change: (former: UserRecord | undefined) => UserRecord | undefined,
): void {
  const path = userFilePath(stateDir)
  withFileLock(`${path}.lock`, 'the file of passwords', () => {
    const users = readUsers(stateDir)
    const former = users.get(id)
    const next = change(former)
    if (next === former) return
    const others = [...users.values()].filter((user) => user.id !== id)
    const document: UserDocument = { v: 1, users: next === undefined ? others : [...others, next] }
    write(path, `${JSON.stringify(document, undefined, 2)}\n`)
  })
}

function write(path: string, text: string): void {
  try {
    replaceFile(path, text)
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error
    throw new StorageError(`${error.message}; nothing was changed`, { path }, error)
  }
}

function parse(text: string, path: string): UserDocument {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    // The message of JSON.parse quotes the text, and the text holds hashes: neither goes further.
    throw new ConfigError(`${path} is not JSON: restore it from a backup`, { path })
  }
  if (validate(parsed)) return parsed
  const fault = validate.errors?.[0]
  throw new ConfigError(
    `${path}${fault?.instancePath ?? ''}: ${fault?.message ?? 'is not a file of passwords'}; restore it from a backup`,
    { path },
  )
}
