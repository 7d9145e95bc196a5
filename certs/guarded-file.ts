/** Reading the files that trust rests on: who owns them, who else could read or change them, what they hold. */

import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, type Stats } from 'node:fs'

import { CertificateError } from './errors.ts'
import { pemBlocks } from './pem.ts'
import { systemErrorCode } from './system-error.ts'

const LARGEST_FILE_BYTES = 16 * 1024 * 1024
const OTHERS = 0o077

/** The text of a file of any owner: certificates, lists, public keys. `what` names it in messages. */
export function readText(path: string, what: string): string {
  return reading(path, what, () => undefined)
}

/** The text of a file that belongs to this user and that nobody else can read. */
export function readSecretText(path: string, what: string): string {
  return reading(path, what, (stats) => refuseForeign(path, what, stats))
}

/** The private key of a PEM file that belongs to this user and that nobody else can read. */
export function readPrivateKey(path: string): KeyObject {
  const text = readSecretText(path, 'private key')
  const blocks = pemBlocks(text).filter((block) => block.label.endsWith('PRIVATE KEY'))
  const [block] = blocks
  if (block === undefined || blocks.length > 1)
    throw new CertificateError(
      `${path} does not hold one PEM private key: restore it from the backup, or issue a new certificate`,
      { path },
    )
  try {
    return createPrivateKey(text)
  } catch (error) {
    throw new CertificateError(
      `the private key in ${path} cannot be used: it is damaged or protected by a passphrase; restore it from the backup`,
      { path },
      error,
    )
  }
}

/** The first certificate of a PEM file. */
export function readCertificate(path: string): X509Certificate {
  return certificateIn(readText(path, 'certificate'), path)
}

/** The first certificate of a text that was read from this path. */
export function certificateIn(text: string, path: string): X509Certificate {
  const block = pemBlocks(text).find(({ label }) => label === 'CERTIFICATE')
  try {
    if (block !== undefined) return new X509Certificate(block.pem)
  } catch (error) {
    throw new CertificateError(
      `the certificate in ${path} is damaged: restore it from the backup`,
      { path },
      error,
    )
  }
  throw new CertificateError(`${path} holds no PEM certificate: restore it from the backup`, { path })
}

/** Refuses a directory whose files another user could see or exchange. */
export function refuseForeignDirectory(path: string, whenMissing: string): void {
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') throw new CertificateError(whenMissing, { path }, error)
    throw readError(path, 'directory', error)
  }
  try {
    refuseForeign(path, 'directory', fstatSync(descriptor))
  } finally {
    closeSync(descriptor)
  }
}

/** True for anything that has the name, also a dangling link. */
export function isNameTaken(path: string): boolean {
  try {
    lstatSync(path)
    return true
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false
    throw readError(path, 'name', error)
  }
}

function reading(path: string, what: string, inspect: (stats: Stats) => void): string {
  let descriptor: number
  try {
    // Without O_NONBLOCK a named pipe in place of the file would hang the program.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    throw readError(path, what, error)
  }
  try {
    // Of the open file, not of its name: what is inspected is what is read.
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) throw new CertificateError(`the ${what} ${path} is not a file`, { path })
    if (stats.size > LARGEST_FILE_BYTES)
      throw new CertificateError(`${path} is too large for a ${what}: ${stats.size} bytes`, { path })
    inspect(stats)
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

function refuseForeign(path: string, what: string, stats: Stats): void {
  const user = process.geteuid?.()
  if (user !== undefined && stats.uid !== user)
    throw new CertificateError(
      `the ${what} ${path} belongs to user ${stats.uid}, but wardgate runs as user ${user}: run it as the owner, or \`chown ${user} ${path}\``,
      { path, owner: stats.uid, user },
    )
  if ((stats.mode & OTHERS) === 0) return
  const mode = (stats.mode & 0o777).toString(8).padStart(4, '0')
  const right = stats.isDirectory() ? '700' : '600'
  throw new CertificateError(
    `the ${what} ${path} is open to other users (mode ${mode}): \`chmod ${right} ${path}\`, and replace the key if they may have read it`,
    { path, mode },
  )
}

function readError(path: string, what: string, error: unknown): CertificateError {
  const code = systemErrorCode(error)
  const advice: Readonly<Record<string, string>> = {
    ENOENT: `the ${what} ${path} is missing: restore it from the backup, or check the path`,
    EACCES: `the ${what} ${path} cannot be read, permission denied: run as its owner, or \`chown\` it`,
    ENOTDIR: `the ${what} ${path} cannot be read: a part of the path is a file`,
  }
  return new CertificateError(
    advice[code ?? ''] ?? `the ${what} ${path} cannot be read: the system says ${code ?? String(error)}`,
    { path, systemCode: code },
    error,
  )
}
