/** The HTTPS side of a configuration: where it listens, what it needs beside it, and whose pages may use it. */

import { BINDABLE, checkAddress } from './check-address.ts'
import type { ConfigFile } from './config.schema.ts'
import { finding, type Finding } from './fault.ts'

// Ports that every client takes for a protocol without encryption.
const PLAINTEXT_PORTS: Readonly<Record<number, string>> = {
  80: 'HTTP without encryption',
  1883: 'MQTT without encryption',
  8080: 'HTTP without encryption',
}

export function checkWeb({ broker, web }: ConfigFile): readonly Finding[] {
  if (web === undefined) return []
  const needs =
    broker === undefined
      ? [finding(['web'], "HTTPS serves the clients of the broker of this process; add 'broker' as well")]
      : []
  return [...needs, ...checkListen(web.listen), ...checkOrigins(web.origins)]
}

function checkListen(listen: NonNullable<ConfigFile['web']>['listen']): readonly Finding[] {
  return listen.flatMap(({ host, port }, index) => {
    const path = ['web', 'listen', index]
    const meaning = PLAINTEXT_PORTS[port]
    return [
      ...checkAddress([...path, 'host'], host, BINDABLE),
      ...(meaning === undefined
        ? []
        : [finding([...path, 'port'], `${port} means ${meaning} to every client; write 8443`)]),
    ]
  })
}

function checkOrigins(origins: readonly string[]): readonly Finding[] {
  return origins.flatMap((written, index) => {
    const origin = originOf(written)
    if (origin === written) return []
    const advice =
      origin?.startsWith('https://') === true ? origin : 'https://name or https://name:port, in lower case'
    return [finding(['web', 'origins', index], `'${written}' is not an origin; write ${advice}`)]
  })
}

/** As a browser writes it: scheme, name and a port that is not the usual one. 'null' for what is no page of HTTPS. */
function originOf(written: string): string | undefined {
  if (!URL.canParse(written)) return undefined
  const { origin, protocol } = new URL(written)
  return protocol === 'https:' ? origin : undefined
}
