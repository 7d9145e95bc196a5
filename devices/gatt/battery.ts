import { type Field, flagged, integer } from './layout.ts'

const THREE_WAY = ['no', 'yes', 'unknown', 'rfu'] as const
const CHARGE = ['unknown', 'charging', 'discharging-active', 'discharging-inactive'] as const
const LEVEL = ['unknown', 'good', 'low', 'critical'] as const

/** 2A19 Battery Level; more than 100 is reserved. */
export const batteryLevel: Field = (reader, out) => {
  const percent = reader.u8()
  if (percent > 100) reader.refuse('rfu-value')
  out['batteryPct'] = percent
}

const powerState: Field = (reader, out) => {
  const raw = reader.u16()
  out['present'] = (raw & 1) === 1
  out['wiredPower'] = THREE_WAY[(raw >>> 1) & 3]
  out['wirelessPower'] = THREE_WAY[(raw >>> 3) & 3]
  out['charge'] = CHARGE[(raw >>> 5) & 3]
  out['level'] = LEVEL[(raw >>> 7) & 3]
}

const additionalStatus: Field = (reader, out) => {
  const raw = reader.u8()
  out['serviceRequired'] = THREE_WAY[raw & 3]
  out['fault'] = ((raw >>> 2) & 1) === 1
}

/** 2BED Battery Level Status. */
export const batteryLevelStatus: Field = flagged(({ when }) => [
  powerState,
  when(0, integer('identifier', 'u16')),
  when(1, batteryLevel),
  when(2, additionalStatus),
])
