/** Every GATT value wardgate reads, by its UUID: adding one is a row here and its layout in a file beside. */

import { ByteReader } from '../framing/byte-reader.ts'
import type { DiscardReason } from '../protocol.ts'
import { batteryLevel, batteryLevelStatus } from './battery.ts'
import {
  bloodPressureFeature,
  bloodPressureMeasurement,
  enhancedBloodPressureMeasurement,
  enhancedIntermediateCuffPressure,
  intermediateCuffPressure,
} from './blood-pressure.ts'
import { cgmControlPoint } from './cgm-control-point.ts'
import { cgmFeature, cgmMeasurement, cgmRunTime, cgmSessionStart, cgmStatus } from './cgm.ts'
import { currentTime, dateTimeValue, localTimeInformation, referenceTimeInformation } from './current-time.ts'
import { characteristicDeclaration, clientConfiguration } from './declaration.ts'
import { informationText, pnpId, systemId } from './device-information.ts'
import { type CrcVariant, acceptsCounter, endsWithCrc } from './e2e.ts'
import { glucoseContext, glucoseFeature, glucoseMeasurement } from './glucose.ts'
import { currentElapsedTime } from './elapsed-time.ts'
import { healthObservation, healthSensorFeatures } from './health-sensor.ts'
import { bodySensorLocation, heartRateControlPoint, heartRateMeasurement } from './heart-rate.ts'
import { commandControlPoint, commandData } from './insulin-command.ts'
import { historyData } from './insulin-history.ts'
import { insulinRecordAccess } from './insulin-record-access.ts'
import { statusReader } from './insulin-status-reader.ts'
import { annunciationStatus, insulinFeatures, insulinStatus, statusChanged } from './insulin-status.ts'
import type { Fields } from './layout.ts'
import { plxContinuousMeasurement, plxFeatures, plxSpotCheckMeasurement } from './pulse-oximeter.ts'
import { recordAccessControlPoint } from './record-access.ts'
import { measurementInterval, temperatureMeasurement, temperatureType } from './thermometer.ts'

/** What must be known beside the octets; it was read from the device before. */
export interface GattContext {
  /** The device protects its values end to end. */
  readonly e2e?: boolean
  readonly crc?: CrcVariant
  /** The last accepted E2E-Counter of this characteristic; 255 after connecting. Not checked when absent. */
  readonly lastCounter?: number
  /** 'cgm' when the characteristic belongs to that service. */
  readonly service?: string
}

export type Decoded =
  | { readonly ok: true; readonly value: Record<string, unknown> }
  | { readonly ok: false; readonly reason: DiscardReason }

interface Protection {
  readonly trailerBytes: 2 | 3
  readonly missing: DiscardReason
}

interface Characteristic {
  readonly decode: (reader: ByteReader, out: Fields, context: GattContext) => void
  readonly protection?: Protection
}

const CGM_CRC: Protection = { trailerBytes: 2, missing: 'missing-crc' }
const COUNTER_AND_CRC: Protection = { trailerBytes: 3, missing: 'missing-e2e' }
// History data have a CRC and no counter.
const CRC_ONLY: Protection = { trailerBytes: 2, missing: 'missing-e2e' }

