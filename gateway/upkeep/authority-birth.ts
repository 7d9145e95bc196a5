/** When the newest authority began to be valid: no clock before that can be right. */

import { X509Certificate } from 'node:crypto'
import { statSync } from 'node:fs'
import { readText } from '../../certs/guarded-file.ts'
import { pemBlocks } from '../../certs/pem.ts'
import type { StoreLayout } from '../../certs/store-layout.ts'

/** Asked at every handshake, so the file is read only when it has changed. */
export function watchAuthorityBirth({ trust }: Pick<StoreLayout, 'trust'>): () => number | undefined {
  let seen: string | undefined
  let birthMs: number | undefined
  return () => {
    const stats = statSync(trust, { bigint: true, throwIfNoEntry: false })
    const stamp = stats === undefined ? 'missing' : `${stats.ino}:${stats.mtimeNs}:${stats.size}`
    if (stamp !== seen) {
      seen = stamp
      birthMs = stats === undefined ? undefined : readBirthMs(trust)
    }
    return birthMs
  }
}

/** Undefined where nothing can be read: who needs the file itself says what is wrong with it. */
function readBirthMs(trust: string): number | undefined {
  try {
    const births = pemBlocks(readText(trust, 'trust file')).flatMap(({ label, pem }) =>
      label === 'CERTIFICATE' ? [Date.parse(new X509Certificate(pem).validFrom)] : [],
    )
    return births.length === 0 ? undefined : Math.max(...births)
  } catch {
    return undefined
  }
}
