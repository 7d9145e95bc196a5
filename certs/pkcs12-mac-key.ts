/** The key of a PKCS #12 MAC from its passphrase: RFC 7292 appendix B.2 with SHA-256 (u = 32, v = 64 octets) and ID 3. */

import { createHash } from 'node:crypto'

const BLOCK_BYTES = 64
// RFC 7292 B.3: 1 for encryption keys, 2 for initialisation vectors, 3 for integrity.
const INTEGRITY = 3

export function pkcs12MacKey(passphrase: string, salt: Uint8Array, iterations: number): Uint8Array {
  const diversifier = Buffer.alloc(BLOCK_BYTES, INTEGRITY)
  // B.1: as UTF-16, big-endian, with a zero at the end.
  const password = Buffer.from(`${passphrase}\0`, 'utf16le').swap16()
  let hash: Uint8Array = Buffer.concat([diversifier, filled(salt), filled(password)])
  // One hash is as long as the key, so step 6 of B.2 runs once.
  for (let round = 0; round < iterations; round += 1) hash = createHash('sha256').update(hash).digest()
  return hash
}

/** Repeated up to a whole number of blocks. */
function filled(bytes: Uint8Array): Uint8Array {
  return Buffer.alloc(Math.ceil(bytes.length / BLOCK_BYTES) * BLOCK_BYTES, bytes)
}
