/** The ward part: broker, rules, admission and the lives of the devices, wired together. */

import { join } from 'node:path'
import type { CertificateStore } from '../certs/store.ts'
import { protocolById } from '../devices/registry.ts'
import { createAdmission } from './admission.ts'
import { startBroker, type Broker } from './broker/aedes-broker.ts'
import { assertUsable, type TlsMaterial } from './broker/tls-options.ts'
import type { Clock } from './clock.ts'
import type { BrokerConfig } from './config/config.ts'
import { toInstant } from './contract/instant.ts'
import type { GatewayStateMessage } from './contract/reading.ts'
import { opsStateTopic } from './contract/topics.ts'
import { errorMessage } from './errors.ts'
import { inventoryOf, inventoryPath, readInventory } from './inventory/inventory-file.ts'
import { watchFile } from './inventory/watched-file.ts'
import { Journal } from './journal/journal.ts'
import type { Log } from './log.ts'
import type { Counters, Inventory, OutboundMessage } from './ports.ts'
import { createTopicAuthority } from './security/authorise.ts'
import { contest } from './security/contest.ts'
import type { AttachableEventSink } from './security/event-sink.ts'
import type { Identify } from './security/identify.ts'
import { watchCertificates } from './security/live-certificates.ts'
import type { TrustedTime } from './security/trusted-time.ts'

export interface WardGatewayOptions {
  readonly gateway: string
  readonly software: string
  readonly state: string
  readonly broker: BrokerConfig
  readonly store: CertificateStore
  readonly clock: Clock
  /** By which dates are judged. */
  readonly time: TrustedTime
  readonly log: Log
  readonly events: AttachableEventSink
  readonly counters: Counters
}

export interface WardGateway {
  readonly broker: Broker
  /** Whose a certificate is, and whether it may be used now: the same answer for every way in. */
  readonly identify: Identify
  /** What listeners prove themselves with and whom they admit, as it stands now. */
  readonly material: () => TlsMaterial
  /** Calls `take` whenever that has changed, or who is revoked: for listeners beside those of the broker. */
  onMaterial(take: (material: TlsMaterial) => void): void
  /** Reads the inventory and the certificates again; sessions that are still good stay open. */
  reload(): Promise<void>
  /** Why new clients cannot be served as they should; empty when all is well. */
  notReady(): readonly string[]
  stop(): Promise<void>
}

export async function startWardGateway(options: WardGatewayOptions): Promise<WardGateway> {
  const { gateway, clock, time, log, events, counters, state, store } = options
  const rows = watchFile({
    path: inventoryPath(state),
    read: () => readInventory(state),
    clock,
    onChange: () => {
      takeInventory().catch(notPublished)
    },
    onFault: (error) => {
      events.emit('technical', 'inventory-not-read', { reason: errorMessage(error) })
    },
  })
  let inventory = inventoryOf(rows.content)
  // Rows are looked up through this view, so that a reload changes the rights of open sessions too.
  const current: Inventory = {
    find: (role, id) => inventory.find(role, id),
    device: (id) => inventory.device(id),
    devices: () => inventory.devices(),
  }
  const admission = createAdmission({ ...options, inventory, protocolById })
  let useCertificates = (_change: 'material' | 'revocations'): void => undefined
  const certificates = watchCertificates({
    stateDir: state,
    store,
    clock,
    events,
    time,
    assertUsable,
    onChange: (change) => useCertificates(change),
  })
  const journal = openJournal(options)
  const broker = await startBroker({
    id: gateway,
    journal,
    listen: options.broker.listen.map(({ host, port, tls }) => ({ host, port, minVersion: tls })),
    material: certificates.material,
    identify: certificates.identify,
    time,
    standingOf: certificates.standingOf,
    contest,
    rules: { ...createTopicAuthority(current), admit: (_identity, message) => admission.admit(message) },
    events,
    counters,
    clock,
    log,
  }).catch((error: unknown) => {
    rows.stop()
    certificates.stop()
    throw error
  })
  // Nobody who may stay notices: new handshakes use what is new, and a sweep ends only who may not go on.
  const takers: ((material: TlsMaterial) => void)[] = []
  useCertificates = (change) => {
    if (change === 'material') broker.reload(certificates.material)
    else broker.review()
    for (const take of takers) take(certificates.material)
  }
  const publishAll = async (messages: readonly OutboundMessage[]): Promise<void> => {
    for (const message of messages) await broker.publish(message)
  }
  const notPublished = (error: unknown): void => {
    log.error('not-published', { reason: errorMessage(error) })
  }
  // Rights that were withdrawn end at once, not at the next sweep.
  const takeInventory = async (): Promise<void> => {
    inventory = inventoryOf(rows.content)
    broker.review()
    await publishAll(admission.replaceInventory(inventory))
  }
  events.attach(broker)
  const stopLives = await admission.start(broker, notPublished)
  const sessions = broker.onSession$.subscribe(({ identity, kind }) => {
    publishAll(admission.session(identity, kind)).catch(notPublished)
  })
  await broker.publish(stateMessage(gateway, 'online', clock))
  return {
    broker,
    identify: certificates.identify,
    material: () => certificates.material,
    onMaterial: (take) => void takers.push(take),
    async reload() {
      // Whoever asks for it is told when the file cannot be read; what is in force stays.
      readInventory(state)
      certificates.look()
      rows.refresh()
      await takeInventory()
    },
    notReady: () => [...certificates.troubles, ...(journal.fault === undefined ? [] : [journal.fault])],
    async stop() {
      rows.stop()
      certificates.stop()
      stopLives()
      sessions.unsubscribe()
      await broker.publish(stateMessage(gateway, 'stopping', clock))
      await broker.stop()
    },
  }
}

function openJournal({ state, clock, log, events }: WardGatewayOptions): Journal {
  const directory = join(state, 'journal')
  return Journal.open({ directory, keyFile: join(state, 'journal.key'), clock, log, events })
}

function stateMessage(gateway: string, state: GatewayStateMessage['state'], clock: Clock): OutboundMessage {
  const message: GatewayStateMessage = { v: 1, gateway, state, since: toInstant(clock.nowMs()) }
  return {
    topic: opsStateTopic(gateway),
    payload: Buffer.from(JSON.stringify(message)),
    qos: 1,
    retain: true,
  }
}
