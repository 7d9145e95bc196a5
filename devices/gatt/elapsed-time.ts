/** Elapsed Time as the Elapsed Time Service and the Generic Health Sensor carry it: nine octets. */

import { isoSince } from './date-time.ts'
import { type Codes, type Field, fields, flagged } from './layout.ts'

// Bits 2-3: how many of its units are a second.
const UNITS_PER_SECOND = [1, 10, 1_000, 10_000] as const
const EPOCH_YEAR = 2000

const SOURCES: Codes = {
  0: 'unknown',
  1: 'ntp',
  2: 'gps',
  3: 'radio',
  4: 'manual',
  5: 'atomic',
  6: 'cellular',
  7: 'not-synchronized',
}

export const elapsedTime: Field = flagged(({ raw, has }) => [
  (reader, out) => {
    const perSecond = UNITS_PER_SECOND[(raw >>> 2) & 3] ?? 1
    const low = reader.u24()
    const count = low + reader.u24() * 0x1000000
    const source = SOURCES[reader.u8()] ?? 'rfu'
    const quarters = reader.s8()
    out['resolutionSeconds'] = 1 / perSecond
    out['currentTimeline'] = has(5)
    if (has(0)) out['tick'] = count
    else {
      out['time'] = isoOf(count, perSecond)
      out['base'] = has(1) ? 'utc' : 'local'
      out['source'] = source
      if (has(4)) out['offsetMin'] = quarters * 15
    }
  },
])

/** 2BF2 Current Elapsed Time: the time, the state of the clock, and what it does by itself. */
export const currentElapsedTime: Field = fields(
  elapsedTime,
  flagged(({ mark }) => [mark('needsSet', 0)]),
  flagged(({ mark }) => [mark('appliesDst', 0), mark('managesTimeZone', 1)]),
)

function isoOf(count: number, perSecond: number): string {
  const whole = isoSince(EPOCH_YEAR, Math.floor(count / perSecond))
  const rest = count % perSecond
  return rest === 0 ? whole : `${whole}.${String(rest).padStart(String(perSecond).length - 1, '0')}`
}
