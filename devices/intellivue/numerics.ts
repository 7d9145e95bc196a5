/** A numeric observed value: physio id, state, unit, FLOAT32. */

import type { Metric } from '../metrics.ts'
import type { Numeric, Quality, Text } from '../protocol.ts'
import type { MeasurementState } from './measurement-state.ts'
import { nameOf } from './physio.ts'
import { unitOf } from './units.ts'

/** `word` is what `float32` made of the value: NaN and the infinities mean that there is no number. */
export function numericOf(metric: Metric, word: number, state: MeasurementState): Numeric {
  const value = Number.isFinite(word) ? word : null
  const quality = value === null ? qualityWithout(word, state.quality) : qualityWith(state.quality)
  if (state.words.length > 0) return { metric, value, quality, why: state.words }
  return quality === 'absent' ? { metric, value, quality, why: NO_VALUE } : { metric, value, quality }
}

const NO_VALUE: readonly string[] = ['no_value']

// "Unavailable" beside a number: the number is left over from before.
function qualityWith(quality: Quality): Quality {
  return quality === 'absent' ? 'invalid' : quality
}

function qualityWithout(word: number, quality: Quality): Quality {
  if (quality === 'invalid' || quality === 'calibrating') return quality
  if (word === Infinity) return 'over'
  return word === -Infinity ? 'under' : 'absent'
}

/** A value that has no code of its own, or came in a unit that its code is not known in: as it was sent. */
export function textOf(physioId: number, unitCode: number, value: number, state: MeasurementState): Text {
  const unit = unitOf(unitCode)
  return {
    kind: 'text',
    name: nameOf(physioId),
    value: Number.isFinite(value) ? value : NO_NUMBER,
    ...(unit !== undefined && { unit }),
    ...(state.words.length > 0 && { flags: state.words }),
  }
}

const NO_NUMBER = 'none'
