/** Builds the whole gateway from a configuration: the ward part, the bedside part, or both. */

import type { Clock, Uptime } from './clock.ts'
import type { Config } from './config/config.ts'
import { ConfigError } from './errors.ts'
import type { Log } from './log.ts'
import { createEventSink, type AttachableEventSink } from './security/event-sink.ts'
import { keepTime } from './security/keep-time.ts'
import type { KeptTime } from './security/trusted-time.ts'
import { startBedsidePart, startUplink, type LinkParts } from './start-links.ts'
import { createCounters, type MeteredCounters } from './telemetry/counters.ts'
import { startHealthServer } from './telemetry/health-server.ts'
import { openCertificates, refuseUnusable } from './upkeep/open-certificates.ts'
import type { ProcessCertificates } from './upkeep/process-holdings.ts'
import { startProcessUpkeep } from './upkeep/process-upkeep.ts'
import { takeUp, type RenewableLink } from './upkeep/take-up.ts'
import type { Upkeep } from './upkeep/upkeep.ts'
import { startWardGateway, type WardGateway } from './ward-gateway.ts'
import { startWebPart, type WebPart } from './web-part.ts'

export interface GatewayOptions {
  readonly software: string
  readonly clock: Clock
  /** What the wall clock is held against; absent: the monotonic clock, which stops while the machine sleeps. */
  readonly uptime?: Uptime
  readonly log: Log
}

export interface RunningGateway {
  /** Where devices and stations connect; empty for a bedside part alone. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[]
  /** Where HTTPS is served; empty when it is not. */
  readonly webAddresses: RunningGateway['addresses']
  readonly healthPort: number | undefined
  readonly counters: MeteredCounters
  /** Reads inventory, certificates and CRL again without dropping good sessions. */
  reload(): Promise<void>
  /** Drains and stops within five seconds. */
  stop(): Promise<void>
}

interface Parts extends LinkParts {
  readonly certificates: ProcessCertificates
  readonly time: KeptTime
  readonly events: AttachableEventSink
  readonly counters: MeteredCounters
}

const FIRST_LOOK_MS = 60_000

export async function startGateway(config: Config, options: GatewayOptions): Promise<RunningGateway> {
  const { clock, log, software, uptime } = options
  const counters = createCounters()
  const events = createEventSink(config.gateway, clock, log)
  const certificates = openCertificates(config)
  const time = keepTime({ stateDir: config.state, clock, uptime, events })
  const parts: Parts = { config, certificates, time, events, counters, clock, log }
  const links: RenewableLink[] = []
  const upkeep = startProcessUpkeep({
    ...parts,
    ...certificates,
    takeUp: () => takeUp(links, events),
    firstLookMs: FIRST_LOOK_MS * Math.random(),
  })
  const undo: (() => Promise<void>)[] = [async () => time.stop()]
  try {
    // Before anybody is served: what ran out while the gateway was off is made anew.
    await upkeep.prepare()
    refuseUnusable(certificates, time.nowMs())
    const ward = await startWard(parts, software)
    if (ward !== undefined) undo.push(() => ward.stop())
    const web = await startWeb(parts, ward)
    if (web !== undefined) undo.push(() => web.stop())
    for (const uplink of config.uplinks) {
      const { bridge, link } = startUplink(uplink, parts, ward)
      undo.push(() => bridge.close())
      links.push(link)
    }
    if (config.bedside !== undefined) {
      const { bedside, link } = startBedsidePart(config.bedside, parts, ward)
      undo.push(() => bedside.stop())
      links.push(link)
    }
    const health =
      config.health === undefined
        ? undefined
        : await startHealthServer(config.health, {
            metrics: () => counters.expose(),
            notReady: () => [...(ward?.notReady() ?? []), ...upkeep.notReady(), ...clockTrouble(time)],
          })
    if (health !== undefined) undo.push(() => health.stop())
    // What a store knows costs nobody anything; boxes that all come back at once do not all ask at once.
    if (certificates.store !== undefined) void upkeep.look()
    let stopping: Promise<void> | undefined
    log.info('started', { software, gateway: config.gateway })
    return {
      addresses: ward?.broker.addresses ?? [],
      webAddresses: web?.addresses ?? [],
      healthPort: health?.port,
      counters,
      async reload() {
        await ward?.reload()
        await upkeep.look()
        log.info('reloaded', { gateway: config.gateway })
      },
      async stop() {
        stopping ??= stopAll(undo, upkeep).then(() => log.info('stopped', { gateway: config.gateway }))
        await stopping
      },
    }
  } catch (error) {
    await stopAll(undo, upkeep)
    throw error
  }
}

async function startWard(parts: Parts, software: string): Promise<WardGateway | undefined> {
  const { config, certificates } = parts
  if (config.broker === undefined || certificates.store === undefined) return undefined
  return startWardGateway({ ...config, ...parts, software, broker: config.broker, store: certificates.store })
}

async function startWeb(parts: Parts, ward: WardGateway | undefined): Promise<WebPart | undefined> {
  const { config, certificates } = parts
  const { web, state } = config
  if (web === undefined) return undefined
  const { store } = certificates
  if (ward === undefined || store === undefined)
    throw new ConfigError("web: add 'broker' as well, HTTPS serves its clients")
  return startWebPart({ ...parts, web, state, ward, store })
}

function clockTrouble({ reason }: KeptTime): readonly string[] {
  return reason === undefined ? [] : [reason]
}

/** A look that is under way ends with the links it uses: it is told first and waited for last. */
async function stopAll(undo: readonly (() => Promise<void>)[], upkeep: Upkeep): Promise<void> {
  const looked = upkeep.stop()
  for (const stop of [...undo].reverse()) await stop()
  await looked
}
