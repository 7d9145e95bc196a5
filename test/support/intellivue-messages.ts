/** Messages of an IntelliVue monitor by hand, for tests of what a driver makes of them. */

import { type DecodedLine, decodedLines } from '../../cli/decoded-line.ts'
import { intellivueLan } from '../../devices/intellivue-lan.ts'
import { Interpreter } from '../../devices/intellivue/interpreter.ts'
import type { DriverOutput } from '../../devices/protocol.ts'
import { attribute, float32, list, u16, u32, type Octets } from '../../simulators/intellivue-octets.ts'
import { pollResults } from '../../simulators/intellivue-results.ts'

export interface Place {
  readonly handle?: number
  readonly context?: number
  readonly ticks?: number
  readonly objectCode?: number
}

/** A poll result about one object. */
export function resultOf(attributes: readonly Octets[], place: Place = {}): Uint8Array {
  const { handle = 0x0101, context = 0, ticks = 8192, objectCode = 6 } = place
  const poll = { isExtended: true, invokeId: 1, pollNumber: 1, objectCode, group: 0 }
  const objects = [[{ context, handle, statics: [], values: [] }, attributes]] as const
  const [message = new Uint8Array()] = pollResults({ poll, sequence: 1, ticks, objects })
  return message
}

export interface Observed {
  readonly physioId: number
  readonly state?: number
  readonly unit?: number
  /** The FLOAT as it is on the wire. */
  readonly word?: number
}

export function observedValue({ physioId, state = 0, unit = 0x0aa0, word = 72 }: Observed): Octets {
  return [...u16(physioId), ...u16(state), ...u16(unit), ...u32(word)]
}

export function numericAttribute(observed: Observed): Octets {
  return attribute(0x0950, observedValue(observed))
}

export function compoundAttribute(observed: readonly Observed[]): Octets {
  return attribute(0x094b, list(observed.map(observedValue)))
}

export function waveSpec(bits = 16, significant = 12, periodTicks = 64): readonly Octets[] {
  return [
    attribute(0x096d, [...u16(32), bits, significant, ...u16(0x3000)]),
    attribute(0x098d, u32(periodTicks)),
    attribute(0x0996, u16(0x0f20)),
    attribute(0x096f, [...float32(-40), ...float32(369.5, 1), ...u16(0), ...u16(4095)]),
  ]
}

export function waveData(data: Octets, { physioId = 0x4a14, state = 0 } = {}): Octets {
  return [...u16(physioId), ...u16(state), ...u16(data.length), ...data]
}

/** One after the other through one decoder of a capture. */
export function decodeAll(...messages: readonly Uint8Array[]): readonly DecodedLine[] {
  const decoder = intellivueLan.createDecoder?.() ?? intellivueLan.createDriver()
  return messages.flatMap((bytes) => decoder.receive({ kind: 'bytes', bytes }, 0)).flatMap(decodedLines)
}

/** The same as a driver reads them. */
export function readLive(...messages: readonly Uint8Array[]): readonly DriverOutput[] {
  const interpreter = new Interpreter('live')
  return messages.flatMap((bytes) => interpreter.interpret(bytes).outputs)
}
