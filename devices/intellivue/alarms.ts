/**
 * The lists of alarms. Each list is whole: what was in it and is not any more has ended. What is known outlives the
 * association, so that the end of an alarm is told also when it fell into an outage.
 */

import type { Alert, Discarded, DriverOutput } from '../protocol.ts'
import { alarmFlags, alarmInactivation, alarmType, isTestAlarm } from './alarm-state.ts'
import { hex16, hex32, quantityOf } from './physio.ts'
import { WireReader } from './wire-reader.ts'
import { utf16Text } from './wire-text.ts'

export type AlarmListKind = 'p' | 't'

export interface AlarmList {
  readonly alerts: readonly Alert[]
  /** Entries of a test or a demonstration: nobody's alarms. */
  readonly tests: readonly Uint8Array[]
}

const PLAIN_INFO = 513
const TEXT_INFO = 516

/**
 * Undefined when counts and lengths do not agree: then nothing may be said to have ended. A `condition` of the whole
 * device that is a demonstration or a test holds for each entry.
 */
export function readAlarmList(
  wire: Uint8Array,
  kind: AlarmListKind,
  condition: number,
): AlarmList | undefined {
  const reader = new WireReader(wire)
  const count = reader.u16()
  const listed = reader.u16()
  if (listed !== reader.left) return undefined
  const alerts: Alert[] = []
  const tests: Uint8Array[] = []
  const codes = new Map<string, number>()
  for (let index = 0; index < count && !reader.isBroken; index += 1) {
    const entry = readEntry(reader, kind, condition)
    if (entry === undefined) return undefined
    if (entry.isTest) tests.push(entry.bytes)
    else alerts.push(numbered(entry.alert, codes))
  }
  return reader.isDone ? { alerts, tests } : undefined
}

type Entry =
  { readonly isTest: false; readonly alert: Alert } | { readonly isTest: true; readonly bytes: Uint8Array }

function readEntry(reader: WireReader, kind: AlarmListKind, condition: number): Entry | undefined {
  const source = reader.u16()
  const code = reader.u16()
  const type = reader.u16()
  const state = reader.u16()
  reader.skip(2)
  const context = reader.u16()
  const handle = reader.u16()
  const infoId = reader.u16()
  const outerEnd = reader.enter(reader.u16())
  if (reader.isBroken) return undefined
  const text = readInfo(reader, infoId)
  if (text === undefined || reader.isBroken) return undefined
  reader.leave(outerEnd)
  if (isTestAlarm(state | condition))
    return { isTest: true, bytes: headBytes([source, code, type, state, context, handle]) }
  const about = quantityOf(source)
  const inactivation = alarmInactivation(state)
  const alert: Alert = {
    kind: 'alert',
    code: [kind, ...[source, code, context, handle].map(hex16)].join('-'),
    ...alarmType(type, kind === 'p' ? 'patient' : 'technical'),
    phase: 'present',
    text: text === '' ? `source ${hex16(source)} code ${hex16(code)}` : text,
    flags: alarmFlags(state),
    ...(inactivation.length > 0 && { inactivation }),
    ...(about !== undefined && { about }),
  }
  return { isTest: false, alert }
}

/** Without a text of its own an alarm is named by its text id; undefined when the length inside does not fit. */
function readInfo(reader: WireReader, infoId: number): string | undefined {
  if (infoId !== PLAIN_INFO && infoId !== TEXT_INFO) return ''
  reader.skip(2)
  const textId = reader.u32()
  reader.skip(4)
  if (infoId === PLAIN_INFO) return `text ${hex32(textId)}`
  const size = reader.u16()
  if (size > reader.left) return undefined
  const text = utf16Text(reader.view(size))
  return text === '' ? `text ${hex32(textId)}` : text
}

function headBytes(words: readonly number[]): Uint8Array {
  return Uint8Array.from(words.flatMap((word) => [word >>> 8, word & 0xff]))
}

/** Two entries that nothing tells apart are told apart by their order. */
function numbered(alert: Alert, codes: Map<string, number>): Alert {
  const count = (codes.get(alert.code) ?? 0) + 1
  codes.set(alert.code, count)
  return count === 1 ? alert : { ...alert, code: `${alert.code}-${count}` }
}

export class AlarmBook {
  readonly #lists = new Map<AlarmListKind, ReadonlyMap<string, Alert>>()

  readonly #doubted = new Set<AlarmListKind>()

  /** Nobody could know what became of the alarms in the meantime: those that are still there are told again. */
  reopened(): void {
    for (const kind of this.#lists.keys()) this.#doubted.add(kind)
  }

  /** What changed, given a whole list. A monitor has one of each kind. */
  update(kind: AlarmListKind, { alerts, tests }: AlarmList): readonly DriverOutput[] {
    const out: DriverOutput[] = []
    const before = this.#lists.get(kind)
    const now = new Map(alerts.map((alert) => [alert.code, alert]))
    this.#lists.set(kind, now)
    for (const [code, alert] of before ?? []) if (!now.has(code)) out.push(ended(alert))
    const isDoubted = this.#doubted.delete(kind)
    for (const alert of alerts) if (isDoubted || !isSame(alert, before?.get(alert.code))) out.push(alert)
    for (const bytes of tests) out.push(testAlarm(bytes))
    return out
  }
}

function ended(alert: Alert): Alert {
  const { inactivation, ...rest } = alert
  return { ...rest, phase: 'ended', flags: [], ...(inactivation !== undefined && { inactivation: [] }) }
}

function testAlarm(bytes: Uint8Array): Discarded {
  return { kind: 'discarded', reason: 'test-data', bytes }
}

function isSame(now: Alert, before: Alert | undefined): boolean {
  return (
    before !== undefined &&
    now.priority === before.priority &&
    now.source === before.source &&
    now.text === before.text &&
    now.flags.join() === before.flags.join()
  )
}
