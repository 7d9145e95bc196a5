/** PEM (RFC 7468): armour on, armour off. Reading never throws; what is not a whole block is no block. */

export type PemLabel = 'CERTIFICATE' | 'PRIVATE KEY' | 'PUBLIC KEY' | 'X509 CRL'

const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]*)-----END \1-----/g
const LINE_LENGTH = 64
const LONGEST_TEXT = 16 * 1024 * 1024

export interface PemBlock {
  readonly label: string
  readonly pem: string
  readonly der: Uint8Array
}

/** All whole blocks, in order, whatever their label. A text too long for a file of ours has none. */
export function pemBlocks(text: string): readonly PemBlock[] {
  if (text.length > LONGEST_TEXT) return []
  const blocks: PemBlock[] = []
  for (const [, label, body] of text.matchAll(BLOCK)) {
    if (label === undefined || body === undefined) continue
    const base64 = body.replaceAll(/\s/g, '')
    const der = Buffer.from(base64, 'base64')
    // Buffer skips what is not base64: only what encodes back to itself was base64.
    if (der.length > 0 && der.toString('base64') === base64)
      blocks.push({ label, pem: armour(label, der), der })
  }
  return blocks
}

export function toPem(label: PemLabel, der: Uint8Array): string {
  return armour(label, der)
}

function armour(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der).toString('base64')
  const lines: string[] = []
  for (let start = 0; start < base64.length; start += LINE_LENGTH)
    lines.push(base64.slice(start, start + LINE_LENGTH))
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
