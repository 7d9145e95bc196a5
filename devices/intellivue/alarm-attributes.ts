/** The attributes of the alert monitor: its two lists and its own condition. */

import type { Text } from '../protocol.ts'
import { alarmFlags } from './alarm-state.ts'
import { readAlarmList, type AlarmBook, type AlarmListKind } from './alarms.ts'
import { ATTRIBUTE } from './attributes.ts'
import { discarded } from './discarded.ts'
import { hex16 } from './physio.ts'
import type { ResultOutputs } from './result-outputs.ts'
import type { WireReader } from './wire-reader.ts'

export interface AlarmSink {
  readonly book: AlarmBook
  readonly outputs: ResultOutputs
}

const LISTS: ReadonlyMap<number, AlarmListKind> = new Map([
  [ATTRIBUTE.patientAlarms, 'p'],
  [ATTRIBUTE.technicalAlarms, 't'],
])

const LIST_NAMES: Readonly<Record<AlarmListKind, string>> = { p: 'P_alarms', t: 'T_alarms' }
const CONDITION_BYTES = 10

export function readAlarmAttribute(id: number, reader: WireReader, { book, outputs }: AlarmSink): void {
  const kind = LISTS.get(id)
  if (kind === undefined) {
    if (id === ATTRIBUTE.deviceAlertCondition && reader.left === CONDITION_BYTES)
      outputs.fact(readCondition(reader))
    return
  }
  const wire = reader.view(reader.left)
  const list = readAlarmList(wire, kind)
  if (list === undefined) {
    outputs.output(discarded('malformed', wire))
    return
  }
  outputs.fact({ kind: 'text', name: LIST_NAMES[kind], value: list.alerts.map(({ text }) => text) })
  for (const output of book.update(kind, list)) outputs.output(output)
}

/** Only its change is of interest: the alarms themselves stand in the lists. */
function readCondition(reader: WireReader): Text {
  const state = reader.u16()
  const words = ['change_count', 'max_p', 'max_t', 'max_aud'].map((name) => `${name}=${reader.u16()}`)
  return {
    kind: 'text',
    name: 'device_alert_condition',
    value: [`state=0x${hex16(state)}`, ...words],
    flags: alarmFlags(state),
  }
}
