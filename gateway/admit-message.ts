/** What becomes of each kind of message that a device or its bedside part publishes: one function a kind. */

import { parseInstant } from './contract/instant.ts'
import {
  readIngestAlert,
  readIngestSet,
  readIngestState,
  readIngestWaveform,
} from './contract/read-payload.ts'
import type { ObservationSet, RejectedMessage, RejectionRule } from './contract/reading.ts'
import { opsRejectedTopic, vitalsTopic, type IngestKind, type TrustedLeaf } from './contract/topics.ts'
import type { Counters, DeviceEntry, OutboundMessage } from './ports.ts'
import { admitAlert } from './stages/admit-alert.ts'
import { admitSet } from './stages/admit-set.ts'
import { admitWaveform } from './stages/admit-waveform.ts'
import { NOT_UNDERSTOOD } from './stages/line-state.ts'
import { rejection, rejectUnread } from './stages/refuse.ts'
import type { WardDevice } from './stages/ward-device.ts'

interface Arrival {
  readonly gateway: string
  readonly entry: DeviceEntry
  readonly device: WardDevice
  readonly payload: Buffer
  readonly nowMs: number
  readonly counters: Counters
}

/** The messages that go on, in order. */
type Admit = (arrival: Arrival) => readonly OutboundMessage[]

export const ADMIT: Readonly<Record<IngestKind, Admit>> = {
  numeric: admitNumeric,
  state: admitState,
  waveform: admitBlock,
  alert: admitReport,
}

function admitNumeric(arrival: Arrival): readonly OutboundMessage[] {
  const { entry, device, nowMs, counters } = arrival
  const read = readIngestSet(arrival.payload)
  if (!read.ok) return unread(arrival, read)
  const { set, rejected } = admitSet(read.payload, arrival)
  if (set === undefined) return rejections(arrival, rejected)
  countSet(counters, set, nowMs)
  const life = set.history ? [] : device.accept(set, nowMs)
  const published = trusted(entry, set.history ? 'history' : 'numeric', set)
  return [published, ...life, ...rejections(arrival, rejected)]
}

function admitState(arrival: Arrival): readonly OutboundMessage[] {
  const { entry, device, nowMs } = arrival
  const read = readIngestState(arrival.payload)
  if (!read.ok) return unread(arrival, read)
  const { device: claimed, line, reason } = read.payload
  if (claimed !== entry.id)
    return unread(arrival, {
      rule: 'device-mismatch',
      reason: `the topic is of ${entry.id}, the message of ${claimed}`,
    })
  // Bytes that nobody understands bring no reading either, whatever the line does.
  const isUsable = line === 'up' && reason !== NOT_UNDERSTOOD
  return isUsable ? device.regain(nowMs) : device.lose(reason, nowMs)
}

function admitBlock(arrival: Arrival): readonly OutboundMessage[] {
  const { entry, device, nowMs, counters } = arrival
  const read = readIngestWaveform(arrival.payload)
  if (!read.ok) return unread(arrival, read)
  const verdict = admitWaveform(read.payload, arrival)
  if (verdict.verdict === 'rejected') return rejections(arrival, [verdict.rejected])
  if (verdict.verdict === 'late') {
    counters.count('dropped_total', { where: 'waveform-late' })
    return []
  }
  const { block } = verdict
  if (!device.takesChannel(block.channel, nowMs)) {
    const reason = `${entry.id} has too many waveform channels already for '${block.channel}'`
    return rejections(arrival, [rejection(block, arrival, 'too-many-channels', reason)])
  }
  counters.count('waveform_blocks_total')
  return [{ ...trusted(entry, `waveform/${block.channel}`, block), qos: 0 }]
}

function admitReport(arrival: Arrival): readonly OutboundMessage[] {
  const { entry, device, nowMs, counters } = arrival
  const read = readIngestAlert(arrival.payload)
  if (!read.ok) return unread(arrival, read)
  const { report, rejected } = admitAlert(read.payload, arrival)
  if (report === undefined) return rejections(arrival, rejected)
  const published = device.alert(report, nowMs)
  if (published === 'full') {
    const reason = `${entry.id} has too many alerts already for '${report.code}'`
    return rejections(arrival, [rejection(report, arrival, 'too-many-alerts', reason)])
  }
  if (report.refresh !== true) counters.count('alerts_total', { phase: report.phase })
  return [...published, ...rejections(arrival, rejected)]
}

function unread(
  arrival: Arrival,
  { rule, reason }: { readonly rule: RejectionRule; readonly reason: string },
): readonly OutboundMessage[] {
  const { payload, entry, nowMs } = arrival
  return rejections(arrival, [rejectUnread(payload, rule, reason, { device: entry.id, nowMs })])
}

function rejections(
  { gateway, counters }: Arrival,
  rejected: readonly RejectedMessage[],
): readonly OutboundMessage[] {
  return rejected.map((message) => {
    counters.count('quarantined_total', { rule: message.rule })
    return {
      topic: opsRejectedTopic(gateway, message.device),
      payload: Buffer.from(JSON.stringify(message)),
      qos: 1,
      retain: false,
    }
  })
}

function trusted(entry: DeviceEntry, leaf: TrustedLeaf, content: object): OutboundMessage {
  return {
    topic: vitalsTopic({ ward: entry.ward, bed: entry.bed, device: entry.id }, leaf),
    payload: Buffer.from(JSON.stringify(content)),
    qos: 1,
    retain: false,
  }
}

function countSet(counters: Counters, set: ObservationSet, nowMs: number): void {
  counters.count('observation_sets_total', { topic: set.history ? 'history' : 'numeric' })
  for (const { q } of set.metrics) counters.count('readings_total', { quality: q })
  const receivedAtMs = parseInstant(set.tr)
  if (receivedAtMs !== undefined && !set.history) counters.observeLatencyMs(nowMs - receivedAtMs)
}
