import { code, type Field, flagged, integer } from './layout.ts'

// Bits 1-2 of the flags: 0 and 1 both mean that the strap cannot tell.
const CONTACT = ['not-supported', 'not-supported', 'no-contact', 'contact'] as const

/** 2A37 Heart Rate Measurement. RR intervals in 1/1024 s, oldest first, to the end of the value. */
export const heartRateMeasurement: Field = flagged(({ raw, has, when }) => [
  integer('heartRate', has(0) ? 'u16' : 'u8'),
  (_reader, out) => {
    out['contact'] = CONTACT[(raw >>> 1) & 3]
  },
  when(3, integer('energyKJ', 'u16')),
  when(4, (reader, out) => {
    const intervals: number[] = []
    while (reader.remaining > 0) intervals.push(reader.u16())
    out['rr1024'] = intervals
  }),
])

/** 2A38 Body Sensor Location. */
export const bodySensorLocation: Field = code('location', {
  0: 'other',
  1: 'chest',
  2: 'wrist',
  3: 'finger',
  4: 'hand',
  5: 'ear-lobe',
  6: 'foot',
})

/** 2A39 Heart Rate Control Point. */
export const heartRateControlPoint: Field = code('command', { 1: 'reset-energy-expended' })
