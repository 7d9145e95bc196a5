import { execFileSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, verify, type KeyObject } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from '@jest/globals'
import { otherNameThan } from '../../../certs/csr-names.ts'
import { signWith } from '../../../certs/csr-signature.ts'
import { buildCsr, LARGEST_CSR_BYTES, readCsr } from '../../../certs/csr.ts'
import { contextTag, element, itemsOf, octetsOf, readOne, TAG } from '../../../certs/der-bytes.ts'
import { opensslCsr, type CsrKey } from '../../support/openssl-csr.ts'

const URI = 'spiffe://wardgate/device/mon-12'
const MON_12 = { site: 'wardgate', role: 'device', id: 'mon-12' } as const
const TEXT = element(TAG.utf8String, Buffer.from('x'))
const PSS = ['-sigopt', 'rsa_padding_mode:pss']

const OWN_KEYS = [
  { name: 'EC P-256', make: () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }) },
  { name: 'EC P-384', make: () => generateKeyPairSync('ec', { namedCurve: 'secp384r1' }) },
  { name: 'RSA 2048', make: () => generateKeyPairSync('rsa', { modulusLength: 2048 }) },
]

describe('a request of our own', () => {
  it.each(OWN_KEYS)('for a key $name is read as it was meant, also by openssl', ({ make }) => {
    const { publicKey, privateKey } = make()
    const der = buildCsr({ ...MON_12, publicKey, privateKey })
    expect(readCsr(der)).toEqual({
      kind: 'read',
      publicKeyPem: pemOf(publicKey),
      subjectCommonName: 'mon-12',
      sanUris: [URI],
    })
    const shown = execFileSync(
      'openssl',
      ['req', '-inform', 'DER', '-verify', '-noout', '-text', '-nameopt', 'RFC2253'],
      { input: der, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] },
    )
    expect(shown).toMatch(/Subject: CN=mon-12\n/)
    expect(shown).toContain(`URI:${URI}`)
  })
})

describe('a request of openssl', () => {
  const accepted: readonly (readonly [name: string, key: CsrKey, more: readonly string[]])[] = [
    ['EC P-256', 'ec:P-256', []],
    ['EC P-384 with SHA-384', 'ec:P-384', ['-sha384']],
    ['RSA 2048', 'rsa:2048', []],
    ['RSA 3072 with SHA-512', 'rsa:3072', ['-sha512']],
    ['RSA-PSS', 'rsa:2048', PSS],
    ['RSA-PSS with a salt as long as the hash', 'rsa:2048', [...PSS, '-sigopt', 'rsa_pss_saltlen:32']],
    ['RSA-PSS with SHA-384', 'rsa:2048', ['-sha384', ...PSS]],
  ]
  it.each(accepted)('is accepted: %s', (_name, key, more) => {
    const { der, keyPem } = opensslCsr(key, '/CN=mon-12', ['-addext', `subjectAltName=URI:${URI}`, ...more])
    expect(readCsr(der)).toEqual({
      kind: 'read',
      publicKeyPem: pemOf(createPublicKey(keyPem)),
      subjectCommonName: 'mon-12',
      sanUris: [URI],
    })
  })

  it('without any name is accepted: names decide nothing', () => {
    expect(readCsr(opensslCsr('ec:P-256', '/').der)).toMatchObject({ kind: 'read', sanUris: [] })
  })

  it('with organization, other names and wishes is accepted, and what was wished is not passed on', () => {
    const more = ['-addext', 'basicConstraints=CA:TRUE', '-addext', 'subjectAltName=DNS:evil.example']
    const { kind, ...rest } = readCsr(opensslCsr('ec:P-256', '/O=Ward/OU=ICU/CN=mon-12', more).der)
    expect(kind).toBe('read')
    expect(Object.keys(rest).sort()).toEqual(['publicKeyPem', 'sanUris', 'subjectCommonName'])
    expect(rest).toMatchObject({ sanUris: [] })
  })

  const refused: readonly (readonly [
    name: string,
    reason: string,
    key: CsrKey,
    subject: string,
    more: readonly string[],
  ])[] = [
    ['with RSA of 1024 bits', 'unfit-key', 'rsa:1024', '/CN=a', []],
    ['on a curve that TLS peers do not take', 'unfit-key', 'ec:secp256k1', '/CN=a', []],
    ['with Ed25519', 'unfit-key', 'ed25519', '/CN=a', []],
    ['with the curve written out', 'unfit-key', 'ec:P-256:explicit', '/CN=a', []],
    ['signed with SHA-1 by RSA', 'weak-signature', 'rsa:2048', '/CN=a', ['-sha1']],
    ['signed with MD5 by RSA', 'weak-signature', 'rsa:2048', '/CN=a', ['-md5']],
    ['signed with SHA-1 by ECDSA', 'weak-signature', 'ec:P-256', '/CN=a', ['-sha1']],
    ['signed with SHA-1 by RSA-PSS', 'unknown-signature', 'rsa:2048', '/CN=a', ['-sha1', ...PSS]],
    ['signed with SHA3 by ECDSA', 'unknown-signature', 'ec:P-256', '/CN=a', ['-sha3-256']],
    [
      'signed by RSA-PSS without salt',
      'unknown-signature',
      'rsa:2048',
      '/CN=a',
      [...PSS, '-sigopt', 'rsa_pss_saltlen:0'],
    ],
    ['with two common names', 'malformed', 'ec:P-256', '/CN=a/CN=b', []],
    ['with a line break in its name', 'malformed', 'ec:P-256', '/CN=a\nb', []],
  ]
  it.each(refused)('%s is refused: %s', (_name, reason, ...request) => {
    expect(readCsr(opensslCsr(...request).der)).toMatchObject({ kind: 'refused', reason })
  })
})

