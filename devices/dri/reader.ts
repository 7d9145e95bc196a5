/** From one record to what it says. */

import type { AlertsShown } from '../alerts-shown.ts'
import type { DriverOutput } from '../protocol.ts'
import { ALARM_STATUS_BYTES, ALARM_STATUS_TYPE, readAlarmStatus } from './alarms.ts'
import { readPhysiology, refused } from './physiology.ts'
import { MAIN_TYPE, readRecord, type DriRecord, type Subrecord } from './record.ts'
import { readRequest } from './requests.ts'
import { readWave } from './waves.ts'

export function readDriBytes(bytes: Uint8Array, alerts: AlertsShown): readonly DriverOutput[] {
  const read = readRecord(bytes)
  if (!read.ok) return [refused(bytes, read.reason)]
  const request = readRequest(read.record)
  if (request !== undefined) return [request]
  return read.record.subrecords.flatMap((subrecord) => readSubrecord(read.record, subrecord, alerts))
}

function readSubrecord(
  record: DriRecord,
  subrecord: Subrecord,
  alerts: AlertsShown,
): readonly DriverOutput[] {
  switch (record.mainType) {
    case MAIN_TYPE.physiology:
      return readPhysiology(record, subrecord)
    case MAIN_TYPE.waves:
      return readWave(subrecord)
    case MAIN_TYPE.alarms:
      return readAlarms(subrecord, alerts)
    case MAIN_TYPE.network:
    case MAIN_TYPE.recordKeeping:
      return [aside(record, subrecord)]
    default:
      return [refused(subrecord.bytes, 'unsupported')]
  }
}

function readAlarms({ type, bytes }: Subrecord, alerts: AlertsShown): readonly DriverOutput[] {
  if (type !== ALARM_STATUS_TYPE) return [refused(bytes, 'unsupported')]
  if (bytes.length < ALARM_STATUS_BYTES) return [refused(bytes, 'truncated')]
  if (bytes.length > ALARM_STATUS_BYTES) return [refused(bytes, 'trailing')]
  const status = readAlarmStatus(bytes)
  return [...alerts.update(status.alerts), ...status.texts]
}

// Network and record-keeping data can name the patient: that they came is said, what they hold is not.
function aside({ mainType }: DriRecord, { type, bytes }: Subrecord): DriverOutput {
  const name = mainType === MAIN_TYPE.network ? 'network_record' : 'record_keeping'
  return { kind: 'text', name, value: `type ${type}, ${bytes.length} bytes` }
}
