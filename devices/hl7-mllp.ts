/**
 * HL7 v2 over MLLP: a gateway or monitor calls and reports (ORU^R01 values and waves, ORU^R40 alarms, ORU^R42 pump
 * events); each report is acknowledged. IHE PCD-01, PCD-04 and PCD-10, and older dialects.
 */

import { cleanText } from './framing/clean-text.ts'
import { acknowledgement, SENDS } from './hl7/ack.ts'
import type { Outcome } from './hl7/ack.ts'
import { splitAlarms } from './hl7/alarm.ts'
import type { AlarmReport } from './hl7/alarm.ts'
import { bedsOf, groupsOf } from './hl7/beds.ts'
import { readMessage } from './hl7/message.ts'
import type { Header, Segment } from './hl7/message.ts'
import { MllpFramer } from './hl7/mllp-framer.ts'
import type { Obx } from './hl7/observation.ts'
import { readReadings } from './hl7/readings.ts'
import { ReportPeriods, SHORTEST_LIFE_MS } from './hl7/report-periods.ts'
import { ShownAlarms } from './hl7/shown-alarms.ts'
import { readTime } from './hl7/time.ts'
import { METRICS } from './metrics.ts'
import type { DeviceProtocol, DiscardReason, Driver, DriverOutput, FromPart, LinkEvent } from './protocol.ts'

/** A block that is not complete after this long never will be. */
const BLOCK_TIMEOUT_MS = 10_000

const REPORTS: ReadonlySet<string> = new Set(['', 'R01', 'R40', 'R42'])
const ALARM_REPORT = 'R40'
/** "MSH-11.2: A archive, R restore from archive, I initial load." */
const ARCHIVE_MODES: ReadonlySet<string> = new Set(['A', 'R', 'I'])

class Hl7Driver implements Driver {
  readonly #framer = new MllpFramer()
  readonly #alarms = new ShownAlarms()
  readonly #periods = new ReportPeriods()
  #giveUpAtMs: number | undefined

  get wakeAtMs(): number | undefined {
    return this.#giveUpAtMs
  }

