/** Enrolment as a ward gateway serves it: codes and inventory of its state directory, and events that no flood can drown. */

import { openEnrolment } from '../certs/enrolment.ts'
import { throttleEvents } from './broker/event-throttle.ts'
import type { Clock } from './clock.ts'
import { inventoryOf, readInventory } from './inventory/inventory-file.ts'
import type { EventSink } from './ports.ts'
import type { TrustedTime } from './security/trusted-time.ts'
import type { EstStore } from './web/est-issue.ts'
import { createEstRoutes } from './web/est-routes.ts'
import type { Route } from './web/route.ts'

export interface EnrolmentPartOptions {
  readonly stateDir: string
  readonly store: EstStore
  readonly events: EventSink
  readonly clock: Clock
  readonly time: Pick<TrustedTime, 'nowMs' | 'standing'>
}

export interface EnrolmentPart {
  readonly routes: readonly Route[]
  close(): void
}

export function createEnrolmentPart({ stateDir, clock, ...parts }: EnrolmentPartOptions): EnrolmentPart {
  const events = throttleEvents(parts.events, clock)
  const routes = createEstRoutes({
    ...parts,
    events,
    enrolment: openEnrolment(stateDir),
    // Read at each request: whoever was added a moment ago may enrol, whoever was removed may not.
    isListed: (role, id) => inventoryOf(readInventory(stateDir)).find(role, id) !== undefined,
  })
  return { routes, close: () => events.close() }
}
