/** Certificates for tests of the wire, made afresh with plain node-forge: independent of the product's own issuing. */

import { generateKeyPairSync, randomBytes } from 'node:crypto'
import forge from 'node-forge'

export interface TestCertificate {
  readonly cert: string
  readonly key: string
}

export interface TestAuthority {
  readonly ca: string
  issue(
    name: string,
    hosts?: { readonly dns?: readonly string[]; readonly ips?: readonly string[] },
  ): TestCertificate
}

const DAY_MS = 86_400_000

export function createTestAuthority(name = 'test root'): TestAuthority {
  const keys = keyPair()
  const subject = [{ shortName: 'CN', value: name }]
  const root = certificate(keys.publicKey, subject, subject)
  root.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
  ])
  root.sign(keys.privateKey, forge.md.sha256.create())
  return {
    ca: forge.pki.certificateToPem(root),
    issue(commonName, { dns = [], ips = [] } = {}) {
      const own = keyPair()
      const leaf = certificate(own.publicKey, [{ shortName: 'CN', value: commonName }], subject)
      leaf.setExtensions([
        { name: 'basicConstraints', cA: false, critical: true },
        { name: 'keyUsage', digitalSignature: true, critical: true },
        { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
        {
          name: 'subjectAltName',
          altNames: [
            { type: 6, value: `urn:test:${commonName}` },
            ...dns.map((value) => ({ type: 2, value })),
            ...ips.map((ip) => ({ type: 7, ip })),
          ],
        },
      ])
      leaf.sign(keys.privateKey, forge.md.sha256.create())
      return { cert: forge.pki.certificateToPem(leaf), key: forge.pki.privateKeyToPem(own.privateKey) }
    },
  }
}

function certificate(
  publicKey: forge.pki.PublicKey,
  subject: forge.pki.CertificateField[],
  issuer: forge.pki.CertificateField[],
): forge.pki.Certificate {
  const made = forge.pki.createCertificate()
  made.publicKey = publicKey
  // A first byte of 01 keeps the number positive and its encoding minimal, whatever follows.
  made.serialNumber = `01${randomBytes(8).toString('hex')}`
  made.validity.notBefore = new Date(Date.now() - DAY_MS)
  made.validity.notAfter = new Date(Date.now() + DAY_MS)
  made.setSubject(subject)
  made.setIssuer(issuer)
  return made
}

function keyPair(): { publicKey: forge.pki.rsa.PublicKey; privateKey: forge.pki.rsa.PrivateKey } {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
  const own = forge.pki.privateKeyFromPem(pem)
  return { privateKey: own, publicKey: forge.pki.setRsaPublicKey(own.n, own.e) }
}
