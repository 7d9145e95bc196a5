/** Enumerations that several Insulin Delivery characteristics share; every value is a Hamming code word. */

import { hexOf } from '../framing/hex.ts'
import type { ByteReader } from '../framing/byte-reader.ts'
import { manufacturerWord, refuseWord } from './hamming.ts'
import { type Codes, type Field, type Flags, integer, sfloat } from './layout.ts'
import { word } from './hamming.ts'

export const THERAPY_STATE: Codes = { 0x0f: 'undetermined', 0x33: 'stop', 0x3c: 'pause', 0x55: 'run' }

export const OPERATIONAL_STATE: Codes = {
  0x0f: 'undetermined',
  0x33: 'off',
  0x3c: 'standby',
  0x55: 'preparing',
  0x5a: 'priming',
  0x66: 'waiting',
  0x96: 'ready',
}

export const ANNUNCIATION_STATUS: Codes = {
  0x0f: 'undetermined',
  0x33: 'pending',
  0x3c: 'snoozed',
  0x55: 'confirmed',
}

const BOLUS_TYPE: Codes = { 0x0f: 'undetermined', 0x33: 'fast', 0x3c: 'extended', 0x55: 'multiwave' }

export const TBR_TYPE: Codes = { 0x0f: 'undetermined', 0x33: 'absolute', 0x3c: 'relative' }

const ACTIVATION: Codes = {
  0x0f: 'undetermined',
  0x33: 'manual',
  0x3c: 'recommended',
  0x55: 'manually-changed-recommended',
  0x5a: 'commanded',
}

const CONTEXT: Codes = {
  0x0f: 'undetermined',
  0x33: 'device-based',
  0x3c: 'remote-control',
  0x55: 'ap-controller',
}

export const RESULTS: Codes = {
  0x0f: 'success',
  0x70: 'op-code-not-supported',
  0x71: 'invalid-operand',
  0x72: 'procedure-not-completed',
  0x73: 'parameter-out-of-range',
  0x74: 'procedure-not-applicable',
}

export const SUCCESS = 0x0f

/** Bits of 2B20 and of the operand of Reset Status. */
export const STATUS_BITS = [
  'therapy-control-state',
  'operational-state',
  'reservoir-status',
  'annunciation-status',
  'total-daily-insulin',
  'active-basal-rate',
  'active-bolus',
  'history-event',
] as const

const ANNUNCIATIONS: Codes = {
  0x000f: 'system-issue',
  0x0033: 'mechanical-issue',
  0x003c: 'occlusion-detected',
  0x0055: 'reservoir-issue',
  0x005a: 'reservoir-empty',
  0x0066: 'reservoir-low',
  0x0069: 'priming-issue',
  0x0096: 'infusion-set-incomplete',
  0x0099: 'infusion-set-detached',
  0x00a5: 'power-source-insufficient',
  0x00aa: 'battery-empty',
  0x00c3: 'battery-low',
  0x00cc: 'battery-medium',
  0x00f0: 'battery-full',
  0x00ff: 'temperature-out-of-range',
  0x0303: 'air-pressure-out-of-range',
  0x030c: 'bolus-canceled',
  0x0330: 'tbr-over',
  0x033f: 'tbr-canceled',
  0x0356: 'max-delivery',
  0x0359: 'date-time-issue',
  0x0365: 'temperature',
}

export const activation: Field = word('activation', 'u8', ACTIVATION)
export const therapyContext: Field = word('context', 'u8', CONTEXT)
export const instanceId: Field = integer('instanceId', 'u16')
export const bolusId: Field = integer('bolusId', 'u16')
export const template: Field = integer('template', 'u8')
export const durationMin: Field = integer('durationMin', 'u16')
export const delayMin: Field = integer('delayMin', 'u16')

/** Type and amounts, as every bolus record starts. */
export const bolusAmounts: readonly Field[] = [
  word('bolusType', 'u8', BOLUS_TYPE),
  sfloat('fastIU'),
  sfloat('extendedIU'),
  durationMin,
]

/** A bolus with the options of its flags. */
export function bolusBody({ when, mark }: Flags): readonly Field[] {
  return [...bolusAmounts, ...bolusOptions({ when, mark })]
}

export function bolusOptions({ when, mark }: Pick<Flags, 'when' | 'mark'>): readonly Field[] {
  return [when(0, delayMin), when(1, template), when(2, activation), mark('correction', 3), mark('meal', 4)]
}

export function annunciationType(reader: ByteReader, out: Record<string, unknown>): void {
  const value = reader.u16()
  const name = ANNUNCIATIONS[value] ?? manufacturerWord(value)
  if (name === undefined) refuseWord(reader, value)
  else out['type'] = name
}

/** Auxiliary fields, two octets each; their content is the manufacturer's. `slots` are [flag bit, number]. */
export function auxiliary({ has }: Flags, slots: readonly (readonly [bit: number, slot: number])[]): Field {
  return (reader, out) => {
    const present = slots.filter(([bit]) => has(bit))
    const aux = Object.fromEntries(present.map(([, slot]) => [slot, hexOf(reader.bytes(2))]))
    if (present.length > 0) out['aux'] = aux
  }
}
