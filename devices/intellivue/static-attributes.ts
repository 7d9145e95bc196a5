/** Attributes that say what an object is; they come with the first result and are remembered. */

import { ATTRIBUTE } from './attributes.ts'
import { retype, type KnownObject } from './object-memory.ts'
import { readRange, readSampleSpec } from './wave-form.ts'
import type { WireReader } from './wire-reader.ts'
import { utf16Text } from './wire-text.ts'

type Remember = (reader: WireReader, object: KnownObject) => void

const REMEMBER: ReadonlyMap<number, Remember> = new Map<number, Remember>([
  [
    ATTRIBUTE.type,
    (reader, object) => {
      reader.skip(2)
      retype(object, reader.u16())
    },
  ],
  [
    ATTRIBUTE.labelString,
    (reader, object) => {
      object.label = utf16Text(reader.view(reader.u16()))
    },
  ],
  [
    ATTRIBUTE.unitCode,
    (reader, object) => {
      object.unitCode = reader.u16()
    },
  ],
  [
    ATTRIBUTE.sampleSpec,
    (reader, object) => {
      object.wave = { ...object.wave, spec: readSampleSpec(reader) }
    },
  ],
  [
    ATTRIBUTE.samplePeriod,
    (reader, object) => {
      object.wave = { ...object.wave, periodTicks: reader.u32() }
    },
  ],
  [
    ATTRIBUTE.scale,
    (reader, object) => {
      object.wave = { ...object.wave, range: readRange(reader) }
    },
  ],
  [
    ATTRIBUTE.calibration,
    (reader, object) => {
      object.wave = { ...object.wave, calibration: readRange(reader) }
    },
  ],
])

export function isStatic(attribute: number): boolean {
  return REMEMBER.has(attribute)
}

export function remember(attribute: number, reader: WireReader, object: KnownObject): void {
  REMEMBER.get(attribute)?.(reader, object)
}
