import { dateTime } from './date-time.ts'
import { type BitNames, bits, type Field, fields, flagged, sfloat } from './layout.ts'

const MEASUREMENT_STATUS: BitNames = [
  null,
  null,
  null,
  null,
  null,
  'measurement-ongoing',
  'early-estimate',
  'validated',
  'fully-qualified',
  'from-storage',
  'demo-data',
  'testing-data',
  'calibration-ongoing',
  'measurement-unavailable',
  'questionable',
  'invalid',
]

const DEVICE_STATUS: BitNames = [
  'extended-display-update',
  'equipment-malfunction',
  'signal-processing-irregularity',
  'inadequate-signal',
  'poor-signal',
  'low-perfusion',
  'erratic-signal',
  'nonpulsatile-signal',
  'questionable-pulse',
  'signal-analysis-ongoing',
  'sensor-interference',
  'sensor-unconnected',
  'unknown-sensor',
  'sensor-displaced',
  'sensor-malfunction',
  'sensor-disconnected',
]

const FEATURES: BitNames = [
  'measurement-status',
  'device-status',
  'storage',
  'timestamp',
  'fast',
  'slow',
  'pulse-amplitude-index',
  'multiple-bond',
]

const pair = fields(sfloat('spo2'), sfloat('pulseRate'))
const measurementStatus = bits('measurementStatus', 'u16', MEASUREMENT_STATUS)
const deviceStatus = bits('deviceStatus', 'u24', DEVICE_STATUS)
const pulseAmplitudeIndex = sfloat('pulseAmplitudeIndex')

/** 2A5F PLX Continuous Measurement. */
export const plxContinuousMeasurement: Field = flagged(({ when }) => [
  pair,
  when(0, sfloat('spo2Fast'), sfloat('pulseRateFast')),
  when(1, sfloat('spo2Slow'), sfloat('pulseRateSlow')),
  when(2, measurementStatus),
  when(3, deviceStatus),
  when(4, pulseAmplitudeIndex),
])

/** 2A5E PLX Spot-Check Measurement. */
export const plxSpotCheckMeasurement: Field = flagged(({ when, mark }) => [
  pair,
  when(0, dateTime('timestamp')),
  when(1, measurementStatus),
  when(2, deviceStatus),
  when(3, pulseAmplitudeIndex),
  mark('clockNotSet', 4),
])

/** 2A60 PLX Features: which statuses are supported follows only when its bit says so. */
export const plxFeatures: Field = flagged(
  ({ raw, when }) => [
    (_reader, out) => {
      out['features'] = FEATURES.filter((_name, bit) => ((raw >>> bit) & 1) === 1)
    },
    when(0, bits('measurementStatusSupport', 'u16', MEASUREMENT_STATUS)),
    when(1, bits('deviceStatusSupport', 'u24', DEVICE_STATUS)),
  ],
  'u16',
)
