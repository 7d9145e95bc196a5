/** What a handshake without a mandatory certificate has shown. */

import { X509Certificate } from 'node:crypto'
import { expect, it } from '@jest/globals'
import { presentedBy } from '../../../gateway/web/optional-certificate.ts'
import { createTestAuthority } from '../../support/tls-identities.ts'

const certificate = new X509Certificate(createTestAuthority().ca)
const codeOf = (code: string): Error => code as unknown as Error

it.each([
  {
    name: 'no certificate, as OpenSSL says of a first handshake',
    socket: { authorized: false, authorizationError: codeOf('UNABLE_TO_GET_ISSUER_CERT') },
  },
  {
    name: 'no certificate, though OpenSSL calls a resumed session verified',
    socket: { authorized: true, authorizationError: codeOf('') },
  },
])('is nothing: $name', ({ socket }) => {
  expect(presentedBy({ ...socket, getPeerX509Certificate: () => undefined })).toEqual({ kind: 'none' })
})

it('is a certificate when OpenSSL has verified it', () => {
  const socket = { authorized: true, authorizationError: codeOf('') }
  expect(presentedBy({ ...socket, getPeerX509Certificate: () => certificate })).toEqual({
    kind: 'verified',
    certificate,
  })
})

it.each([
  { code: codeOf('CERT_REVOKED'), verification: 'CERT_REVOKED' },
  { code: new Error('something new'), verification: 'not-verified' },
])('is never nothing when a certificate did not verify: $verification', ({ code, verification }) => {
  const socket = { authorized: false, authorizationError: code }
  expect(presentedBy({ ...socket, getPeerX509Certificate: () => certificate })).toEqual({
    kind: 'unverified',
    certificate,
    verification,
  })
})
