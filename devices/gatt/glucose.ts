import { dateTime } from './date-time.ts'
import { bits, code, type Codes, type Field, flagged, integer, sfloat } from './layout.ts'
import { GLUCOSE_LOCATIONS, typeAndLocation } from './sample-type.ts'

const STATUS = [
  'battery-low',
  'sensor-malfunction',
  'sample-insufficient',
  'strip-insertion-error',
  'strip-type-incorrect',
  'result-too-high',
  'result-too-low',
  'temperature-too-high',
  'temperature-too-low',
  'read-interrupted',
  'general-device-fault',
  'time-fault',
] as const

// kg/L x 100 000 = mg/dL; mol/L x 1000 = mmol/L.
const MG_PER_DL = { unit: 'mg/dL', shift: 5 } as const
const MMOL_PER_L = { unit: 'mmol/L', shift: 3 } as const

/** 2A18 Glucose Measurement. */
export const glucoseMeasurement: Field = flagged(({ has, when, mark }) => {
  const { unit, shift } = has(2) ? MMOL_PER_L : MG_PER_DL
  return [
    integer('sequence', 'u16'),
    dateTime('baseTime'),
    when(0, integer('timeOffsetMin', 's16')),
    when(1, sfloat('glucose', shift), text('unit', unit), typeAndLocation(GLUCOSE_LOCATIONS)),
    when(3, bits('status', 'u16', STATUS)),
    mark('contextFollows', 4),
  ]
})

const CARBOHYDRATE: Codes = {
  1: 'breakfast',
  2: 'lunch',
  3: 'dinner',
  4: 'snack',
  5: 'drink',
  6: 'supper',
  7: 'brunch',
}
const MEAL: Codes = { 1: 'preprandial', 2: 'postprandial', 3: 'fasting', 4: 'casual', 5: 'bedtime' }
const TESTER: Codes = { 1: 'self', 2: 'health-care-professional', 3: 'lab', 15: 'not-available' }
const HEALTH: Codes = {
  1: 'minor-issues',
  2: 'major-issues',
  3: 'during-menses',
  4: 'under-stress',
  5: 'no-issues',
  15: 'not-available',
}
const MEDICATION: Codes = {
  1: 'rapid-acting',
  2: 'short-acting',
  3: 'intermediate-acting',
  4: 'long-acting',
  5: 'pre-mixed',
}

/** 2A34 Glucose Measurement Context; kg and L on the wire become g, mg and mL. */
export const glucoseContext: Field = flagged(({ has, when }) => [
  integer('sequence', 'u16'),
  when(7, (reader) => {
    reader.u8()
  }),
  when(0, code('carbohydrate', CARBOHYDRATE), sfloat('carbohydrateG', 3)),
  when(1, code('meal', MEAL)),
  when(2, testerAndHealth),
  when(3, exerciseSeconds, integer('exerciseIntensityPct', 'u8')),
  when(
    4,
    code('medication', MEDICATION),
    sfloat('medicationAmount', has(5) ? 3 : 6),
    text('medicationUnit', has(5) ? 'mL' : 'mg'),
  ),
  when(6, sfloat('hba1cPct')),
])

/** 2A51 Glucose Feature. */
export const glucoseFeature: Field = bits('features', 'u16', [
  'low-battery',
  'sensor-malfunction',
  'sample-size',
  'strip-insertion',
  'strip-type',
  'result-high-low',
  'temperature-high-low',
  'read-interrupt',
  'general-fault',
  'time-fault',
  'multiple-bond',
])

function text(key: string, value: string): Field {
  return (_reader, out) => {
    out[key] = value
  }
}

const testerAndHealth: Field = (reader, out) => {
  const octet = reader.u8()
  out['tester'] = TESTER[octet & 0x0f] ?? 'rfu'
  out['health'] = HEALTH[octet >>> 4] ?? 'rfu'
}

const exerciseSeconds: Field = (reader, out) => {
  const seconds = reader.u16()
  out['exerciseSeconds'] = seconds === 0xffff ? 'overrun' : seconds
}
