import { dateTime, secondsSince } from './date-time.ts'
import { bits, bitWords, type Field, type Flags, flagged, sfloat, skip } from './layout.ts'

const STATUS = [
  'body-movement',
  'cuff-too-loose',
  'irregular-pulse',
  null,
  null,
  'improper-position',
] as const

// Bits 3-4 are one number: the pulse rate against the device's range.
const PULSE_RANGE = [[], ['pulse-above-range'], ['pulse-below-range'], ['pulse-range-rfu']] as const

const PRESSURES = [sfloat('systolic'), sfloat('diastolic'), sfloat('meanArterial')]

// The cuff pressure stands in the first slot, the other two say NaN.
const CUFF = [sfloat('cuffPressure'), skip(4)]

/** 2A35 Blood Pressure Measurement. */
export const bloodPressureMeasurement: Field = classic(PRESSURES)

/** 2A36 Intermediate Cuff Pressure. */
export const intermediateCuffPressure: Field = classic(CUFF)

/** 2B34 Enhanced Blood Pressure Measurement. */
export const enhancedBloodPressureMeasurement: Field = enhanced(PRESSURES)

/** 2B35 Enhanced Intermediate Cuff Pressure: one pressure only. */
export const enhancedIntermediateCuffPressure: Field = enhanced([sfloat('cuffPressure')])

/** 2A49 Blood Pressure Feature. */
export const bloodPressureFeature: Field = bits('features', 'u16', [
  'body-movement',
  'cuff-fit',
  'irregular-pulse',
  'pulse-range',
  'position',
  'multiple-bond',
  'e2e-crc',
  'user-data-service',
  'user-facing-time',
])

function classic(pressures: readonly Field[]): Field {
  return flagged((flags) => [
    unit(flags),
    ...pressures,
    flags.when(1, dateTime('timestamp')),
    ...options(flags),
  ])
}

function enhanced(pressures: readonly Field[]): Field {
  return flagged((flags) => {
    const epochYear = flags.has(6) ? 2000 : 1900
    return [
      unit(flags),
      ...pressures,
      flags.when(1, secondsSince('timestamp', epochYear)),
      ...options(flags),
      flags.when(5, secondsSince('userFacingTime', epochYear)),
    ]
  })
}

function unit(flags: Flags): Field {
  return (_reader, out) => {
    out['unit'] = flags.has(0) ? 'kPa' : 'mm[Hg]'
  }
}

function options({ when }: Flags): readonly Field[] {
  return [when(2, sfloat('pulseRate')), when(3, userId), when(4, status)]
}

const userId: Field = (reader, out) => {
  const id = reader.u8()
  out['userId'] = id === 0xff ? 'unknown' : id
}

const status: Field = (reader, out) => {
  const raw = reader.u16()
  out['status'] = [...bitWords(raw, STATUS), ...(PULSE_RANGE[(raw >>> 3) & 3] ?? [])].sort()
}
