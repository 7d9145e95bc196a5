/** A state directory with real certificates, made afresh for one run and removed after it. */

import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { initStore, type CertificateStore } from '../certs/store.ts'

export const SITE = 'bench.test'

export type KeyKind = 'P-256' | 'RSA-3072'

export interface Material {
  readonly key: string
  readonly cert: string
  readonly ca: string
}

export interface BenchWard {
  readonly stateDir: string
  readonly store: CertificateStore
  /** A device with its certificate; the key of that kind was made by the device itself. */
  material(role: 'server' | 'device', id: string, kind: KeyKind): Material
  remove(): void
}

export function createBenchWard(): BenchWard {
  const stateDir = mkdtempSync(join(tmpdir(), 'wardgate-bench-'))
  const nowMs = Date.now()
  const serverNames = ['localhost', '127.0.0.1']
  const store = initStore({ stateDir, site: SITE, serverNames, nowMs })
  store.refreshCrl(nowMs)
  const { ca } = store.serverMaterial()
  return {
    stateDir,
    store,
    material(role, id, kind) {
      const { publicKey, privateKey } =
        kind === 'P-256'
          ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
          : generateKeyPairSync('rsa', { modulusLength: 3072 })
      const issued = store.issue({
        role,
        id,
        nowMs,
        publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
        ...(role === 'server' ? { names: serverNames } : {}),
      })
      const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
      return { key, cert: readFileSync(issued.certificatePath, 'utf8'), ca }
    },
    remove: () => rmSync(stateDir, { recursive: true, force: true }),
  }
}
