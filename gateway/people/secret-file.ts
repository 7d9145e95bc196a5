/** Reading a file that only its owner may know: refused when others could have read or changed it. */

import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs'
import { ConfigError, errorCode, errorMessage } from '../errors.ts'

const OTHERS = 0o077

export interface SecretFile {
  readonly path: string
  /** Names it in messages: 'the password file'. */
  readonly what: string
  readonly longestBytes: number
}

/** The text of the file; undefined when there is none. */
export function readSecretFile(file: SecretFile): string | undefined {
  const { path, what } = file
  let descriptor: number
  try {
    // Without O_NONBLOCK a named pipe in place of the file would hang the program.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw new ConfigError(`cannot read ${what} ${path}: ${errorMessage(error)}`, { path }, error)
  }
  try {
    // Of the open file, not of its name: what is inspected is what is read.
    const fault = faultOf(fstatSync(descriptor), file)
    if (fault !== undefined) throw new ConfigError(`${what} ${path} ${fault}`, { path })
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

function faultOf(stats: Stats, { path, longestBytes }: SecretFile): string | undefined {
  if (!stats.isFile()) return 'is not a file'
  if (stats.size > longestBytes) return `is ${stats.size} bytes long; at most ${longestBytes} are read`
  const user = process.geteuid?.()
  if (user !== undefined && stats.uid !== user)
    return `belongs to user ${stats.uid}, but wardgate runs as user ${user}: run it as the owner, or \`chown ${user} ${path}\``
  if ((stats.mode & OTHERS) === 0) return undefined
  const mode = (stats.mode & 0o777).toString(8).padStart(4, '0')
  return `is open to other users (mode ${mode}): \`chmod 600 ${path}\`, and change the passwords if they may have read it`
}
