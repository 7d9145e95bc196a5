/**
 * The priority list of exported waves: "at most 3 ECG and 8 other curves together". It says which waves the monitor sends
 * to its data export, and nothing else; ids that are not those of a known wave cannot be written into it.
 */

import { WAVES, type WaveKind } from '../waves.ts'
import { ATTRIBUTE } from './attributes.ts'
import { waveOf } from './physio.ts'
import { WireReader } from './wire-reader.ts'

const MAX_ECG = 3
const MAX_OTHERS = 8

const MDS_CLASS = 0x0021
const HEADER = 0xe1000002
const INVOKE = 1
const CONFIRMED_SET = 5
const REPLACE = 0
/** Everything before the text ids. */
const FRONT_BYTES = 38
const INVOKE_AT = 8
const PARTITION = 0x20000

export const MAX_WAVE_LIST_BYTES = FRONT_BYTES + 4 * (MAX_ECG + MAX_OTHERS)

/** What every such request begins with, up to the length that depends on the list. */
export const WAVE_LIST_FRONT_HEX = 'e10000020001'

const isEcg = ({ ref }: WaveKind): boolean => ref.startsWith('MDC_ECG_')

/** A limb lead that shows rhythm first, then the waves in the order in which the monitor listed them. */
export function chosenWaves(available: readonly number[]): readonly number[] {
  const known = [...new Set(available)].flatMap((textId) => {
    const wave = waveOfTextId(textId)
    return wave === undefined ? [] : [{ textId, wave }]
  })
  const ecg = known
    .filter(({ wave }) => isEcg(wave))
    .toSorted(
      (a, b) => Number(b.wave === WAVES.MDC_ECG_ELEC_POTL_II) - Number(a.wave === WAVES.MDC_ECG_ELEC_POTL_II),
    )
  const others = known.filter(({ wave }) => !isEcg(wave))
  return [...ecg.slice(0, MAX_ECG), ...others.slice(0, MAX_OTHERS)].map(({ textId }) => textId)
}

function waveOfTextId(textId: number): WaveKind | undefined {
  return textId >>> 16 === PARTITION >>> 16 ? waveOf(textId & 0xffff) : undefined
}

/** Undefined for a list that may not be written. */
export function waveListRequest(textIds: readonly number[], invokeId: number): Uint8Array | undefined {
  const request = new Uint8Array(FRONT_BYTES + 4 * textIds.length)
  const view = new DataView(request.buffer)
  request.set(frontOf(textIds.length))
  view.setUint16(INVOKE_AT, invokeId)
  for (const [index, textId] of textIds.entries()) view.setUint32(FRONT_BYTES + 4 * index, textId)
  return isWaveListRequest(request) ? request : undefined
}

/** Takes a request apart and builds it again: any byte that differs, whatever it would mean, is refused. */
export function isWaveListRequest(bytes: Uint8Array): boolean {
  const reader = new WireReader(bytes)
  reader.skip(FRONT_BYTES)
  const textIds: number[] = []
  while (reader.left > 0) textIds.push(reader.u32())
  if (reader.isBroken || textIds.length === 0) return false
  const waves = textIds.map(waveOfTextId)
  const ecgCount = waves.filter((wave) => wave !== undefined && isEcg(wave)).length
  if (waves.includes(undefined) || new Set(textIds).size !== textIds.length) return false
  if (ecgCount > MAX_ECG || textIds.length - ecgCount > MAX_OTHERS) return false
  const front = frontOf(textIds.length)
  return front.every((octet, at) => octet === bytes[at] || at === INVOKE_AT || at === INVOKE_AT + 1)
}

function frontOf(count: number): Uint8Array {
  const front = new Uint8Array(FRONT_BYTES)
  const view = new DataView(front.buffer)
  const size = FRONT_BYTES + 4 * count
  view.setUint32(0, HEADER)
  const words = [INVOKE, size - 8, 0, CONFIRMED_SET, size - 14, MDS_CLASS, 0, 0, 0, 0]
  const list = [1, 4 * count + 10, REPLACE, ATTRIBUTE.wavePriorities, 4 * count + 4, count, 4 * count]
  for (const [index, value] of [...words, ...list].entries()) view.setUint16(4 + 2 * index, value)
  return front
}
