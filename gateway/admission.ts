/**
 * Admission: what becomes of each message that a device or a bedside part publishes, and the life of every device
 * behind it. It decides through the stages and keeps the state between messages; it owns no socket.
 */

import type { DeviceProtocol } from '../devices/protocol.ts'
import { ADMIT } from './admit-message.ts'
import type { Cancel, Clock } from './clock.ts'
import { opsRejectedTopic, parseIngestTopic, type Place } from './contract/topics.ts'
import type {
  Admitted,
  ClientRole,
  Counters,
  DeviceEntry,
  Identity,
  Inventory,
  OutboundMessage,
  TrustedPublisher,
} from './ports.ts'
import { birthMessage } from './stages/birth.ts'
import { takeOver } from './stages/former-run.ts'
import { WardDevice } from './stages/ward-device.ts'

export interface AdmissionOptions {
  readonly gateway: string
  readonly software: string
  readonly inventory: Inventory
  readonly protocolById: (id: string) => DeviceProtocol | undefined
  readonly clock: Clock
  readonly counters: Counters
}

export interface Admission {
  admit(message: OutboundMessage): Promise<Admitted>
  /** A session of this identity has begun or ended. */
  session(identity: Identity, kind: 'online' | 'offline'): readonly OutboundMessage[]
  /** Announces every device of the inventory and keeps lifetimes from now on. */
  start(publisher: TrustedPublisher, onError: (error: unknown) => void): Promise<Cancel>
  /** Rows changed: new devices are announced, moved ones end their life at the old place. */
  replaceInventory(inventory: Inventory): readonly OutboundMessage[]
}

// A value is given up at most this long after its lifetime.
const TICK_MS = 250
const NOTHING: Admitted = { instead: undefined, also: [], isRefused: true }

interface Life {
  readonly entry: DeviceEntry
  readonly device: WardDevice
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { gateway, software, clock, counters, protocolById } = options
  let inventory = options.inventory
  const lives = new Map<string, Life>()

  const deviceOf = (entry: DeviceEntry): WardDevice => {
    const known = lives.get(entry.id)
    if (known?.entry === entry) return known.device
    const device = new WardDevice(entry, clock.nowMs())
    lives.set(entry.id, { entry, device })
    return device
  }

  const deviceAt = ({ ward, bed, device }: Place): WardDevice | undefined => {
    const entry = inventory.device(device)
    return entry?.ward === ward && entry.bed === bed ? deviceOf(entry) : undefined
  }

  const announce = (entry: DeviceEntry): readonly OutboundMessage[] => [
    birthMessage(entry, protocolById(entry.protocol), { gateway, software, nowMs: clock.nowMs() }),
    deviceOf(entry).announce(),
  ]

  return {
    async admit(message) {
      const ingest = parseIngestTopic(message.topic)
      const entry = ingest === undefined ? undefined : inventory.device(ingest.device)
      if (ingest === undefined || entry === undefined) return NOTHING
      const device = deviceOf(entry)
      const { payload } = message
      const [instead, ...also] = ADMIT[ingest.kind]({
        gateway,
        entry,
        device,
        payload,
        nowMs: clock.nowMs(),
        counters,
      })
      const quarantine = opsRejectedTopic(gateway, entry.id)
      const isRefused = instead?.topic === quarantine && also.every(({ topic }) => topic === quarantine)
      return { instead, also, isRefused }
    },
    session(identity, kind) {
      if (kind === 'online') return []
      const behind = devicesBehind(inventory, identity)
      return behind.flatMap((entry) => deviceOf(entry).lose(OFFLINE_REASON[identity.role], clock.nowMs()))
    },
    async start(publisher, onError) {
      const publishAll = async (messages: readonly OutboundMessage[]): Promise<void> => {
        for (const message of messages) await publisher.publish(message)
      }
      await publishAll(takeOver(retainedOf(publisher), deviceAt, clock.nowMs()))
      await publishAll(inventory.devices().flatMap(announce))
      return clock.every(TICK_MS, () => {
        const nowMs = clock.nowMs()
        const due = [...lives.values()].filter(({ device }) => device.wakeAtMs <= nowMs)
        publishAll(due.flatMap(({ device }) => device.tick(nowMs))).catch(onError)
      })
    },
    replaceInventory(next) {
      inventory = next
      const gone = [...lives.values()].filter(({ entry }) => !isSamePlace(next.device(entry.id), entry))
      for (const { entry } of gone) lives.delete(entry.id)
      const fresh = next.devices().filter((entry) => !isSamePlace(lives.get(entry.id)?.entry, entry))
      // Rows are read anew as objects; a device that has not moved keeps its life.
      for (const entry of next.devices()) {
        const known = lives.get(entry.id)
        if (known !== undefined) lives.set(entry.id, { entry, device: known.device })
      }
      return [...gone.flatMap(({ device }) => device.close(clock.nowMs())), ...fresh.flatMap(announce)]
    },
  }
}

/** What is retained on trusted topics now: a subscription begins with it. */
function retainedOf(publisher: TrustedPublisher): readonly OutboundMessage[] {
  const found: OutboundMessage[] = []
  publisher
    .messages('vitals/v1/#')
    .subscribe((message) => found.push(message))
    .unsubscribe()
  return found
}

const OFFLINE_REASON: Readonly<Record<ClientRole, string>> = {
  device: 'the device has no session with the gateway',
  bedside: 'the bedside part has no session with the gateway',
  consumer: 'offline',
  operator: 'offline',
  uplink: 'offline',
}

function devicesBehind(inventory: Inventory, { role, id }: Identity): readonly DeviceEntry[] {
  if (role === 'device') return inventory.devices().filter((entry) => entry.id === id)
  if (role === 'bedside') return inventory.devices().filter((entry) => entry.bedside === id)
  return []
}

function isSamePlace(a: DeviceEntry | undefined, b: DeviceEntry): boolean {
  return (
    a !== undefined &&
    a.ward === b.ward &&
    a.bed === b.bed &&
    a.assoc === b.assoc &&
    a.protocol === b.protocol
  )
}
