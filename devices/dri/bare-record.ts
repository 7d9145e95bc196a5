/** Finds bare records by their headers alone: there is no flag and no sum. */

import type { Grammar, Judgement } from '../framing/parse-stream.ts'
import { MAX_RECORD_BYTES } from './frame.ts'
import { HEADER_BYTES, MAIN_TYPE, viewOf } from './record.ts'

const MAIN_TYPES: ReadonlySet<number> = new Set(Object.values(MAIN_TYPE))
const MAIN_TYPE_AT = 14

export const bareRecordGrammar: Grammar<Uint8Array> = { maxUnitBytes: MAX_RECORD_BYTES, judge }

function judge(window: Uint8Array): Judgement<Uint8Array> {
  if (window.length < HEADER_BYTES) return { kind: 'more', needBytes: HEADER_BYTES }
  const view = viewOf(window)
  const sizeBytes = view.getUint16(0, true)
  const isPossible =
    sizeBytes >= HEADER_BYTES &&
    sizeBytes <= MAX_RECORD_BYTES &&
    MAIN_TYPES.has(view.getUint16(MAIN_TYPE_AT, true))
  if (!isPossible) return { kind: 'discard', sizeBytes: 1, reason: 'noise' }
  if (window.length < sizeBytes) return { kind: 'more', needBytes: sizeBytes }
  return { kind: 'unit', sizeBytes, unit: window.slice(0, sizeBytes) }
}
