/** Builds the whole gateway from a configuration: the ward part, the bedside part, or both. */

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { CertificateError } from '../certs/errors.ts'
import { openStore, type CertificateStore } from '../certs/store.ts'
import { bedsideDevices } from './bedside-devices.ts'
import { startBedside, type Bedside } from './bedside.ts'
import type { Cancel, Clock } from './clock.ts'
import type { BedsideConfig, Config, UplinkConfig } from './config/config.ts'
import { ConfigError, errorMessage } from './errors.ts'
import type { Log } from './log.ts'
import { createEventSink, type AttachableEventSink } from './security/event-sink.ts'
import { checkSet } from './stages/check-set.ts'
import { createCounters, type MeteredCounters } from './telemetry/counters.ts'
import { startHealthServer } from './telemetry/health-server.ts'
import { createBridge, type Bridge } from './uplink/bridge.ts'
import { createMqttLink } from './uplink/mqtt-link.ts'
import { startWardGateway, type WardGateway } from './ward-gateway.ts'

export interface GatewayOptions {
  readonly software: string
  readonly clock: Clock
  readonly log: Log
}

export interface RunningGateway {
  /** Where devices and stations connect; empty for a bedside part alone. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[]
  readonly healthPort: number | undefined
  readonly counters: MeteredCounters
  /** Reads inventory, certificates and CRL again without dropping good sessions. */
  reload(): Promise<void>
  /** Drains and stops within five seconds. */
  stop(): Promise<void>
}

interface Parts {
  readonly config: Config
  readonly store: CertificateStore
  readonly events: AttachableEventSink
  readonly counters: MeteredCounters
  readonly clock: Clock
  readonly log: Log
}

// A CRL that runs out locks everyone out; it is looked at often and renewed at half its life.
const CRL_CHECK_MS = 3_600_000

export async function startGateway(config: Config, options: GatewayOptions): Promise<RunningGateway> {
  const { clock, log, software } = options
  const counters = createCounters()
  const events = createEventSink(config.gateway, clock, log)
  const parts: Parts = { config, store: storeOf(config), events, counters, clock, log }
  refuseExpired(parts)
  const undo: (() => Promise<void>)[] = []
  try {
    const ward = await startWard(parts, software)
    if (ward !== undefined) undo.push(() => ward.stop())
    const bridges = config.uplinks.map((uplink) => startUplink(uplink, parts, ward))
    undo.push(...bridges.map((bridge) => () => bridge.close()))
    const bedside = config.bedside === undefined ? undefined : startBedsidePart(config.bedside, parts, ward)
    if (bedside !== undefined) undo.push(() => bedside.stop())
    const health =
      config.health === undefined
        ? undefined
        : await startHealthServer(config.health, {
            metrics: () => counters.expose(),
            notReady: () => [...notReady(parts), ...(ward?.notReady() ?? [])],
          })
    if (health !== undefined) undo.push(() => health.stop())
    const stopRenewal = ward === undefined ? undefined : keepCrlFresh(parts, ward)
    log.info('started', { software, gateway: config.gateway })
    return {
      addresses: ward?.broker.addresses ?? [],
      healthPort: health?.port,
      counters,
      async reload() {
        await ward?.reload()
        log.info('reloaded', { gateway: config.gateway })
      },
      async stop() {
        stopRenewal?.()
        await stopAll(undo)
        log.info('stopped', { gateway: config.gateway })
      },
    }
  } catch (error) {
    await stopAll(undo)
    throw error
  }
}

async function startWard(parts: Parts, software: string): Promise<WardGateway | undefined> {
  const { config, store, clock } = parts
  if (config.broker === undefined) return undefined
  if (store.isCrlDue(clock.nowMs())) store.refreshCrl(clock.nowMs())
  return startWardGateway({ ...config, ...parts, software, broker: config.broker })
}

function startUplink(uplink: UplinkConfig, parts: Parts, ward: WardGateway | undefined): Bridge {
  const { clock, log, counters, events } = parts
  if (ward === undefined)
    throw new ConfigError(`uplink '${uplink.id}' needs a broker in this process`, { uplink: uplink.id })
  const { cert, key } = material(parts, 'uplink', uplink.identity)
  const link = createMqttLink({
    url: uplink.url,
    clientId: uplink.identity,
    material: { cert, key, ca: readCa(uplink.ca) },
    allowedRanges: uplink.allow,
    clock,
    random: Math.random,
    log: log.child({ uplink: uplink.id }),
    counters,
    events,
  })
  return createBridge({ ...uplink, publisher: ward.broker, link, clock, log, counters, events })
}

function startBedsidePart(bedside: BedsideConfig, parts: Parts, ward: WardGateway | undefined): Bedside {
  const { config, clock, log, counters, events } = parts
  const messageLink = createMqttLink({
    url: bedside.broker ?? ownListener(ward),
    clientId: bedside.id,
    material: material(parts, 'bedside', bedside.id),
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
  return startBedside({
    devices,
    messageLink,
    check: checkSet,
    bootId: randomBytes(4).toString('hex'),
    clock,
    log,
    events,
    counters,
  })
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

function keepCrlFresh({ store, clock, log, events }: Parts, ward: WardGateway): Cancel {
  return clock.every(CRL_CHECK_MS, () => {
    if (!store.isCrlDue(clock.nowMs())) return
    try {
      store.refreshCrl(clock.nowMs())
      ward.broker.reload(store.serverMaterial())
      log.info('crl-renewed')
    } catch (error) {
      events.emit('technical', 'crl-not-renewed', { reason: errorMessage(error) })
    }
  })
}

function notReady({ store, clock }: Parts): readonly string[] {
  return store.isCrlDue(clock.nowMs()) ? ['certificates: the CRL is due for renewal'] : []
}

// Whatever is wrong with a key or certificate at the start is for the operator to put right, like the configuration.
function storeOf(config: Config): CertificateStore {
  return asConfigError(() => openStore(config.state))
}

/** A gateway with a certificate that has run out would refuse everyone, or be refused by everyone, without a word. */
function refuseExpired({ config, store, clock }: Parts): void {
  const own = [
    ...(config.broker === undefined ? [] : ['server/server']),
    ...(config.bedside === undefined ? [] : [`bedside/${config.bedside.id}`]),
  ]
  const rows = store.list(clock.nowMs()).filter(({ role, id }) => own.includes(`${role}/${id}`))
  for (const name of own) {
    const held = rows.filter(({ role, id }) => `${role}/${id}` === name)
    if (held.length === 0 || held.some(({ status }) => status === 'valid')) continue
    throw new ConfigError(
      `the certificate of ${name} in ${config.state} is ${held[0]?.status ?? 'missing'} (valid until ${held[0]?.notAfter ?? 'never'}); issue a new one, and check the clock`,
      { identity: name },
    )
  }
}

function material(
  { store }: Parts,
  role: 'bedside' | 'uplink',
  id: string,
): ReturnType<CertificateStore['clientMaterial']> {
  return asConfigError(() => store.clientMaterial(role, id))
}

function asConfigError<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof CertificateError) throw new ConfigError(error.message, error.context, error)
    throw error
  }
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError(`cannot read the CA file ${path}: ${errorMessage(error)}`, { path }, error)
  }
}

async function stopAll(undo: readonly (() => Promise<void>)[]): Promise<void> {
  for (const stop of [...undo].reverse()) await stop()
}
