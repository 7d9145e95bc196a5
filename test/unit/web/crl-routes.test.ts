/** The revocation lists, served where the server's certificate says they are. */

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { crlPath } from '../../../certs/crl-address.ts'
import { initStore } from '../../../certs/store.ts'
import { layoutOfState } from '../../../certs/store-layout.ts'
import { createCrlRoutes } from '../../../gateway/web/crl-routes.ts'
import type { WebRequest } from '../../../gateway/web/route.ts'
import { tempDir } from '../../support/temp-dir.ts'

const state = tempDir()
afterAll(() => state.remove())
const nowMs = Date.now()
const serverNames = ['localhost', 'gw.ward.test', '::1']
const store = initStore({ stateDir: state.path, site: 'ward.test', serverNames, nowMs })
const [route] = createCrlRoutes(store)

async function get(path: string) {
  const request: WebRequest = {
    method: 'GET',
    path,
    query: new URLSearchParams(),
    headers: {},
    body: Buffer.alloc(0),
    client: { address: '127.0.0.1:1', certificate: undefined, person: undefined },
  }
  return route?.handle(request)
}

function openssl(...args: readonly string[]): string {
  return execFileSync('openssl', args, { encoding: 'utf8' })
}

function crlText(body: string | Uint8Array | undefined): string {
  const file = join(state.path, 'list.crl')
  writeFileSync(file, body ?? '')
  return openssl('crl', '-in', file, '-inform', 'DER', '-noout', '-text')
}

describe('a revocation list', () => {
  it('is served where the certificate of the server says, as openssl reads both', async () => {
    const server = join(layoutOfState(state.path).directory, 'server/server.pem')
    const text = openssl('x509', '-in', server, '-noout', '-ext', 'crlDistributionPoints')
    const url = new URL(/URI:(\S+)/.exec(text)?.[1] ?? '')
    expect(url.origin).toBe('https://gw.ward.test:8443')
    const answer = await get(url.pathname)
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/pkix-crl' } })
    expect(crlText(answer?.body)).toContain('issuing-ca')
  })

  it('of each authority has its own address', async () => {
    for (const { role, certificate } of store.authorities())
      expect(crlText((await get(crlPath(certificate.publicKey)))?.body)).toContain(role)
  })

  it('holds a revocation from the moment of it', async () => {
    const issuing = store.authorities().find(({ role }) => role === 'issuing-ca')
    if (issuing === undefined) throw new Error('there is no issuing CA')
    const path = crlPath(issuing.certificate.publicKey)
    expect(crlText((await get(path))?.body)).toContain('No Revoked Certificates')
    const { serial } = store.issue({ role: 'device', id: 'mon-1', nowMs })
    store.revoke(serial, 'keyCompromise', nowMs)
    expect(crlText((await get(path))?.body)).toContain(serial)
  })

  it.each(['/crl/none.crl', '/crl/..%2f..%2fca.key', `/crl/${'0'.repeat(40)}.crl`])(
    'is not there under %s',
    async (path) => expect(await get(path)).toEqual({ status: 404 }),
  )
})
