/** Public keys: which kinds are fit for a certificate, and how a key that a device brings itself is read. */

import { createHash, createPublicKey, type KeyObject } from 'node:crypto'

import { childrenOf, decode, isAnyObjectId } from './der.ts'
import { CertificateError } from './errors.ts'
import { pemBlocks } from './pem.ts'
import type { KeyKind } from './profile.ts'

const SMALLEST_RSA_BITS = 2048
// A larger key lets one device slow every handshake of the gateway.
const LARGEST_RSA_BITS = 8192
const SMALLEST_RSA_EXPONENT = 65_537n

const CURVES: Readonly<Record<string, KeyKind>> = { prime256v1: 'ec-p256', secp384r1: 'ec-p384' }

/** Why the key may not be certified, or undefined when it may. */
export function whyKeyUnfit(key: KeyObject, allowed: readonly KeyKind[]): string | undefined {
  if (key.type !== 'public') return 'it is not a public key'
  const details = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'ec') {
    const kind = CURVES[details.namedCurve ?? '']
    if (kind === undefined) return `its curve is ${details.namedCurve ?? 'not a named one'}`
    if (!isCurveNamed(key)) return 'its curve is written out instead of named (RFC 5480 2.1.1)'
    return allowed.includes(kind) ? undefined : `its kind ${kind} is not one of ${allowed.join(', ')}`
  }
  if (key.asymmetricKeyType !== 'rsa') return `its type is ${key.asymmetricKeyType ?? 'unknown'}`
  if (!allowed.includes('rsa')) return `its kind rsa is not one of ${allowed.join(', ')}`
  const bits = details.modulusLength ?? 0
  if (bits < SMALLEST_RSA_BITS || bits > LARGEST_RSA_BITS)
    return `its ${bits} bits are not within ${SMALLEST_RSA_BITS} to ${LARGEST_RSA_BITS}`
  const exponent = details.publicExponent ?? 0n
  if (exponent < SMALLEST_RSA_EXPONENT || exponent % 2n === 0n)
    return `its exponent ${exponent} is not an odd number from ${SMALLEST_RSA_EXPONENT}`
  return undefined
}

/** The key of a `PUBLIC KEY` PEM. Nothing else is taken: least of all a private key, which stays on the device. */
export function readPublicKey(pem: string): KeyObject {
  const blocks = pemBlocks(pem)
  if (blocks.some((block) => block.label.endsWith('PRIVATE KEY')))
    throw new CertificateError(
      'a private key was given where the public key belongs: keep it on the device and give the output of `openssl pkey -in KEY -pubout`',
    )
  const [block] = blocks
  if (block === undefined || blocks.length > 1 || block.label !== 'PUBLIC KEY')
    throw new CertificateError(
      'the public key must be one PEM block "BEGIN PUBLIC KEY": make it with `openssl pkey -in KEY -pubout`',
      { blocks: blocks.length, label: block?.label },
    )
  try {
    return createPublicKey({ key: Buffer.from(block.der), format: 'der', type: 'spki' })
  } catch (error) {
    throw new CertificateError(
      'the public key cannot be read: bring an EC P-256, EC P-384 or RSA key of at least 2048 bits',
      {},
      error,
    )
  }
}

export function publicKeySha256(key: KeyObject): string {
  return createHash('sha256').update(spkiOf(key)).digest('hex')
}

/** RFC 5280 4.2.1.2 leaves the method open: the first 160 bits of the SHA-256 of the SubjectPublicKeyInfo. */
export function keyIdentifier(key: KeyObject): Uint8Array {
  return createHash('sha256').update(spkiOf(key)).digest().subarray(0, 20)
}

export function spkiOf(key: KeyObject): Uint8Array {
  return key.export({ type: 'spki', format: 'der' })
}

// node:crypto recognises a written-out curve and reports its name as if the key had used it.
function isCurveNamed(key: KeyObject): boolean {
  const [algorithm] = childrenOf(decode(spkiOf(key)))
  return isAnyObjectId(childrenOf(algorithm)[1])
}
