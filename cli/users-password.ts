/** Where a new password comes from: typed twice, a file that only its owner can read, or standard input. Never an argument. */

import type { Readable } from 'node:stream'
import { UsageError } from '../gateway/errors.ts'
import { passwordFault } from '../gateway/people/password-rule.ts'
import { readSecretFile } from '../gateway/people/secret-file.ts'
import { openHiddenPrompt, type HiddenPrompt, type TerminalInput } from './users-prompt.ts'

export interface PasswordOptions {
  readonly passwordFile?: string
  readonly passwordStdin?: boolean
}

export interface PasswordInput {
  readonly stdin: Readable
  /** Undefined where nobody can be asked. */
  readonly terminal: TerminalInput | undefined
  readonly say: (text: string) => void
}

const LONGEST_BYTES = 4096
const ATTEMPTS = 3

export const processInput = (): PasswordInput => ({
  stdin: process.stdin,
  terminal: process.stdin.isTTY ? process.stdin : undefined,
  say: (text) => process.stderr.write(text),
})

/** A password for `id` that keeps to the rule. */
export async function readNewPassword(
  id: string,
  options: PasswordOptions,
  input: PasswordInput,
): Promise<string> {
  const { passwordFile, passwordStdin } = options
  if (passwordFile !== undefined && passwordStdin === true)
    throw new UsageError('--password-file and --password-stdin: choose one')
  if (passwordFile !== undefined) return checked(fromFile(passwordFile), id)
  if (passwordStdin === true) return checked(await fromStdin(input), id)
  if (input.terminal === undefined)
    throw new UsageError(
      'there is no terminal to ask for the password: use --password-file FILE (mode 0600) or --password-stdin',
    )
  const prompt = openHiddenPrompt(input.terminal, input.say)
  try {
    return await askTwice(id, prompt, input.say)
  } finally {
    prompt.close()
  }
}

async function askTwice(id: string, prompt: HiddenPrompt, say: (text: string) => void): Promise<string> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const password = await prompt.ask(`new password for ${id}: `)
    const fault = passwordFault(password, id)
    if (fault === undefined && (await prompt.ask('once more: ')) === password) return password
    say(`not taken: ${fault ?? 'the two are not the same'}\n`)
  }
  throw new UsageError('no password was taken: nothing was changed')
}

function fromFile(path: string): string {
  const text = readSecretFile({ path, what: 'the password file', longestBytes: LONGEST_BYTES })
  if (text === undefined) throw new UsageError(`there is no password file ${path}`)
  return text
}

async function fromStdin({ stdin, terminal }: PasswordInput): Promise<string> {
  if (terminal !== undefined)
    throw new UsageError('--password-stdin is for a program: leave it out to be asked without being shown')
  const pieces: Buffer[] = []
  let sizeBytes = 0
  for await (const piece of stdin) {
    const bytes = Buffer.from(piece as Uint8Array)
    sizeBytes += bytes.length
    if (sizeBytes > LONGEST_BYTES) throw new UsageError(`the password on standard input is too long`)
    pieces.push(bytes)
  }
  return Buffer.concat(pieces).toString('utf8')
}

function checked(text: string, id: string): string {
  // The line break at the end was put there by an editor or by echo.
  const password = text.replace(/\r?\n$/, '')
  const fault = passwordFault(password, id)
  if (fault === undefined) return password
  throw new UsageError(`the password is not taken: ${fault}`)
}
