/** The attributes of the alert monitor: its two lists and its own condition. */

import type { Text } from '../protocol.ts'
import { alarmFlags } from './alarm-state.ts'
import { AlarmBook, readAlarmList, type AlarmListKind } from './alarms.ts'
import { ATTRIBUTE } from './attributes.ts'
import { discarded } from './discarded.ts'
import { hex16 } from './physio.ts'
import type { ResultOutputs } from './result-outputs.ts'
import type { WireReader } from './wire-reader.ts'

const LISTS: ReadonlyMap<number, AlarmListKind> = new Map([
  [ATTRIBUTE.patientAlarms, 'p'],
  [ATTRIBUTE.technicalAlarms, 't'],
])

const LIST_NAMES: Readonly<Record<AlarmListKind, string>> = { p: 'P_alarms', t: 'T_alarms' }
const CONDITION_BYTES = 10

interface WaitingList {
  readonly kind: AlarmListKind
  readonly wire: Uint8Array
}

/**
 * The lists of an object wait for its end: its condition, wherever it stands among them, says whether all of them are
 * those of a demonstration or a test. It is remembered, because what did not change is not sent again.
 */
export class AlarmAttributes {
  readonly #book = new AlarmBook()
  readonly #outputs: ResultOutputs
  #waiting: WaitingList[] = []
  #condition = 0

  constructor(outputs: ResultOutputs) {
    this.#outputs = outputs
  }

  reopened(): void {
    this.#condition = 0
    this.#book.reopened()
  }

  read(id: number, reader: WireReader): void {
    const kind = LISTS.get(id)
    if (kind !== undefined) this.#waiting.push({ kind, wire: reader.view(reader.left) })
    else if (id === ATTRIBUTE.deviceAlertCondition && reader.left === CONDITION_BYTES) {
      this.#condition = reader.u16()
      this.#outputs.fact(readCondition(this.#condition, reader))
    }
  }

  endObject(): void {
    for (const waiting of this.#waiting) this.#tell(waiting)
    if (this.#waiting.length > 0) this.#waiting = []
  }

  #tell({ kind, wire }: WaitingList): void {
    const list = readAlarmList(wire, kind, this.#condition)
    if (list === undefined) {
      this.#outputs.output(discarded('malformed', wire))
      return
    }
    const value = list.alerts.map(({ text }) => text)
    this.#outputs.fact({ kind: 'text', name: LIST_NAMES[kind], value })
    for (const output of this.#book.update(kind, list)) this.#outputs.output(output)
  }
}

/** Only its change is of interest: the alarms themselves stand in the lists. */
function readCondition(state: number, reader: WireReader): Text {
  const words = ['change_count', 'max_p', 'max_t', 'max_aud'].map((name) => `${name}=${reader.u16()}`)
  return {
    kind: 'text',
    name: 'device_alert_condition',
    value: [`state=0x${hex16(state)}`, ...words],
    flags: alarmFlags(state),
  }
}