describe('a request that was tampered with', () => {
  const { der } = opensslCsr('ec:P-256', '/CN=mon-12', ['-addext', `subjectAltName=URI:${URI}`])
  const other = opensslCsr('ec:P-256', '/CN=mon-13').der
  const [content, algorithm, signature] = parts(der)

  it('by another name under the same signature is refused', () => {
    const forged = Buffer.from(der.toString('latin1').replace('mon-12', 'mon-13'), 'latin1')
    expect(readCsr(forged)).toMatchObject({ reason: 'bad-signature' })
  })

  it('by the signature of another request is refused', () => {
    const [, , foreign] = parts(other)
    expect(readCsr(element(TAG.sequence, content, algorithm, foreign))).toMatchObject({
      reason: 'bad-signature',
    })
  })

  it.each([
    ['an empty signature', [content, algorithm, element(TAG.bitString, Uint8Array.of(0))], 'bad-signature'],
    ['no signature', [content, algorithm], 'malformed'],
    ['something behind the signature', [content, algorithm, signature, element(TAG.null)], 'malformed'],
    ['a signature that is no bit string', [content, algorithm, element(TAG.null)], 'malformed'],
    ['no content', [], 'malformed'],
  ])('so that it has %s is refused', (_name, items, reason) => {
    expect(readCsr(element(TAG.sequence, ...items))).toMatchObject({ kind: 'refused', reason })
  })

  it('by bytes behind it is refused', () => {
    expect(readCsr(Buffer.concat([der, Uint8Array.of(0)]))).toMatchObject({ reason: 'not-der' })
  })

  it('into an indefinite length is refused', () => {
    const body = der.subarray(der.length - (readOne(der, TAG.sequence)?.content.length ?? 0))
    const indefinite = Buffer.concat([Uint8Array.of(0x30, 0x80), body, Uint8Array.of(0, 0)])
    expect(readCsr(indefinite)).toMatchObject({ reason: 'not-der' })
  })

  it('beyond the size a request can need is refused before anything is read', () => {
    const long = element(TAG.sequence, new Uint8Array(LARGEST_CSR_BYTES))
    expect(readCsr(long)).toMatchObject({ reason: 'too-large' })
  })

  it.each([
    [1, 'wrong-version'],
    [2, 'wrong-version'],
  ])('into version %i is refused', (version, reason) => {
    const fields = itemsOf(readOne(content, TAG.sequence), TAG.sequence)?.map(({ whole }) => whole) ?? []
    const changed = element(TAG.sequence, element(TAG.integer, Uint8Array.of(version)), ...fields.slice(1))
    expect(readCsr(element(TAG.sequence, changed, algorithm, signature))).toMatchObject({ reason })
  })

  it('by a second public key is refused', () => {
    const fields = itemsOf(readOne(content, TAG.sequence), TAG.sequence)?.map(({ whole }) => whole) ?? []
    const [version, subject, key, ...rest] = fields
    const twice = [version, subject, key, key, ...rest].flatMap((each) => each ?? [])
    expect(
      readCsr(element(TAG.sequence, element(TAG.sequence, ...twice), algorithm, signature)),
    ).toMatchObject({ kind: 'refused', reason: 'malformed' })
  })
})

