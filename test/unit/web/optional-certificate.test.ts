/** Who came, after a handshake in which a certificate was not mandatory. */

import { X509Certificate } from 'node:crypto'
import { expect, it } from '@jest/globals'
import type { Identify } from '../../../gateway/security/identify.ts'
import { judgeVisitor } from '../../../gateway/web/optional-certificate.ts'
import { createTestAuthority } from '../../support/tls-identities.ts'

const certificate = new X509Certificate(createTestAuthority().ca)
const codeOf = (code: string): Error => code as unknown as Error
const anybody: Identify = () => ({
  kind: 'identified',
  identity: { role: 'device', id: 'mon-1', fingerprint: 'f', notAfterMs: Infinity },
})
const nobody: Identify = () => ({ kind: 'refused', reason: 'other-site' })
const shown = { getPeerX509Certificate: () => certificate }
const good = { ...shown, authorized: true, authorizationError: codeOf('') }

it.each([
  {
    name: 'whom OpenSSL calls not verified in a first handshake',
    socket: { authorized: false, authorizationError: codeOf('UNABLE_TO_GET_ISSUER_CERT') },
  },
  {
    name: 'whom OpenSSL calls verified in a resumed session',
    socket: { authorized: true, authorizationError: codeOf('') },
  },
])('without a certificate it is nobody, $name', ({ socket }) => {
  const bare = { ...socket, getPeerX509Certificate: () => undefined }
  expect(judgeVisitor(bare, anybody, 'trusted')).toEqual({ kind: 'nobody' })
})

it('with a certificate that all agree on it is its holder', () => {
  expect(judgeVisitor(good, anybody, 'trusted')).toEqual({ kind: 'identified', certificate })
})

it.each([
  { code: codeOf('CERT_REVOKED'), reason: 'CERT_REVOKED' },
  { code: new Error('something new'), reason: 'not-verified' },
])('with a certificate that OpenSSL refuses it is never nobody: $reason', ({ code, reason }) => {
  const socket = { ...shown, authorized: false, authorizationError: code }
  expect(judgeVisitor(socket, anybody, 'trusted')).toMatchObject({ kind: 'refused', reason })
})

it('with a certificate that OpenSSL takes and the gateway does not it is refused', () => {
  expect(judgeVisitor(good, nobody, 'trusted')).toMatchObject({ kind: 'refused', reason: 'other-site' })
})