  receive(event: LinkEvent, atMs: number): readonly DriverOutput[] {
    const out: DriverOutput[] = []
    if (event.kind === 'bytes') {
      const wasInside = this.#framer.isInsideBlock
      let isNewBlock = !wasInside
      this.#framer.push(event.bytes, out, (block) => {
        isNewBlock = true
        this.#understand(block, atMs, out)
      })
      if (!this.#framer.isInsideBlock) this.#giveUpAtMs = undefined
      else if (isNewBlock) this.#giveUpAtMs = atMs + BLOCK_TIMEOUT_MS
    } else if (event.kind === 'opened' || event.kind === 'closed') this.#abandon(out)
    return out
  }

  tick(atMs: number): readonly DriverOutput[] {
    const out: DriverOutput[] = []
    if (this.#giveUpAtMs !== undefined && atMs >= this.#giveUpAtMs) this.#abandon(out)
    return out
  }

  #abandon(out: DriverOutput[]): void {
    this.#framer.abandon(out)
    this.#giveUpAtMs = undefined
  }

  #understand(block: Uint8Array, atMs: number, out: DriverOutput[]): void {
    const message = readMessage(block)
    const verdict: Verdict = message.ok
      ? judge(message.header)
      : { kind: 'refused', reason: message.reason, outcome: 'error' }
    if (verdict.kind === 'refused') this.#framer.discard(block, verdict.reason, out)
    if (!message.ok) {
      if (message.header !== undefined) acknowledge(message.header, 'error', atMs, out)
      return
    }
    if (verdict.kind === 'answer') out.push(...readAnswer(message.segments))
    if (verdict.kind === 'report') out.push(...this.#read(message.header, message.segments, atMs))
    if (verdict.kind !== 'answer') acknowledge(message.header, verdict.outcome, atMs, out)
  }

  #read(header: Header, segments: readonly Segment[], atMs: number): readonly DriverOutput[] {
    const given = new Set<string>()
    const isArchive = ARCHIVE_MODES.has(header.processingMode)
    const createdAt = readTime(header.createdAt)
    const groups = groupsOf(segments, header)
    const out: DriverOutput[] = []
    const reports: AlarmReport[] = []
    for (const { from, startedAt, observations } of groups) {
      const { alarms, others } =
        header.trigger === ALARM_REPORT
          ? splitAlarms(observations, from)
          : { alarms: [], others: observations }
      const values = others.filter(({ code }) => code.kind !== 'mdil-alert')
      out.push(...readReadings(values, { from, createdAt, startedAt: readTime(startedAt), isArchive, given }))
      reports.push(...alarms)
    }
    if (header.trigger !== ALARM_REPORT) this.#periods.note(out, atMs)
    const timed = out.map((output) => this.#periods.withLifetime(output))
    // What an archive holds is over: it raises nothing now.
    if (!isArchive) timed.push(...this.#alarms.report(reports))
    for (const { from, observations } of bedsOf(groups)) {
      if (!isArchive) timed.push(...this.#alarms.inops(observations, from))
      timed.push(...identity(observations, from))
    }
    return timed
  }
}

type Verdict =
  | { readonly kind: 'report'; readonly outcome: Outcome }
  | { readonly kind: 'answer' }
  | { readonly kind: 'refused'; readonly reason: DiscardReason; readonly outcome: Outcome }

/** "Only P is patient data." A message of a test was understood: it is accepted and goes nowhere. */
function judge({ type, trigger, processing }: Header): Verdict {
  if (type === 'ACK') return { kind: 'answer' }
  if (type !== 'ORU' || !REPORTS.has(trigger))
    return { kind: 'refused', reason: 'unsupported', outcome: 'rejected' }
  if (processing === 'D' || processing === 'T')
    return { kind: 'refused', reason: 'test-data', outcome: 'accepted' }
  if (processing !== 'P') return { kind: 'refused', reason: 'malformed', outcome: 'error' }
  return { kind: 'report', outcome: 'accepted' }
}

function acknowledge(header: Header, outcome: Outcome, atMs: number, out: DriverOutput[]): void {
  const isAnswer = header.type === 'ACK'
  const bytes = isAnswer ? undefined : acknowledgement(header, outcome, atMs)
  if (bytes !== undefined) out.push({ kind: 'send', bytes })
}

/** What a host sends: read from captures, never answered. */
function readAnswer(segments: readonly Segment[]): readonly DriverOutput[] {
  const fields = segments.find(({ name }) => name === 'MSA')?.fields ?? []
  return [
    { kind: 'text', name: 'ack', value: cleanText(fields[1] ?? '') },
    { kind: 'text', name: 'ack_control_id', value: cleanText(fields[2] ?? '') },
  ]
}

const MDS = /^\d+\.0\.0\.0$/

/** OBX-18, of the whole device where it is given, otherwise of the first value that has one. */
function identity(observations: readonly Obx[], from: FromPart): readonly DriverOutput[] {
  const named = observations.filter(({ equipment }) => equipment !== '')
  const device = named.find(({ subId }) => MDS.test(subId)) ?? named[0]
  if (device === undefined) return []
  const text = { kind: 'text' as const, ...from, name: 'equipment_id', value: cleanText(device.equipment) }
  // What stands at a single value or an alarm may name another box than the report does.
  return [MDS.test(device.subId) ? { ...text, isIdentity: true } : text]
}

export const hl7Mllp: DeviceProtocol = {
  id: 'hl7-mllp',
  version: '1.0.0',
  devices:
    'HL7 gateways and monitors that send ORU over MLLP (IHE PCD-01, PCD-04, PCD-10; Philips MDIL style)',
  link: { kind: 'tcp-caller' },
  source:
    'IHE PCD Technical Framework and its published examples; old dialects from public samples; no live capture',
  metrics: Object.values(METRICS).filter(({ ref }) => !ref.startsWith('MDCX_')),
  sends: SENDS,
  ttlMs: SHORTEST_LIFE_MS,
  uncertaintyMs: 5_000,
  silenceMs: 180_000,
  createDriver: () => new Hl7Driver(),
}
