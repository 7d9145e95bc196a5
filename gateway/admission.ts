/**
 * Admission: what becomes of each message that a device or a bedside part publishes, and the life of every device
 * behind it. It decides through the stages and keeps the state between messages; it owns no socket.
 */

import type { DeviceProtocol } from '../devices/protocol.ts'
import type { Cancel, Clock } from './clock.ts'
import { parseInstant } from './contract/instant.ts'
import { readIngestSet, readIngestState } from './contract/read-payload.ts'
import type { ObservationSet, RejectedMessage } from './contract/reading.ts'
import { opsRejectedTopic, parseIngestTopic, vitalsTopic, type IngestKind } from './contract/topics.ts'
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
import { admitSet, rejectUnread } from './stages/admit-set.ts'
import { birthMessage } from './stages/birth.ts'
import { DeviceLife } from './stages/device-life.ts'
import { NOT_UNDERSTOOD } from './stages/line-state.ts'

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
const NOTHING: Admitted = { instead: undefined, also: [] }

interface Life {
  readonly entry: DeviceEntry
  readonly life: DeviceLife
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { gateway, software, clock, counters, protocolById } = options
  let inventory = options.inventory
  const lives = new Map<string, Life>()

  const lifeOf = (entry: DeviceEntry): DeviceLife => {
    const known = lives.get(entry.id)
    if (known?.entry === entry) return known.life
    const life = new DeviceLife(entry, clock.nowMs())
    lives.set(entry.id, { entry, life })
    return life
  }

  const announce = (entry: DeviceEntry): readonly OutboundMessage[] => [
    birthMessage(entry, protocolById(entry.protocol), { gateway, software, nowMs: clock.nowMs() }),
    lifeOf(entry).announce(),
  ]

  const rejections = (rejected: readonly RejectedMessage[]): OutboundMessage[] =>
    rejected.map((message) => {
      counters.count('quarantined_total', { rule: message.rule })
      return {
        topic: opsRejectedTopic(gateway, message.device),
        payload: Buffer.from(JSON.stringify(message)),
        qos: 1,
        retain: false,
      }
    })

  const inOrder = ([instead, ...also]: readonly OutboundMessage[]): Admitted => ({ instead, also })

  const admitNumeric = (entry: DeviceEntry, payload: Buffer): Admitted => {
    const nowMs = clock.nowMs()
    const read = readIngestSet(payload)
    if (!read.ok)
      return inOrder(rejections([rejectUnread(payload, read.rule, read.reason, { device: entry.id, nowMs })]))
    const { set, rejected } = admitSet(read.payload, { gateway, entry, nowMs })
    if (set === undefined) return inOrder(rejections(rejected))
    countSet(counters, set, nowMs)
    const lifeMessages = set.history ? [] : lifeOf(entry).accept(set, nowMs)
    return { instead: trustedMessage(entry, set), also: [...lifeMessages, ...rejections(rejected)] }
  }

  const admitState = (entry: DeviceEntry, payload: Buffer): Admitted => {
    const nowMs = clock.nowMs()
    const read = readIngestState(payload)
    if (!read.ok)
      return inOrder(rejections([rejectUnread(payload, read.rule, read.reason, { device: entry.id, nowMs })]))
    if (read.payload.device !== entry.id) {
      const reason = `the topic is of ${entry.id}, the message of ${read.payload.device}`
      return inOrder(
        rejections([rejectUnread(payload, 'device-mismatch', reason, { device: entry.id, nowMs })]),
      )
    }
    const life = lifeOf(entry)
    const { line, reason } = read.payload
    // Bytes that nobody understands bring no reading either, whatever the line does.
    const isUsable = line === 'up' && reason !== NOT_UNDERSTOOD
    return inOrder(isUsable ? life.regain(nowMs) : life.lose(reason, nowMs))
  }

  const notAccepted = (entry: DeviceEntry, payload: Buffer): Admitted => {
    const reason = 'this gateway relays numerics and states; waveforms and alerts stop here'
    return inOrder(
      rejections([rejectUnread(payload, 'topic', reason, { device: entry.id, nowMs: clock.nowMs() })]),
    )
  }

  const byKind: Readonly<Record<IngestKind, (entry: DeviceEntry, payload: Buffer) => Admitted>> = {
    numeric: admitNumeric,
    state: admitState,
    waveform: notAccepted,
    alert: notAccepted,
  }

  return {
    async admit(message) {
      const ingest = parseIngestTopic(message.topic)
      const entry = ingest === undefined ? undefined : inventory.device(ingest.device)
      if (ingest === undefined || entry === undefined) return NOTHING
      return byKind[ingest.kind](entry, message.payload)
    },
    session(identity, kind) {
      if (kind === 'online') return []
      const behind = devicesBehind(inventory, identity)
      return behind.flatMap((entry) => lifeOf(entry).lose(OFFLINE_REASON[identity.role], clock.nowMs()))
    },
    async start(publisher, onError) {
      const publishAll = async (messages: readonly OutboundMessage[]): Promise<void> => {
        for (const message of messages) await publisher.publish(message)
      }
      await publishAll(inventory.devices().flatMap(announce))
      return clock.every(TICK_MS, () => {
        const nowMs = clock.nowMs()
        const due = [...lives.values()].filter(
          ({ life }) => (life.wakeAtMs ?? Number.POSITIVE_INFINITY) <= nowMs,
        )
        publishAll(due.flatMap(({ life }) => life.tick(nowMs))).catch(onError)
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
        if (known !== undefined) lives.set(entry.id, { entry, life: known.life })
      }
      return [...gone.flatMap(({ entry }) => cleared(entry)), ...fresh.flatMap(announce)]
    },
  }
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

function trustedMessage(entry: DeviceEntry, set: ObservationSet): OutboundMessage {
  const place = { ward: entry.ward, bed: entry.bed, device: entry.id }
  return {
    topic: vitalsTopic(place, set.history ? 'history' : 'numeric'),
    payload: Buffer.from(JSON.stringify(set)),
    qos: 1,
    retain: false,
  }
}

function cleared(entry: DeviceEntry): OutboundMessage[] {
  const place = { ward: entry.ward, bed: entry.bed, device: entry.id }
  return (['last', 'state', 'birth'] as const).map((leaf) => ({
    topic: vitalsTopic(place, leaf),
    payload: Buffer.alloc(0),
    qos: 1,
    retain: true,
  }))
}

function countSet(counters: Counters, set: ObservationSet, nowMs: number): void {
  counters.count('observation_sets_total', { topic: set.history ? 'history' : 'numeric' })
  for (const { q } of set.metrics) counters.count('readings_total', { quality: q })
  const receivedAtMs = parseInstant(set.tr)
  if (receivedAtMs !== undefined && !set.history) counters.observeLatencyMs(nowMs - receivedAtMs)
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
