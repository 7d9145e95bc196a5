import { ByteReader } from '../framing/byte-reader.ts'
import type { GattContext } from './characteristics.ts'
import { acceptsCounter, crcOf } from './e2e.ts'
import { word } from './hamming.ts'
import {
  ANNUNCIATION_STATUS,
  annunciationType,
  auxiliary,
  instanceId,
  OPERATIONAL_STATE,
  STATUS_BITS,
  THERAPY_STATE,
} from './insulin-words.ts'
import {
  type BitNames,
  bits,
  bitWords,
  type Field,
  type Fields,
  fields,
  flagged,
  plain,
  sfloat,
} from './layout.ts'

/** 2B20 IDD Status Changed. */
export const statusChanged: Field = bits('changed', 'u16', STATUS_BITS)

/** 2B21 IDD Status. */
export const insulinStatus: Field = fields(
  word('therapyControlState', 'u8', THERAPY_STATE),
  word('operationalState', 'u8', OPERATIONAL_STATE),
  sfloat('reservoirIU'),
  flagged(({ mark }) => [mark('reservoirAttached', 0)]),
)

/** 2B22 IDD Annunciation Status: the one active annunciation of highest priority, or a single octet 0. */
export const annunciationStatus: Field = flagged((flags) => [
  flags.mark('present', 0),
  flags.when(
    0,
    instanceId,
    annunciationType,
    word('status', 'u8', ANNUNCIATION_STATUS),
    auxiliary(flags, [
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
      [5, 5],
    ]),
    temperature,
  ),
])

const FEATURES: BitNames = [
  'e2e-protection',
  'basal-rate',
  'tbr-absolute',
  'tbr-relative',
  'tbr-template',
  'fast-bolus',
  'extended-bolus',
  'multiwave-bolus',
  'bolus-delay-time',
  'bolus-template',
  'bolus-activation-type',
  'multiple-bond',
  'isf-profile-template',
  'i2cho-profile-template',
  'target-glucose-profile-template',
  'insulin-on-board',
  null,
  null,
  null,
  null,
  null,
  null,
  null,
  'feature-extension',
]

const UNPROTECTED_CRC = 0xffff

/** 2B23 IDD Features: CRC and counter stand in front, and its own bit 0 says whether they count. */
export function insulinFeatures(reader: ByteReader, out: Fields, context: GattContext): void {
  const crc = reader.u16()
  const content = reader.rest()
  const inner = new ByteReader(content)
  const counter = inner.u8()
  sfloat('concentrationIUmL')(inner, out)
  const features = bitWords(inner.u24(), FEATURES)
  out['features'] = features
  if (inner.fault === undefined) refuseUnprotected(reader, { crc, counter, content, features }, context)
  if (features.includes('feature-extension')) out['extensionOctets'] = extensionOctets(inner)
  const fault = inner.finish()
  if (fault !== undefined) reader.refuse(fault)
}

interface FeatureProtection {
  readonly crc: number
  readonly counter: number
  readonly content: Uint8Array
  readonly features: readonly string[]
}

function refuseUnprotected(reader: ByteReader, value: FeatureProtection, context: GattContext): void {
  const isProtected = value.features.includes('e2e-protection')
  const expected = isProtected ? crcOf(value.content, context.crc) : UNPROTECTED_CRC
  if (value.crc !== expected) reader.refuse('bad-crc')
  const last = context.lastCounter
  if (isProtected && last !== undefined && !acceptsCounter(last, value.counter)) reader.refuse('bad-counter')
}

// The top bit of each extension octet announces one more.
function extensionOctets(reader: ByteReader): number {
  let count = 1
  while ((reader.u8() & 0x80) !== 0) count++
  return count
}

const TEMPERATURE_PLACE = { 0x0f: 'device', 0x33: 'insulin' } as const

// Only the type "temperature" has a layout: value, flags and place, optional bounds. Its unit bit is 1 for Celsius.
function temperature(reader: ByteReader, out: Fields): void {
  const aux = (out['aux'] ?? {}) as Readonly<Record<number, string>>
  if (out['type'] !== 'temperature' || aux[1] === undefined || aux[2] === undefined) return
  const about = new ByteReader(octets(aux[2]))
  const flags = about.u8()
  const found: Fields = {
    value: sfloatOf(aux[1]),
    unit: (flags & 0x01) === 0 ? '[degF]' : 'Cel',
    tooLow: (flags & 0x40) !== 0,
    tooHigh: (flags & 0x80) !== 0,
  }
  word('context', 'u8', TEMPERATURE_PLACE)(about, found)
  if (about.fault !== undefined) reader.refuse(about.fault)
  if (aux[3] !== undefined) found['lower'] = sfloatOf(aux[3])
  if (aux[4] !== undefined) found['upper'] = sfloatOf(aux[4])
  out['temperature'] = found
}

function sfloatOf(hexText: string): number | string {
  return plain(new ByteReader(octets(hexText)).sfloat(), 0)
}

function octets(hexText: string): Uint8Array {
  return Uint8Array.from(hexText.match(/../g) ?? [], (pair) => parseInt(pair, 16))
}
