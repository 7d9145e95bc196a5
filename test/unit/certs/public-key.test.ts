import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from '@jest/globals'
import { CertificateError } from '../../../certs/errors.ts'
import { toPem } from '../../../certs/pem.ts'
import { PROFILES } from '../../../certs/profile.ts'
import { readPublicKey, whyKeyUnfit } from '../../../certs/public-key.ts'

const allowed = PROFILES.device.keys

describe('the public key a device brings', () => {
  it.each([
    ['EC P-256', () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey],
    ['EC P-384', () => generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).publicKey],
    ['RSA 2048', () => generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey],
  ])('is fit as %s', (_name, make) => {
    expect(whyKeyUnfit(readPublicKey(spki(make())), allowed)).toBeUndefined()
  })

  it.each([
    ['RSA 1024', '1024 bits', () => generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey],
    ['RSA 2047', '2047 bits', () => generateKeyPairSync('rsa', { modulusLength: 2047 }).publicKey],
    [
      'RSA with exponent 3',
      'exponent 3',
      () => generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey,
    ],
    ['RSA of 16384 bits', '16384 bits', () => rsaOfBits(16_384)],
    [
      'EC P-521',
      'curve is secp521r1',
      () => generateKeyPairSync('ec', { namedCurve: 'secp521r1' }).publicKey,
    ],
    [
      'EC secp256k1',
      'curve is secp256k1',
      () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey,
    ],
    ['Ed25519', 'type is ed25519', () => generateKeyPairSync('ed25519').publicKey],
    ['X25519', 'type is x25519', () => generateKeyPairSync('x25519').publicKey],
    ['RSA-PSS', 'type is rsa-pss', () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey],
  ])('is refused as %s, with the reason', (_name, reason, make) => {
    expect(whyKeyUnfit(make(), allowed)).toContain(reason)
  })

  it('is refused when its curve is written out instead of named', () => {
    const explicitCurve = generateKeyPairSync('ec', {
      namedCurve: 'prime256v1',
      paramEncoding: 'explicit',
    }).publicKey
    expect(whyKeyUnfit(explicitCurve, allowed)).toContain('written out instead of named')
  })

  it('is refused in a CA unless it is P-256', () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).publicKey
    expect(whyKeyUnfit(key, PROFILES['root-ca'].keys)).toContain('ec-p384')
  })

  it('is refused when it is the private key, and is told to stay on the device', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    for (const type of ['pkcs8', 'sec1'] as const) {
      const pem = privateKey.export({ type, format: 'pem' }).toString()
      expect(() => readPublicKey(pem)).toThrow('keep it on the device')
      expect(() => readPublicKey(spki(publicKey) + pem)).toThrow('keep it on the device')
    }
    expect(whyKeyUnfit(privateKey, allowed)).toContain('not a public key')
  })

  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['another PEM', toPem('CERTIFICATE', Uint8Array.of(0x30, 0))],
    ['two keys', spki(generateKeyPairSync('ed25519').publicKey).repeat(2)],
    ['a damaged key', toPem('PUBLIC KEY', Uint8Array.of(0x30, 3, 1, 1, 1))],
  ])('is refused as one clear error when the file holds %s', (_what, pem) => {
    expect(() => readPublicKey(pem)).toThrow(CertificateError)
  })

  it('is never anything but a key or a CertificateError, whatever the bytes', () => {
    const good = Buffer.from(
      generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey.export({
        type: 'spki',
        format: 'der',
      }),
    )
    const damaged = fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, value]) => {
      const copy = Uint8Array.from(good)
      copy[at] = value
      return copy
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 120 }), damaged), (der) => {
        try {
          whyKeyUnfit(readPublicKey(toPem('PUBLIC KEY', der)), allowed)
        } catch (error) {
          expect(error).toBeInstanceOf(CertificateError)
        }
      }),
      { seed: 9, numRuns: 500 },
    )
  })
})

function spki(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

/** A modulus of the right length; nobody needs its factors to refuse it. */
function rsaOfBits(bits: number): KeyObject {
  const modulus = Buffer.alloc(bits / 8, 0xff)
  return createPublicKey({ key: { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' }, format: 'jwk' })
}
