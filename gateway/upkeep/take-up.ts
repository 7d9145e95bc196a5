/** Links that log in with a certificate go over to the newest one, whoever has made it. */

import type { EventSink } from '../ports.ts'
import type { RenewOutcome } from '../uplink/mqtt-link.ts'

export interface RenewableLink {
  readonly role: string
  readonly id: string
  renew(): Promise<RenewOutcome>
}

export async function takeUp(links: readonly RenewableLink[], events: EventSink): Promise<void> {
  for (const link of links) {
    const { role, id } = link
    const outcome = await link.renew()
    if (outcome === 'renewed') events.emit('technical', 'certificate-in-use', { role, id })
    if (outcome === 'failed' || outcome === 'busy')
      events.emit('technical', 'certificate-not-in-use', { role, id, reason: outcome })
  }
}
