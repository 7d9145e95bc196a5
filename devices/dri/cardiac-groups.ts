/** The groups of the basic class about heart and pressure: ECG, P1 to P6, NIBP, cardiac output. */

import { METRICS, type Metric } from '../metrics.ts'
import type { Text } from '../protocol.ts'
import { hasBit, type Field, type FlagBit, type GroupLayout, type GroupWords } from './group.ts'
import { leadOf, pressureLabel } from './labels.ts'

const PER_MINUTE = '/min'
const MM_HG = 'mm[Hg]'
const HUNDREDTH = 100

const ASYSTOLE_BIT = 2
const SOURCE_SHIFT = 3
const SOURCE_MASK = 0x0f

/** Where the monitor takes its heart rate from; 1 and 9 alone are an electrocardiogram. */
const HR_SOURCES = [
  'none',
  'ECG',
  'BP1',
  'BP2',
  'BP3',
  'BP4',
  'pleth',
  'BP5',
  'BP6',
  'ECG (Mortara)',
  'BP7',
  'BP8',
  'second SpO2',
] as const
const ECG_SOURCES: ReadonlySet<number> = new Set([1, 9])

const ECG_BITS: readonly FlagBit[] = [
  { bit: ASYSTOLE_BIT, flag: 'asystole', effect: 'note' },
  { bit: 7, flag: 'noise', effect: 'questionable' },
  { bit: 8, flag: 'artifact', effect: 'questionable' },
  { bit: 9, flag: 'learning', effect: 'questionable' },
  { bit: 10, flag: 'pacer', effect: 'note' },
]

interface Channel {
  readonly name: string
  readonly word: number
  readonly leadShift: number
  readonly offBit: number
}

const CHANNELS: readonly Channel[] = [
  { name: 'ecg.st1', word: 1, leadShift: 8, offBit: 11 },
  { name: 'ecg.st2', word: 2, leadShift: 4, offBit: 12 },
  { name: 'ecg.st3', word: 3, leadShift: 0, offBit: 13 },
]

const sourceOf = (status: number): number => (status >>> SOURCE_SHIFT) & SOURCE_MASK

function heartRate({ status }: GroupWords): Field {
  const source = sourceOf(status)
  const isKnown = source > 0 && source < HR_SOURCES.length
  return {
    name: 'ecg.hr',
    word: 0,
    unit: PER_MINUTE,
    divisor: 1,
    metric: ECG_SOURCES.has(source) ? METRICS.MDC_ECG_HEART_RATE : METRICS.MDC_PULS_RATE,
    // "hr 0 is published only with the asystole bit": a monitor that is still learning shows 0.
    isZeroMissing: !hasBit(status, ASYSTOLE_BIT),
    ...(!isKnown && { flags: [{ flag: 'rate_source_unknown', effect: 'questionable' }] }),
  }
}

function segment({ name, word, leadShift, offBit }: Channel, { status, label }: GroupWords): Field {
  const lead = leadOf((label >>> leadShift) & SOURCE_MASK)
  return {
    name,
    word,
    unit: 'mm',
    divisor: HUNDREDTH,
    ...(lead !== undefined && { metric: lead.segment }),
    ...(hasBit(status, offBit) && { flags: [{ flag: 'lead_off', effect: 'invalid' }] }),
  }
}

const ECG: GroupLayout = {
  name: 'ecg',
  at: 0,
  statusBits: ECG_BITS,
  fieldsOf: (words) => [
    heartRate(words),
    ...CHANNELS.map((channel) => segment(channel, words)),
    {
      name: 'ecg.impedance_rr',
      word: 4,
      unit: PER_MINUTE,
      divisor: 1,
      metric: METRICS.MDC_TTHOR_RESP_RATE,
    },
  ],
  textsOf: ({ status }) => [text('hr_source', HR_SOURCES[sourceOf(status)] ?? `source ${sourceOf(status)}`)],
}

const PRESSURE_BITS: readonly FlagBit[] = [
  { bit: 2, flag: 'zeroing', effect: 'invalid' },
  { bit: 3, flag: 'zeroed', effect: 'note' },
]

function pressure(name: string, at: number): GroupLayout {
  return {
    name,
    at,
    statusBits: PRESSURE_BITS,
    fieldsOf: ({ label }) => {
      const { metrics } = pressureLabel(label)
      const values = ['sys', 'dia', 'mean'].map((part, word): Field => {
        const metric = metrics?.[word]
        const field = { name: `${name}.${part}`, word, unit: MM_HG, divisor: HUNDREDTH }
        return metric === undefined ? field : { ...field, metric }
      })
      return [...values, { name: `${name}.rate`, word: 3, unit: PER_MINUTE, divisor: 1 }]
    },
    textsOf: ({ label }) => [text(`${name}.label`, pressureLabel(label).word)],
  }
}

