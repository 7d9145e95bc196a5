/** The second step of a new root is refused while it would cut clients off that have not taken the first. */

import { CertificateError } from '../certs/errors.ts'
import type { CertificateStore } from '../certs/store.ts'

const MOST_NAMES = 20

export function refuseCutOff(store: CertificateStore, nowMs: number): void {
  // Those with a level are behind already: the new root is in force, and waiting keeps nobody.
  const behind = store.forecast(nowMs).filter(({ what, level }) => what === 'trust' && level === undefined)
  if (behind.length === 0) return
  const names = behind.slice(0, MOST_NAMES).map(({ role, id }) => `  ${role} ${id}`)
  const more = behind.length > MOST_NAMES ? [`  and ${behind.length - MOST_NAMES} more`] : []
  throw new CertificateError(
    `the next issuing CA would come from the new root, which ${behind.length} of the clients have not learnt yet: they would refuse the gateway once its certificate is renewed.\n` +
      `${[...names, ...more].join('\n')}\n` +
      'wait until they have renewed (wardgate certs forecast), or give them the new ca.pem by hand and repeat the command with --trust-delivered',
    { clients: behind.length },
  )
}
