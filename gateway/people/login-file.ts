/** `<state>/logins.json`, mode 0600: read once, replaced after every attempt, one write at a time with the newest content. */

import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { ConfigError } from '../errors.ts'
import { NO_ROWS, type LoginRows } from './login-record.ts'
import { readSecretFile } from './secret-file.ts'

interface LoginDocument extends LoginRows {
  readonly v: 1
}

const failures = {
  type: 'object',
  required: ['count', 'lastAtMs'],
  additionalProperties: false,
  properties: {
    count: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
    lastAtMs: { type: 'number', minimum: 0, maximum: 8.64e15 },
  },
} as const
const key = { type: 'string', maxLength: 128 } as const
const rowsOf = (value: object): object => ({
  type: 'array',
  items: { type: 'array', prefixItems: [key, value], items: false, minItems: 2, maxItems: 2 },
})

const validate = new Ajv2020({ strict: true }).compile<LoginDocument>({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  required: ['v', 'accounts', 'addresses', 'familiar'],
  additionalProperties: false,
  properties: {
    v: { const: 1 },
    accounts: rowsOf(failures),
    addresses: rowsOf(failures),
    familiar: rowsOf({ type: 'array', items: key, maxItems: 64 }),
  },
})
const LONGEST_BYTES = 4 * 1024 * 1024

export interface LoginFile {
  /** Resolves when these rows, or newer ones, are on disk. */
  save(rows: () => LoginRows): Promise<void>
}

export function readLogins(stateDir: string): LoginRows {
  const path = pathIn(stateDir)
  const text = readSecretFile({ path, what: 'the record of logins', longestBytes: LONGEST_BYTES })
  if (text === undefined) return NO_ROWS
  const parsed = parse(text)
  if (validate(parsed)) return parsed
  const fault = validate.errors?.[0]
  throw new ConfigError(
    `${path}${fault?.instancePath ?? ''} is damaged (${fault?.message ?? 'not what was written'}): it is written anew at the next login, ` +
      'and failed logins up to now are forgotten',
    { path },
  )
}

export function createLoginFile(stateDir: string): LoginFile {
  const path = pathIn(stateDir)
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined

  const write = async (rows: () => LoginRows): Promise<void> => {
    const document: LoginDocument = { v: 1, ...rows() }
    await replace(path, `${JSON.stringify(document)}\n`)
  }
  const save = async (rows: () => LoginRows): Promise<void> => {
    if (running === undefined) {
      running = write(rows).finally(() => {
        running = undefined
      })
      return running
    }
    // All who come while a write runs share the one after it, which takes the rows as they are then.
    next ??= running
      .catch(() => undefined)
      .then(async () => {
        next = undefined
        await save(rows)
      })
    return next
  }
  return { save }
}

async function replace(path: string, text: string): Promise<void> {
  const fresh = `${path}.${process.pid}.new`
  try {
    const file = await open(fresh, 'w', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(fresh, path)
  } catch (error) {
    await rm(fresh, { force: true })
    throw error
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function pathIn(stateDir: string): string {
  return join(stateDir, 'logins.json')
}
