/** Where an enrolment code comes from: typed without being shown, a file, or standard input. Never an argument. */

import type { Readable } from 'node:stream'
import { readCode } from '../certs/enrolment-code.ts'
import { UsageError } from '../gateway/errors.ts'
import { readSecretFile } from '../gateway/people/secret-file.ts'
import { openHiddenPrompt, type TerminalInput } from './users-prompt.ts'

export interface CodeInput {
  readonly stdin: Readable
  /** Undefined where nobody can be asked. */
  readonly terminal: TerminalInput | undefined
  readonly say: (text: string) => void
}

const LONGEST_BYTES = 256

/** `file` is a path, or '-' for standard input; without it the person at the terminal is asked. */
export async function readEnrolmentCode(file: string | undefined, input: CodeInput): Promise<string> {
  const text = await readText(file, input)
  if (readCode(text) !== undefined) return text.trim()
  throw new UsageError(
    'that is no enrolment code: it has four groups of four letters or digits, like 7K2M-...',
  )
}

async function readText(file: string | undefined, input: CodeInput): Promise<string> {
  if (file === '-') return fromStdin(input.stdin)
  if (file !== undefined) {
    const text = readSecretFile({ path: file, what: 'the code file', longestBytes: LONGEST_BYTES })
    if (text === undefined) throw new UsageError(`there is no code file ${file}`)
    return text
  }
  if (input.terminal === undefined)
    throw new UsageError(
      'there is no terminal to ask for the code: use --code-file FILE (mode 0600), or - for standard input',
    )
  const prompt = openHiddenPrompt(input.terminal, input.say)
  try {
    return await prompt.ask('enrolment code: ')
  } finally {
    prompt.close()
  }
}

async function fromStdin(stdin: Readable): Promise<string> {
  let text = ''
  for await (const piece of stdin) {
    text += String(piece)
    if (text.length > LONGEST_BYTES) throw new UsageError('the code on standard input is too long')
  }
  return text
}
