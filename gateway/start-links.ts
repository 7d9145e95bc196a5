/** The parts of a gateway that log in somewhere with a certificate of their own: the bedside part and the uplinks. */

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { bedsideDevices } from './bedside-devices.ts'
import { startBedside, type Bedside } from './bedside.ts'
import type { Clock } from './clock.ts'
import type { BedsideConfig, Config, UplinkConfig } from './config/config.ts'
import { ConfigError, errorMessage } from './errors.ts'
import type { Log } from './log.ts'
import type { Counters, EventSink } from './ports.ts'
import type { TrustedTime } from './security/trusted-time.ts'
import { checkSet } from './stages/check-set.ts'
import { liveMaterial } from './upkeep/own-identity.ts'
import type { ProcessCertificates } from './upkeep/process-holdings.ts'
import type { RenewableLink } from './upkeep/take-up.ts'
import { createBridge, type Bridge } from './uplink/bridge.ts'
import { createMqttLink, type ClientMaterial } from './uplink/mqtt-link.ts'
import type { WardGateway } from './ward-gateway.ts'

export interface LinkParts {
  readonly config: Config
  readonly certificates: Pick<ProcessCertificates, 'layout'>
  readonly time: TrustedTime
  readonly events: EventSink
  readonly counters: Counters
  readonly clock: Clock
  readonly log: Log
}

export function startUplink(
  uplink: UplinkConfig,
  parts: LinkParts,
  ward: WardGateway | undefined,
): { readonly bridge: Bridge; readonly link: RenewableLink } {
  const { clock, time, log, counters, events } = parts
  if (ward === undefined)
    throw new ConfigError(`uplink '${uplink.id}' needs a broker in this process`, { uplink: uplink.id })
  const ca = readCa(uplink.ca)
  const own = materialOf(parts, 'uplink', uplink.identity)
  const link = createMqttLink({
    url: uplink.url,
    clientId: uplink.identity,
    material: () => ({ ...own(), ca }),
    dates: { time, server: 'foreign' },
    allowedRanges: uplink.allow,
    clock,
    random: Math.random,
    log: log.child({ uplink: uplink.id }),
    counters,
    events,
  })
  return {
    bridge: createBridge({ ...uplink, publisher: ward.broker, link, clock, log, counters, events }),
    link: { role: 'uplink', id: uplink.identity, renew: () => link.renew() },
  }
}

export function startBedsidePart(
  bedside: BedsideConfig,
  parts: LinkParts,
  ward: WardGateway | undefined,
): { readonly bedside: Bedside; readonly link: RenewableLink } {
  const { config, clock, time, log, counters, events } = parts
  const messageLink = createMqttLink({
    url: bedside.broker ?? ownListener(ward),
    clientId: bedside.id,
    material: materialOf(parts, 'bedside', bedside.id),
    dates: { time, server: 'ours' },
    clock,
    random: Math.random,
    log: log.child({ bedside: bedside.id }),
    counters,
    events,
  })
  const devices = bedsideDevices(bedside, {
    clock,
    log,
    events,
    random: Math.random,
    stateDir: config.state,
  })
  const running = startBedside({
    devices,
    messageLink,
    check: checkSet,
    bootId: randomBytes(4).toString('hex'),
    clock,
    log,
    events,
    counters,
  })
  return {
    bedside: running,
    link: { role: 'bedside', id: bedside.id, renew: () => messageLink.renew() },
  }
}

/** The bedside part goes through the front door like everyone else, also in the same process. */
function ownListener(ward: WardGateway | undefined): string {
  const [address] = ward?.broker.addresses ?? []
  if (address === undefined)
    throw new ConfigError("bedside.broker is missing, and there is no 'broker' in this process")
  const { host, port } = address
  const dialled = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `mqtts://${dialled.includes(':') ? `[${dialled}]` : dialled}:${port}`
}

/** Read anew at every connect. What is wrong at the start is refused there, before anything runs. */
function materialOf(
  { certificates, time }: LinkParts,
  role: 'bedside' | 'uplink',
  id: string,
): () => ClientMaterial {
  return () => liveMaterial(certificates.layout, { role, id }, time.nowMs())
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError(`cannot read the CA file ${path}: ${errorMessage(error)}`, { path }, error)
  }
}
