/** Waveform subrecords: count, status, label, samples. Rates and scales are those of the vendor's table. */

import type { DriverOutput, SampleScale, Waveform } from '../protocol.ts'
import { WAVES, type WaveKind } from '../waves.ts'
import { hasBit } from './group.ts'
import { leadOf, pressureLabel } from './labels.ts'
import { refused } from './physiology.ts'
import { viewOf, type Subrecord } from './record.ts'

interface Curve {
  readonly label: string
  readonly channel: string
  readonly rateHz: number
  readonly scale: SampleScale
  /** The label word names the lead or the vessel. */
  readonly labelled?: 'lead' | 'pressure'
  readonly wave?: WaveKind
}

const scale = (resolution: number, unit: string): SampleScale => ({ resolution, offset: 0, unit })

const MICROVOLT = scale(1, 'uV')
const TENTH_MICROVOLT = scale(0.1, 'uV')
const HUNDREDTH_PERCENT = scale(0.01, '%')

function ecg(number: number): Curve {
  return {
    label: `ECG${number}`,
    channel: `ecg-${number}`,
    rateHz: 300,
    scale: MICROVOLT,
    labelled: 'lead',
    wave: WAVES.MDC_ECG_ELEC_POTL,
  }
}

function invasive(number: number): Curve {
  return {
    label: `INVP${number}`,
    channel: `invp-${number}`,
    rateHz: 100,
    scale: scale(0.01, 'mm[Hg]'),
    labelled: 'pressure',
  }
}

function eeg(number: number): Curve {
  return { label: `EEG${number}`, channel: `eeg-${number}`, rateHz: 100, scale: TENTH_MICROVOLT }
}

function gas(label: string, wave?: WaveKind): Curve {
  const curve = { label, channel: label.toLowerCase(), rateHz: 25, scale: HUNDREDTH_PERCENT }
  return wave === undefined ? curve : { ...curve, wave }
}

/** 22, the 12-lead ECG, has another layout and is not read. */
const CURVES: Readonly<Record<number, Curve>> = {
  1: ecg(1),
  2: ecg(2),
  3: ecg(3),
  4: invasive(1),
  5: invasive(2),
  6: invasive(3),
  7: invasive(4),
  8: {
    label: 'PLETH',
    channel: 'pleth',
    rateHz: 100,
    scale: HUNDREDTH_PERCENT,
    wave: WAVES.MDC_PULS_OXIM_PLETH,
  },
  9: gas('CO2', WAVES.MDC_AWAY_CO2),
  10: gas('O2'),
  11: gas('N2O'),
  12: gas('AGENT'),
  13: {
    label: 'AWP',
    channel: 'airway-pressure',
    rateHz: 25,
    scale: scale(0.1, 'cm[H2O]'),
    wave: WAVES.MDC_PRESS_AWAY,
  },
  14: {
    label: 'FLOW',
    channel: 'airway-flow',
    rateHz: 25,
    scale: scale(0.1, 'L/min'),
    wave: WAVES.MDC_FLOW_AWAY,
  },
  15: { label: 'RESP', channel: 'resp', rateHz: 25, scale: scale(0.01, 'Ohm'), wave: WAVES.MDC_RESP },
  16: invasive(5),
  17: invasive(6),
  18: eeg(1),
  19: eeg(2),
  20: eeg(3),
  21: eeg(4),
  23: { label: 'VOLUME', channel: 'volume', rateHz: 25, scale: scale(1, 'mL') },
  32: { label: 'ENTROPY', channel: 'entropy', rateHz: 100, scale: TENTH_MICROVOLT },
  35: { label: 'BIS', channel: 'bis', rateHz: 300, scale: MICROVOLT },
}

export function curveName(type: number): string {
  return CURVES[type]?.label ?? `type ${type}`
}

const SAMPLES_AT = 6
const GAP_BIT = 0
const PACER_BIT = 2
const LEAD_OFF_BIT = 3
/** "Values <= -32000 are codes, not samples." */
const LAST_CODE = -32_000

export function readWave({ type, bytes }: Subrecord): readonly DriverOutput[] {
  const curve = CURVES[type]
  if (curve === undefined) return [refused(bytes, 'unsupported')]
  if (bytes.length < SAMPLES_AT) return [refused(bytes, 'truncated')]
  const view = viewOf(bytes)
  const count = view.getUint16(0, true)
  const wanted = SAMPLES_AT + count * 2
  if (bytes.length < wanted) return [refused(bytes, 'truncated')]
  if (bytes.length > wanted) return [refused(bytes, 'trailing')]
  if (count === 0) return []
  const status = view.getUint16(2, true)
  const isLeadOff = hasBit(status, LEAD_OFF_BIT)
  const samples = Array.from({ length: count }, (_, index) => {
    const raw = view.getInt16(SAMPLES_AT + index * 2, true)
    return isLeadOff || raw <= LAST_CODE ? null : raw
  })
  return [
    {
      kind: 'waveform',
      ...namesOf(curve, view.getUint16(4, true)),
      channel: curve.channel,
      rateHz: curve.rateHz,
      samples,
      scale: curve.scale,
      ...(hasBit(status, GAP_BIT) && { isAfterGap: true }),
      ...stateOf(samples, { isLeadOff, isPaced: hasBit(status, PACER_BIT) }),
    },
  ]
}

function namesOf(curve: Curve, label: number): Pick<Waveform, 'wave' | 'label'> {
  const usual = { wave: curve.wave ?? null, label: curve.label }
  if (curve.labelled === 'lead') {
    const lead = leadOf(label & 0x0f)
    return lead === undefined ? usual : { wave: lead.wave, label: `${curve.label} ${lead.word}` }
  }
  if (curve.labelled === 'pressure') {
    const { wave, word } = pressureLabel(label)
    return { wave: wave ?? null, label: `${curve.label} ${word}` }
  }
  return usual
}

interface WaveFlags {
  readonly isLeadOff: boolean
  readonly isPaced: boolean
}

function stateOf(
  samples: readonly (number | null)[],
  { isLeadOff, isPaced }: WaveFlags,
): Pick<Waveform, 'quality' | 'why'> {
  if (isLeadOff) return { quality: 'absent', why: ['lead_off'] }
  if (samples.every((sample) => sample === null)) return { quality: 'absent', why: ['no_samples'] }
  return isPaced ? { why: ['pacer'] } : {}
}