const CHARACTERISTICS: Readonly<Record<string, Characteristic>> = {
  '2803': { decode: characteristicDeclaration },
  '2902': { decode: clientConfiguration },
  '2A08': { decode: dateTimeValue },
  '2A0F': { decode: localTimeInformation },
  '2A14': { decode: referenceTimeInformation },
  '2A18': { decode: glucoseMeasurement },
  '2A19': { decode: batteryLevel },
  '2A1C': { decode: temperatureMeasurement },
  '2A1D': { decode: temperatureType },
  '2A1E': { decode: temperatureMeasurement },
  '2A21': { decode: measurementInterval },
  '2A23': { decode: systemId },
  '2A24': { decode: informationText },
  '2A25': { decode: informationText },
  '2A26': { decode: informationText },
  '2A27': { decode: informationText },
  '2A28': { decode: informationText },
  '2A29': { decode: informationText },
  '2A2B': { decode: currentTime },
  '2A34': { decode: glucoseContext },
  '2A35': { decode: bloodPressureMeasurement },
  '2A36': { decode: intermediateCuffPressure },
  '2A37': { decode: heartRateMeasurement },
  '2A38': { decode: bodySensorLocation },
  '2A39': { decode: heartRateControlPoint },
  '2A49': { decode: bloodPressureFeature },
  '2A50': { decode: pnpId },
  '2A51': { decode: glucoseFeature },
  '2A52': { decode: recordAccessControlPoint },
  '2A5E': { decode: plxSpotCheckMeasurement },
  '2A5F': { decode: plxContinuousMeasurement },
  '2A60': { decode: plxFeatures },
  '2AA7': { decode: cgmMeasurement },
  '2AA8': { decode: cgmFeature },
  '2AA9': { decode: cgmStatus, protection: CGM_CRC },
  '2AAA': { decode: cgmSessionStart, protection: CGM_CRC },
  '2AAB': { decode: cgmRunTime, protection: CGM_CRC },
  '2AAC': { decode: cgmControlPoint, protection: CGM_CRC },
  '2B20': { decode: statusChanged, protection: COUNTER_AND_CRC },
  '2B21': { decode: insulinStatus, protection: COUNTER_AND_CRC },
  '2B22': { decode: annunciationStatus, protection: COUNTER_AND_CRC },
  '2B23': { decode: insulinFeatures },
  '2B24': { decode: statusReader, protection: COUNTER_AND_CRC },
  '2B25': { decode: commandControlPoint, protection: COUNTER_AND_CRC },
  '2B26': { decode: commandData, protection: COUNTER_AND_CRC },
  '2B27': { decode: insulinRecordAccess, protection: COUNTER_AND_CRC },
  '2B28': { decode: historyData, protection: CRC_ONLY },
  '2B34': { decode: enhancedBloodPressureMeasurement },
  '2B35': { decode: enhancedIntermediateCuffPressure },
  '2B8B': { decode: healthObservation },
  '2BDD': { decode: healthObservation },
  '2BED': { decode: batteryLevelStatus },
  '2BF2': { decode: currentElapsedTime },
  '2BF3': { decode: healthSensorFeatures },
}

/** The UUIDs of the table, for those who go through all of them. */
export const CHARACTERISTIC_UUIDS: readonly string[] = Object.keys(CHARACTERISTICS)

/** Decodes one attribute value. Checks run CRC first, then counter, then content; it never throws. */
export function decodeCharacteristic(uuid: string, bytes: Uint8Array, context: GattContext = {}): Decoded {
  const characteristic = CHARACTERISTICS[uuid.toUpperCase()]
  if (characteristic === undefined) return { ok: false, reason: 'unsupported' }
  const { protection } = characteristic
  if (protection === undefined || context.e2e !== true) return decodeContent(characteristic, bytes, context)
  const reason = protectionFault(characteristic, protection, bytes, context)
  if (reason !== undefined) return { ok: false, reason }
  return decodeContent(characteristic, bytes.subarray(0, -protection.trailerBytes), context)
}

function protectionFault(
  characteristic: Characteristic,
  { trailerBytes, missing }: Protection,
  bytes: Uint8Array,
  context: GattContext,
): DiscardReason | undefined {
  if (bytes.length === 0) return 'truncated'
  if (bytes.length <= trailerBytes) return missing
  if (!endsWithCrc(bytes, context.crc)) {
    return isWholeWithoutTrailer(characteristic, bytes, context) ? missing : 'bad-crc'
  }
  const last = context.lastCounter
  if (trailerBytes === 2 || last === undefined) return undefined
  return acceptsCounter(last, bytes[bytes.length - trailerBytes] ?? 0) ? undefined : 'bad-counter'
}

/** A value that is complete as it stands was sent without protection; anything else was damaged. */
function isWholeWithoutTrailer(
  characteristic: Characteristic,
  bytes: Uint8Array,
  context: GattContext,
): boolean {
  const reader = new ByteReader(bytes)
  characteristic.decode(reader, {}, context)
  return reader.finish() === undefined && !reader.isOpenEnded
}

function decodeContent(characteristic: Characteristic, bytes: Uint8Array, context: GattContext): Decoded {
  const reader = new ByteReader(bytes)
  const value: Fields = {}
  characteristic.decode(reader, value, context)
  const reason = reader.finish()
  return reason === undefined ? { ok: true, value } : { ok: false, reason }
}
