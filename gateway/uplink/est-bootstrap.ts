/**
 * First contact with a gateway of which only the fingerprint of its root is known (RFC 7030 4.1.1). What it shows is used
 * to fetch its authorities, and for nothing else, until one of them proves to be the one with that fingerprint.
 */

import type { X509Certificate } from 'node:crypto'
import { caCertificates } from './est-client.ts'
import { estError, type EstEndpoint } from './est-exchange.ts'
import { guardedDial } from './dial.ts'
import { dialOutcome } from './uplink-error.ts'

/** The PEM of the root with this SHA-256 (lower-case hexadecimal). Throws UplinkError. */
export async function rootByFingerprint(endpoint: EstEndpoint, fingerprint: string): Promise<string> {
  const issuing = (await presentedBy(endpoint)).find(({ ca }) => ca)
  if (issuing === undefined)
    throw estError(endpoint.url, 'est-unusable', 'it shows no authority besides its own certificate')
  const tls = { ca: issuing.toString(), isIssuingOnly: true }
  const { certificates } = await caCertificates(endpoint, tls)
  const root = certificates.find((each) => sha256Of(each) === fingerprint)
  if (root === undefined || !root.checkIssued(root) || !root.verify(root.publicKey))
    throw estError(
      endpoint.url,
      'est-other-authority',
      'it has no root with that fingerprint: compare it again; if it is right, somebody else answers there',
    )
  return root.toString()
}

/** The chain of a handshake in which nobody is trusted, and which therefore fails. */
async function presentedBy(endpoint: EstEndpoint): Promise<readonly X509Certificate[]> {
  let presented: readonly X509Certificate[] = []
  const onPresented = (chain: readonly X509Certificate[]): void => {
    presented = chain
  }
  try {
    const socket = await guardedDial({ ...endpoint, scheme: 'https', tls: { ca: '' }, onPresented })
    socket.destroy()
  } catch (error) {
    if (dialOutcome(error).reason !== 'tls-failed' || presented.length === 0) throw error
  }
  return presented
}

function sha256Of({ fingerprint256 }: X509Certificate): string {
  return fingerprint256.replaceAll(':', '').toLowerCase()
}
