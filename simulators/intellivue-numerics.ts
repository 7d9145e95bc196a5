/** The numerics of a simulated IntelliVue: what was recorded, and by script what no recording holds. */

import { attribute, float32, list, text16, u16, u32, absoluteTime, type Octets } from './intellivue-octets.ts'
import { physiologyAt } from './physiology.ts'
import { wholeNumber } from './shown-value.ts'
import type { Due } from './timeline.ts'

export interface IntellivueReading {
  readonly heartRate: number | undefined
  readonly spo2: number | undefined
  readonly pulseRate: number | undefined
  readonly respRate: number | undefined
  readonly abp: PressureReading
  readonly tempCoreCel: number
  readonly tempSkinCel: number
}

export interface PressureReading {
  readonly systolic: number | undefined
  readonly diastolic: number | undefined
  readonly mean: number | undefined
}

/** One script for every monitor: what it shows can then be worked out without knowing which one it is. */
const SCRIPT_SEED = 0

export function intellivueReading({ row, atS }: Due): IntellivueReading {
  const body = physiologyAt(atS, SCRIPT_SEED)
  const spo2 = row?.spo2
  return {
    heartRate: wholeNumber(row?.heartRate, 350),
    spo2: spo2 === undefined || spo2 < 0 || spo2 > 100 ? undefined : Number(spo2.toFixed(1)),
    pulseRate: wholeNumber(row?.pulseRate, 350),
    respRate: wholeNumber(row?.respRate, 150),
    abp: { systolic: body.abpSystolic, diastolic: body.abpDiastolic, mean: body.abpMean },
    tempCoreCel: body.tempCoreCel,
    tempSkinCel: body.tempSkinCel,
  }
}

/** The cuff was inflated when the recording has numbers of it. */
export function cuffReading({ row }: Due): PressureReading | undefined {
  if (row?.nibpSystolic === undefined && row?.nibpMean === undefined) return undefined
  return {
    systolic: wholeNumber(row.nibpSystolic, 300),
    diastolic: wholeNumber(row.nibpDiastolic, 300),
    mean: wholeNumber(row.nibpMean, 300),
  }
}

/** What the cuff showed last, and when it did. It stays on the screen, under its time. */
export interface HeldCuff {
  readonly reading: PressureReading
  readonly measuredAtMs: number
}

export interface WireObject {
  readonly context: number
  readonly handle: number
  /** Type and label, sent when everything is asked for. */
  readonly statics: readonly Octets[]
  readonly values: readonly Octets[]
}

const NUMERIC_TYPE = 0x0006
const UNIT = { percent: 0x0220, perMinute: 0x0aa0, breaths: 0x0ae0, mmHg: 0x0f20, celsius: 0x17a0 } as const
const UNAVAILABLE = 0x2000

interface Value {
  readonly physioId: number
  readonly unit: number
  readonly value: number | undefined
  readonly decimals?: number
}

/** In the order of the wire; the catheter sends mean, systolic, diastolic, as a captured one did. */
export function numericObjects(
  reading: IntellivueReading,
  cuff: HeldCuff | undefined,
): readonly WireObject[] {
  const { abp, heartRate, spo2, pulseRate, respRate, tempCoreCel, tempSkinCel } = reading
  return [
    object({ context: 0, handle: 0x891a, label: 'ABP' }, [
      compound([
        { physioId: 0x4a17, unit: UNIT.mmHg, value: abp.mean },
        { physioId: 0x4a15, unit: UNIT.mmHg, value: abp.systolic },
        { physioId: 0x4a16, unit: UNIT.mmHg, value: abp.diastolic },
      ]),
    ]),
    object({ context: 0, handle: 0x9001, label: 'Tcore' }, [
      single({ physioId: 0x4b60, unit: UNIT.celsius, value: tempCoreCel, decimals: 1 }),
    ]),
    object({ context: 0, handle: 0x9004, label: 'Tskin' }, [
      single({ physioId: 0x4b74, unit: UNIT.celsius, value: tempSkinCel, decimals: 1 }),
    ]),
    object({ context: 1, handle: 0x82b3, label: 'HR' }, [
      single({ physioId: 0x4182, unit: UNIT.perMinute, value: heartRate }),
    ]),
    object({ context: 1, handle: 0x83d5, label: 'SpO2' }, [
      single({ physioId: 0x4bb8, unit: UNIT.percent, value: spo2, decimals: 1 }),
    ]),
    object({ context: 1, handle: 0x83dc, label: 'Pulse' }, [
      single({ physioId: 0x4822, unit: UNIT.perMinute, value: pulseRate }),
    ]),
    object({ context: 1, handle: 0x82ba, label: 'RR' }, [
      single({ physioId: 0x500a, unit: UNIT.breaths, value: respRate }),
    ]),
    object({ context: 1, handle: 0x826a, label: 'NBP' }, cuff === undefined ? [] : cuffValues(cuff)),
  ]
}

function cuffValues({ reading, measuredAtMs }: HeldCuff): readonly Octets[] {
  return [
    attribute(0x0990, absoluteTime(measuredAtMs)),
    compound([
      { physioId: 0x4a05, unit: UNIT.mmHg, value: reading.systolic },
      { physioId: 0x4a06, unit: UNIT.mmHg, value: reading.diastolic },
      { physioId: 0x4a07, unit: UNIT.mmHg, value: reading.mean },
    ]),
  ]
}

interface Name {
  readonly context: number
  readonly handle: number
  readonly label: string
}

function object({ context, handle, label }: Name, values: readonly Octets[]): WireObject {
  return { context, handle, statics: staticsOf(handle, NUMERIC_TYPE, label), values }
}

export function staticsOf(handle: number, type: number, label: string): readonly Octets[] {
  return [
    attribute(0x0921, u16(handle)),
    attribute(0x092f, [...u16(1), ...u16(type)]),
    attribute(0x093f, [...u32(8192), ...u32(0x142), 0x28, 1, ...u16(0x0300)]),
    attribute(0x0927, text16(label)),
  ]
}

function single(value: Value): Octets {
  return attribute(0x0950, observed(value))
}

function compound(values: readonly Value[]): Octets {
  return attribute(0x094b, list(values.map(observed)))
}

function observed({ physioId, unit, value, decimals }: Value): Octets {
  const state = value === undefined ? UNAVAILABLE : 0
  return [...u16(physioId), ...u16(state), ...u16(unit), ...float32(value, decimals)]
}
