/** The HTTPS side of a ward gateway: enrolment, log-ins, schemas and MQTT over WebSocket, on the certificates of MQTT. */

import type { CertificateStore } from '../certs/store.ts'
import type { Clock } from './clock.ts'
import type { WebConfig } from './config/config.ts'
import { createEnrolmentPart } from './enrolment-part.ts'
import { createPeople } from './people/people.ts'
import type { Counters, EventSink } from './ports.ts'
import type { TrustedTime } from './security/trusted-time.ts'
import type { WardGateway } from './ward-gateway.ts'
import { createCrlRoutes } from './web/crl-routes.ts'
import { createPeopleRoutes } from './web/people-routes.ts'
import { createSchemaRoutes } from './web/schema-routes.ts'
import { startWebServer, type WebServer } from './web/web-server.ts'

export interface WebPartOptions {
  readonly web: WebConfig
  readonly state: string
  readonly ward: Pick<WardGateway, 'broker' | 'identify' | 'material' | 'onMaterial'>
  readonly store: CertificateStore
  readonly events: EventSink
  readonly counters: Counters
  readonly clock: Clock
  readonly time: TrustedTime
}

export type WebPart = Pick<WebServer, 'addresses' | 'stop'>

export async function startWebPart(options: WebPartOptions): Promise<WebPart> {
  const { web, state, ward, store, events, clock, time } = options
  const people = createPeople({ stateDir: state, clock, events })
  // Whoever logs out, or may no longer be here, is out of MQTT too.
  const ended = people.sessions.onEnded$.subscribe(({ identity, reason }) => {
    ward.broker.disconnect(identity.fingerprint, reason)
  })
  const enrolment = createEnrolmentPart({ stateDir: state, store, events, clock, time })
  const close = (): void => {
    ended.unsubscribe()
    people.stop()
    enrolment.close()
  }
  try {
    const server = await startWebServer({
      ...options,
      listen: web.listen,
      allowedOrigins: web.origins,
      material: ward.material(),
      identify: ward.identify,
      broker: ward.broker,
      sessionOf: (cookieHeader, nowMs) => people.sessionOf(cookieHeader, nowMs),
      routes: [
        ...createSchemaRoutes(),
        ...createCrlRoutes(store),
        ...createPeopleRoutes(people),
        ...enrolment.routes,
      ],
    })
    ward.onMaterial((material) => server.reload(material))
    return {
      addresses: server.addresses,
      async stop() {
        await server.stop()
        close()
      },
    }
  } catch (error) {
    close()
    throw error
  }
}
