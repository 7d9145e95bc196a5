import { dateTime } from './date-time.ts'
import { code, type Field, flagged, float, integer } from './layout.ts'

const site = code('site', {
  1: 'armpit',
  2: 'body',
  3: 'ear',
  4: 'finger',
  5: 'gastrointestinal',
  6: 'mouth',
  7: 'rectum',
  8: 'toe',
  9: 'tympanum',
})

/** 2A1C Temperature Measurement and 2A1E Intermediate Temperature; there is no Kelvin. */
export const temperatureMeasurement: Field = flagged(({ has, when }) => [
  float('temperature'),
  (_reader, out) => {
    out['unit'] = has(0) ? '[degF]' : 'Cel'
  },
  when(1, dateTime('timestamp')),
  when(2, site),
])

/** 2A1D Temperature Type. */
export const temperatureType: Field = site

/** 2A21 Measurement Interval; 0 is "no periodic measurement". */
export const measurementInterval: Field = integer('intervalSeconds', 'u16')
