/** The HTTPS side of a ward gateway: the web server over the same certificates, rules and broker as MQTT. */

import type { Clock } from './clock.ts'
import type { WebConfig } from './config/config.ts'
import type { Counters, EventSink } from './ports.ts'
import type { WardGateway } from './ward-gateway.ts'
import type { Route } from './web/route.ts'
import { createSchemaRoutes } from './web/schema-routes.ts'
import { startWebServer, type SessionOf, type WebServer } from './web/web-server.ts'

export interface WebPartOptions {
  readonly web: WebConfig
  readonly ward: Pick<WardGateway, 'broker' | 'identify' | 'material'>
  /** What is served besides the schemas and MQTT over WebSocket. */
  readonly routes: readonly Route[]
  readonly sessionOf?: SessionOf | undefined
  readonly events: EventSink
  readonly counters: Counters
  readonly clock: Clock
}

export async function startWebPart(options: WebPartOptions): Promise<WebServer> {
  const { web, ward, routes } = options
  return startWebServer({
    ...options,
    listen: web.listen,
    allowedOrigins: web.origins,
    material: ward.material(),
    identify: ward.identify,
    broker: ward.broker,
    routes: [...createSchemaRoutes(), ...routes],
  })
}
