/** A station that runs for months renews its own certificate, like every other client of ours. */

import { isNameTaken } from '../certs/guarded-file.ts'
import { openStore } from '../certs/store.ts'
import { layoutOfState } from '../certs/store-layout.ts'
import type { Clock, Uptime } from '../gateway/clock.ts'
import { readTime } from '../gateway/security/keep-time.ts'
import type { TrustedTime } from '../gateway/security/trusted-time.ts'
import type { EventSink } from '../gateway/ports.ts'
import type { ClientMaterial } from '../gateway/uplink/dial.ts'
import { enrolmentUrl, refuseUnusable } from '../gateway/upkeep/open-certificates.ts'
import { liveMaterial } from '../gateway/upkeep/own-identity.ts'
import type { ProcessCertificates } from '../gateway/upkeep/process-holdings.ts'
import { startProcessUpkeep } from '../gateway/upkeep/process-upkeep.ts'
import { takeUp } from '../gateway/upkeep/take-up.ts'
import type { Upkeep } from '../gateway/upkeep/upkeep.ts'
import type { Station } from './station.ts'

export interface StationIdentity {
  readonly state: string
  readonly id: string
  readonly broker: string
  readonly renewAt?: string | undefined
  readonly clock: Clock
  readonly uptime: Uptime
  /** One line for the person who watches. */
  readonly say: (text: string) => void
}

export interface StationCertificates {
  /** The time by which certificates are judged. */
  readonly time: TrustedTime
  readonly material: () => ClientMaterial
  /** Throws ConfigError when the certificate cannot be used, after having tried to put that right. */
  prepare(): Promise<void>
  keep(station: Pick<Station, 'renew'>): Upkeep
}

export function stationCertificates(identity: StationIdentity): StationCertificates {
  const { state, id, broker, clock, uptime, say } = identity
  const layout = layoutOfState(state)
  const own = { role: 'consumer', id, renewAt: identity.renewAt ?? enrolmentUrl(broker) } as const
  const certificates: ProcessCertificates = {
    layout,
    store: isNameTaken(layout.index) ? openStore(state) : undefined,
    own: [own],
  }
  const events: EventSink = {
    emit: (_class, event, detail) =>
      say([event, ...Object.entries(detail).map(([name, value]) => `${name}=${value}`)].join(' ')),
  }
  const time = readTime({ stateDir: state, clock, uptime })
  let station: Pick<Station, 'renew'> | undefined
  const upkeep = startProcessUpkeep({
    ...certificates,
    time,
    async takeUp() {
      if (station !== undefined)
        await takeUp(
          [{ role: own.role, id, renew: () => station?.renew() ?? Promise.resolve('offline') }],
          events,
        )
    },
    clock,
    events,
  })
  return {
    time,
    material: () => liveMaterial(layout, own, time.nowMs()),
    async prepare() {
      await upkeep.prepare()
      try {
        refuseUnusable(certificates, time.nowMs())
      } catch (error) {
        // Its timer would keep the process alive, with nothing to keep.
        await upkeep.stop()
        throw error
      }
    },
    keep(opened) {
      station = opened
      void upkeep.look()
      return upkeep
    },
  }
}
