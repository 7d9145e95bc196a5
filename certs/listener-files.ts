/** What a listener proves itself with and checks others by, each read for itself: a lost list must not cost the key. */

import { X509Certificate } from 'node:crypto'

import { readMaterial } from './client-material.ts'
import { CertificateError } from './errors.ts'
import { readText } from './guarded-file.ts'
import { pemBlocks } from './pem.ts'
import { layoutOfState, SERVER_ID } from './store-layout.ts'

export interface ListenerFiles {
  readonly key: string
  readonly cert: string
  /** The authorities whose clients may come, one by one. */
  readonly authorities: readonly X509Certificate[]
  /** The text of crl.pem, or why there is none. */
  readonly crl: { readonly pem: string } | { readonly fault: string }
}

/** Throws when key, certificate or authorities cannot be read; a list that cannot be read is a value. */
export function readListenerFiles(stateDir: string): ListenerFiles {
  const layout = layoutOfState(stateDir)
  const { key, cert, ca } = readMaterial(layout, 'server', SERVER_ID)
  return { key, cert, authorities: certificatesOf(ca, layout.trust), crl: readList(layout.crl) }
}

function readList(path: string): ListenerFiles['crl'] {
  try {
    return { pem: readText(path, 'revocation list') }
  } catch (error) {
    if (error instanceof CertificateError) return { fault: error.message }
    throw error
  }
}

function certificatesOf(pem: string, path: string): readonly X509Certificate[] {
  const blocks = pemBlocks(pem).filter(({ label }) => label === 'CERTIFICATE')
  try {
    const found = blocks.map((block) => new X509Certificate(block.pem))
    if (found.length > 0) return found
  } catch (error) {
    throw new CertificateError(
      `${path} holds a damaged certificate: restore it from the backup`,
      { path },
      error,
    )
  }
  throw new CertificateError(`${path} holds no certificate: restore it from the backup`, { path })
}
