/**
 * `/crl/{authority}.crl`: the revocation lists, at the address that the server's certificate names (RFC 5280 4.2.1.13).
 * They are public: a list holds serial numbers, dates and reasons, and whoever trusts the authority needs it.
 */

import { crlPath } from '../../certs/crl-address.ts'
import { crlOf } from '../../certs/crl-reading.ts'
import { pemBlocks } from '../../certs/pem.ts'
import type { CertificateStore } from '../../certs/store.ts'
import type { Route, WebResponse } from './route.ts'

type ListStore = Pick<CertificateStore, 'authorities' | 'serverMaterial' | 'stamp'>

export function createCrlRoutes(store: ListStore): readonly Route[] {
  let stamp: string | undefined
  let lists: ReadonlyMap<string, Uint8Array> = new Map()
  const handle = async ({ path }: { readonly path: string }): Promise<WebResponse> => {
    // Whoever asks again and again must not make the gateway read its files again and again.
    const present = store.stamp()
    if (present !== stamp) lists = readLists(store)
    stamp = present
    const body = lists.get(path)
    return body === undefined
      ? { status: 404 }
      : { status: 200, headers: { 'content-type': 'application/pkix-crl' }, body }
  }
  return [{ method: 'GET', path: '/crl/{list}', bodyBytes: 0, handle }]
}

function readLists(store: ListStore): ReadonlyMap<string, Uint8Array> {
  const pem = store.serverMaterial().crl.join('')
  return new Map(
    store.authorities().flatMap(({ certificate }) => {
      const [block] = pemBlocks(crlOf(pem, certificate)?.pem ?? '')
      return block === undefined ? [] : [[crlPath(certificate.publicKey), block.der]]
    }),
  )
}