describe('whatever comes from outside', () => {
  const seeds = [
    opensslCsr('ec:P-256', '/O=Ward/CN=mon-12', ['-addext', `subjectAltName=URI:${URI}`]).der,
    opensslCsr('ec:P-384', '/CN=mon-12').der,
    opensslCsr('rsa:2048', '/CN=mon-12', PSS).der,
    opensslCsr('rsa:2048', '/CN=mon-12').der,
  ]
  const mutated = fc
    .tuple(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(4000), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat(4000)),
    )
    .map(([seed, changes, cut]) => {
      const bytes = Buffer.from(seed)
      for (const [at, value] of changes) bytes.writeUInt8(value, at % bytes.length)
      return cut === null ? bytes : bytes.subarray(0, cut % bytes.length)
    })

  it('is never accepted without a signature that another reading of the bytes verifies', () => {
    fc.assert(
      fc.property(mutated, (bytes) => {
        const reading = readCsr(bytes)
        if (reading.kind === 'read') expect(isVerifiedPlainly(bytes, reading.publicKeyPem)).toBe(true)
      }),
      { seed: 21, numRuns: 3000 },
    )
  })

  it('cut short anywhere is refused', () => {
    for (const seed of seeds)
      for (let length = 0; length < seed.length; length += 1)
        expect(readCsr(seed.subarray(0, length)).kind).toBe('refused')
  })

  it('with any one bit turned is refused', () => {
    const [seed] = seeds
    for (let bit = 0; bit < (seed?.length ?? 0) * 8; bit += 1) {
      const bytes = Buffer.from(seed ?? [])
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(readCsr(bytes).kind).toBe('refused')
    }
  })

  it('at random never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(readCsr(bytes).kind).toBe('refused')
        expect(readCsr(element(TAG.sequence, bytes)).kind).toBe('refused')
      }),
      { seed: 22, numRuns: 2000 },
    )
  })
})

describe('the names of a request', () => {
  it.each([
    ['none', { sanUris: [] }, undefined],
    ['its own', { subjectCommonName: 'mon-12', sanUris: [URI] }, undefined],
    ['another common name', { subjectCommonName: 'mon-13', sanUris: [] }, 'mon-13'],
    ['a common name in capitals', { subjectCommonName: 'MON-12', sanUris: [] }, 'MON-12'],
    ['another role', { sanUris: ['spiffe://wardgate/operator/mon-12'] }, 'spiffe://wardgate/operator/mon-12'],
    ['its own and another', { sanUris: [URI, 'spiffe://wardgate/device/x'] }, 'spiffe://wardgate/device/x'],
    ['another site', { sanUris: ['spiffe://other/device/mon-12'] }, 'spiffe://other/device/mon-12'],
  ])('are compared with who asks: %s', (_name, names, other) => {
    expect(otherNameThan(MON_12, names)).toBe(other)
  })

  it('hold the challenge password where one was set', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const password = element(TAG.utf8String, Buffer.from('s3cret'))
    expect(readCsr(withAttributes(publicKey, privateKey, [attribute(password)]))).toMatchObject({
      challengePassword: 's3cret',
    })
  })

  it.each([
    ['an attribute twice', [TEXT, TEXT], undefined],
    ['no value', [], 'empty'],
  ])('are refused with %s', (_name, values, mode) => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const attributes = mode === 'empty' ? [attribute()] : values.map((value) => attribute(value))
    expect(readCsr(withAttributes(publicKey, privateKey, attributes))).toMatchObject({ reason: 'malformed' })
  })
})

/** A challengePassword (1.2.840.113549.1.9.7) of these values. */
function attribute(...values: readonly Uint8Array[]): Uint8Array {
  const oid = element(TAG.objectId, Buffer.from('2a864886f70d010907', 'hex'))
  return element(TAG.sequence, oid, element(TAG.set, ...values))
}

function withAttributes(
  publicKey: KeyObject,
  privateKey: KeyObject,
  attributes: readonly Uint8Array[],
): Uint8Array {
  const content = element(
    TAG.sequence,
    element(TAG.integer, Uint8Array.of(0)),
    element(TAG.sequence),
    publicKey.export({ type: 'spki', format: 'der' }),
    element(contextTag(0), ...attributes),
  )
  const { identifier, signature } = signWith(privateKey, content)
  return element(TAG.sequence, content, identifier, element(TAG.bitString, Uint8Array.of(0), signature))
}

function parts(der: Uint8Array): readonly [Uint8Array, Uint8Array, Uint8Array] {
  const items = itemsOf(readOne(der, TAG.sequence), TAG.sequence) ?? []
  const [content, algorithm, signature] = items.map(({ whole }) => whole)
  if (content === undefined || algorithm === undefined || signature === undefined)
    throw new Error('no request')
  return [content, algorithm, signature]
}

/** Verifies as simply as can be: the content as it stands, every hash tried. */
function isVerifiedPlainly(der: Uint8Array, publicKeyPem: string): boolean {
  const key = createPublicKey(publicKeyPem)
  const [content, , signature] = parts(der)
  const bits = octetsOf(readOne(signature, TAG.bitString)) ?? new Uint8Array()
  const paddings = key.asymmetricKeyType === 'rsa' ? [1, 6] : [undefined]
  return ['sha256', 'sha384', 'sha512'].some((hash) =>
    paddings.some((padding) =>
      verify(hash, content, { key, ...(padding === undefined ? {} : { padding }) }, bits),
    ),
  )
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString()
}