/** No bit of the status is known; the label word says how the cuff is used. */
const NIBP: GroupLayout = {
  name: 'nibp',
  at: 72,
  isIntermittent: true,
  statusBits: [],
  labelBits: [
    { bit: 3, flag: 'auto', effect: 'note' },
    { bit: 4, flag: 'stat', effect: 'note' },
    { bit: 5, flag: 'measuring', effect: 'note' },
    { bit: 6, flag: 'stasis', effect: 'note' },
    { bit: 7, flag: 'calibrating', effect: 'questionable' },
    { bit: 8, flag: 'older_than_60_s', effect: 'note' },
  ],
  fieldsOf: () => [
    { name: 'nibp.sys', word: 0, unit: MM_HG, divisor: HUNDREDTH, metric: METRICS.MDC_PRESS_BLD_NONINV_SYS },
    { name: 'nibp.dia', word: 1, unit: MM_HG, divisor: HUNDREDTH, metric: METRICS.MDC_PRESS_BLD_NONINV_DIA },
    {
      name: 'nibp.mean',
      word: 2,
      unit: MM_HG,
      divisor: HUNDREDTH,
      metric: METRICS.MDC_PRESS_BLD_NONINV_MEAN,
    },
    { name: 'nibp.rate', word: 3, unit: PER_MINUTE, divisor: 1, metric: METRICS.MDC_PULS_RATE_NON_INV },
  ],
}

/** No code is certain for these; the label says how old they are. */
const CARDIAC_OUTPUT: GroupLayout = {
  name: 'co',
  at: 200,
  isIntermittent: true,
  statusBits: [],
  fieldsOf: () => [
    { name: 'co.output', word: 0, unit: 'mL/min', divisor: 1 },
    { name: 'co.blood_temp', word: 1, unit: 'Cel', divisor: HUNDREDTH },
    { name: 'co.ejection_fraction', word: 2, unit: '%', divisor: HUNDREDTH },
    { name: 'co.wedge_pressure', word: 3, unit: MM_HG, divisor: HUNDREDTH },
  ],
  textsOf: ({ label }) => [
    ...(hasBit(label, 0) ? [text('co.output_older_than_60_s', true)] : []),
    ...(hasBit(label, 1) ? [text('co.wedge_older_than_60_s', true)] : []),
  ],
}

function text(name: string, value: string | boolean): Text {
  return { kind: 'text', name, value }
}

export const CARDIAC_GROUPS: readonly GroupLayout[] = [
  ECG,
  pressure('p1', 16),
  pressure('p2', 30),
  pressure('p3', 44),
  pressure('p4', 58),
  NIBP,
  CARDIAC_OUTPUT,
  pressure('p5', 240),
  pressure('p6', 254),
]

export const CARDIAC_METRICS: readonly Metric[] = [
  METRICS.MDC_ECG_HEART_RATE,
  METRICS.MDC_PULS_RATE,
  METRICS.MDC_TTHOR_RESP_RATE,
  METRICS.MDC_ECG_AMPL_ST_I,
  METRICS.MDC_ECG_AMPL_ST_II,
  METRICS.MDC_ECG_AMPL_ST_III,
  METRICS.MDC_ECG_AMPL_ST_AVR,
  METRICS.MDC_ECG_AMPL_ST_AVL,
  METRICS.MDC_ECG_AMPL_ST_AVF,
  METRICS.MDC_ECG_AMPL_ST_V,
  METRICS.MDC_PRESS_BLD_ART_SYS,
  METRICS.MDC_PRESS_BLD_ART_DIA,
  METRICS.MDC_PRESS_BLD_ART_MEAN,
  METRICS.MDC_PRESS_BLD_ART_ABP_SYS,
  METRICS.MDC_PRESS_BLD_ART_ABP_DIA,
  METRICS.MDC_PRESS_BLD_ART_ABP_MEAN,
  METRICS.MDC_PRESS_BLD_ART_PULM_SYS,
  METRICS.MDC_PRESS_BLD_ART_PULM_DIA,
  METRICS.MDC_PRESS_BLD_ART_PULM_MEAN,
  METRICS.MDC_PRESS_BLD_VEN_CENT_SYS,
  METRICS.MDC_PRESS_BLD_VEN_CENT_DIA,
  METRICS.MDC_PRESS_BLD_VEN_CENT_MEAN,
  METRICS.MDC_PRESS_BLD_NONINV_SYS,
  METRICS.MDC_PRESS_BLD_NONINV_DIA,
  METRICS.MDC_PRESS_BLD_NONINV_MEAN,
  METRICS.MDC_PULS_RATE_NON_INV,
]
