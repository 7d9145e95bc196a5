/**
 * A key and its certificate on disk, replaced so that no reader and no crash ever meets half of each.
 * Two files cannot change in one step. So the new key first lies beside the old one, the certificate is exchanged
 * (that is the moment of change), and the key follows. A reader takes whichever key belongs to the certificate it read.
 */

import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { rmSync } from 'node:fs'

import { replaceFile, moveFile } from './durable-file.ts'
import { CertificateError } from './errors.ts'
import { certificateIn, isNameTaken, readPrivateKey, readText } from './guarded-file.ts'

export interface PairPaths {
  readonly key: string
  readonly certificate: string
}

export interface PairTexts {
  readonly keyPem: string
  /** The certificate, followed by whatever else its file holds (the chain). */
  readonly certificatePem: string
}

export interface Pair {
  readonly key: KeyObject
  readonly certificate: X509Certificate
  /** The whole text of the certificate file. */
  readonly text: string
}

// A reader can lose one race against a writer, and again only if that writer dies and another begins.
const READ_ATTEMPTS = 3

/** Ids hold no dot: no identity has this name. */
export function nextKeyPath({ key }: PairPaths): string {
  return key.replace(/\.key$/, '.next.key')
}

/** One writer at a time. `beforeChange` runs when everything is on disk and nothing is changed yet. */
export function replacePair(paths: PairPaths, texts: PairTexts, beforeChange: () => void = () => {}): void {
  for (const step of replacementSteps(paths, texts, beforeChange)) step()
}

/** Each step alone is whole: whoever dies between two of them leaves a pair that readPair finds. */
export function replacementSteps(
  paths: PairPaths,
  { keyPem, certificatePem }: PairTexts,
  beforeChange: () => void,
): readonly (() => void)[] {
  const fits = new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem))
  if (!fits)
    throw new CertificateError(`the new key does not belong to the new certificate for ${paths.certificate}`)
  return [
    () => finishReplacement(paths),
    () => replaceFile(nextKeyPath(paths), keyPem),
    beforeChange,
    () => replaceFile(paths.certificate, certificatePem),
    () => finishReplacement(paths),
  ]
}

/** Completes what a writer that died had begun; what it had not come to change is dropped. */
export function finishReplacement(paths: PairPaths): void {
  const next = nextKeyPath(paths)
  if (!isNameTaken(next)) return
  if (belongs(readText(next, 'private key'), paths.certificate)) moveFile(next, paths.key)
  else rmSync(next, { force: true })
}

/** The certificate with the key that belongs to it, also while the pair is being replaced. */
export function readPair(paths: PairPaths): Pair {
  for (let attempt = 1; ; attempt += 1) {
    const text = readText(paths.certificate, 'certificate')
    const certificate = certificateIn(text, paths.certificate)
    const key = keyOf(certificate, paths, attempt === READ_ATTEMPTS)
    if (key !== undefined) return { key, certificate, text }
    if (attempt === READ_ATTEMPTS)
      throw new CertificateError(
        `the private key ${paths.key} does not belong to the certificate ${paths.certificate}: restore both from the same backup`,
        { path: paths.key, certificatePath: paths.certificate },
      )
  }
}

function keyOf(
  certificate: X509Certificate,
  paths: PairPaths,
  isLastAttempt: boolean,
): KeyObject | undefined {
  const next = nextKeyPath(paths)
  // Where the first key is missing, the second one may still be the right one; otherwise say that the first is missing.
  if (isNameTaken(paths.key) || !isNameTaken(next)) {
    const key = readPrivateKey(paths.key)
    if (certificate.checkPrivateKey(key)) return key
  }
  try {
    const key = readPrivateKey(next)
    return certificate.checkPrivateKey(key) ? key : undefined
  } catch (error) {
    // It was there a moment ago, or never: the next attempt tells. A damaged one is no key at all.
    if (isLastAttempt && isNameTaken(next)) throw error
    return undefined
  }
}

function belongs(keyPem: string, certificatePath: string): boolean {
  if (!isNameTaken(certificatePath)) return false
  try {
    return certificateIn(readText(certificatePath, 'certificate'), certificatePath).checkPrivateKey(
      createPrivateKey(keyPem),
    )
  } catch {
    // Half a key, or half a certificate: nothing to complete.
    return false
  }
}
