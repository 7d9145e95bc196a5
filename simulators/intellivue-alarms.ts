/** Alarms of a simulated IntelliVue by simple limits: they begin, stay and end with what it measures. */

import { attribute, list, text16, u16, u32, type Octets } from './intellivue-octets.ts'
import { staticsOf, type IntellivueReading, type WireObject } from './intellivue-numerics.ts'

interface Limit {
  readonly isPatient: boolean
  readonly source: number
  readonly code: number
  readonly type: number
  readonly handle: number
  readonly text: string
  isBroken(reading: IntellivueReading): boolean
}

const MEDIUM_PATIENT = 0x0200
const HIGH_PATIENT = 0x0400
const LOW_TECHNICAL = 0x0001
const NEW = 0x0008

const HEART = { isPatient: true, source: 0x4182, handle: 0x82b3 } as const
const OXIMETER = { isPatient: true, source: 0x4bb8, handle: 0x83d5 } as const
const BREATH = { isPatient: true, source: 0x500a, handle: 0x82ba } as const

const LIMITS: readonly Limit[] = [
  {
    ...HEART,
    code: 1,
    type: MEDIUM_PATIENT,
    text: '** HR HIGH',
    isBroken: ({ heartRate = 0 }) => heartRate > 120,
  },
  {
    ...HEART,
    code: 2,
    type: HIGH_PATIENT,
    text: '*** BRADY',
    isBroken: ({ heartRate }) => heartRate !== undefined && heartRate < 40,
  },
  {
    ...OXIMETER,
    code: 3,
    type: MEDIUM_PATIENT,
    text: '** SpO2 LOW',
    isBroken: ({ spo2 }) => spo2 !== undefined && spo2 < 90 && spo2 >= 80,
  },
  {
    ...OXIMETER,
    code: 4,
    type: HIGH_PATIENT,
    text: '*** DESAT',
    isBroken: ({ spo2 }) => spo2 !== undefined && spo2 < 80,
  },
  {
    ...BREATH,
    code: 5,
    type: MEDIUM_PATIENT,
    text: '** RR HIGH',
    isBroken: ({ respRate = 0 }) => respRate > 30,
  },
  {
    ...HEART,
    isPatient: false,
    code: 6,
    type: LOW_TECHNICAL,
    text: 'ECG LEADS OFF',
    isBroken: ({ heartRate }) => heartRate === undefined,
  },
]

const ALERT_TYPE = 0x0036
const HANDLE = 0x0384
const TEXT_INFO = 516

/** Remembers since which list an alarm has been there: in its first one it is new. */
export class IntellivueAlarms {
  #present = new Set<number>()
  #changes = 0

  object(reading: IntellivueReading | undefined): WireObject {
    const statics = staticsOf(HANDLE, ALERT_TYPE, 'Alert')
    return { context: 1, handle: HANDLE, statics, values: reading === undefined ? [] : this.#values(reading) }
  }

  #values(reading: IntellivueReading): readonly Octets[] {
    const broken = LIMITS.filter((limit) => limit.isBroken(reading))
    const before = this.#present
    this.#present = new Set(broken.map(({ code }) => code))
    if (before.size !== this.#present.size || broken.some(({ code }) => !before.has(code))) this.#changes += 1
    const entries = (isPatient: boolean): readonly Octets[] =>
      broken
        .filter((limit) => limit.isPatient === isPatient)
        .map((limit) => entry(limit, !before.has(limit.code)))
    const worst = (isPatient: boolean): number =>
      Math.max(0, ...broken.filter((limit) => limit.isPatient === isPatient).map(({ type }) => type))
    const condition = [0, this.#changes & 0xffff, worst(true), worst(false), worst(true)]
    return [
      attribute(0x0916, condition.flatMap(u16)),
      attribute(0x0902, list(entries(true))),
      attribute(0x0904, list(entries(false))),
    ]
  }
}

function entry({ source, code, type, handle, text }: Limit, isNew: boolean): Octets {
  const head = [source, code, type, isNew ? NEW : 0, 0x0006, 0, handle]
  const info = [...u16(code), ...u32(0x20000 + source), ...u16(0), ...u16(0), ...text16(text)]
  return [...head.flatMap(u16), ...u16(TEXT_INFO), ...u16(info.length), ...info]
}
