/** Runs a subject over bytes, and compares what came out. */

import { type DecodedLine, decodedLines } from '../../../cli/decoded-line.ts'
import type { Driver, DriverOutput } from '../../../devices/protocol.ts'
import { expectSound } from './output-faults.ts'
import type { Subject } from './subject.ts'

const AT_MS = 0

export type Context = Readonly<Record<string, unknown>>

/** As `wardgate decode` does it: each chunk one event, then the end. Throws on output that may never come. */
export function decode(
  subject: Subject,
  chunks: readonly Uint8Array[],
  context: Context = {},
): readonly DecodedLine[] {
  return decodeWith(subject.createDecoder(context), chunks)
}

export function decodeWith(driver: Driver, chunks: readonly Uint8Array[]): readonly DecodedLine[] {
  const lines: DecodedLine[] = []
  const take = (outputs: readonly DriverOutput[]): void => {
    for (const output of outputs) {
      expectSound(output)
      lines.push(...decodedLines(output))
    }
  }
  for (const bytes of chunks) take(driver.receive({ kind: 'bytes', bytes }, AT_MS))
  take(driver.receive({ kind: 'closed', reason: 'end of vector' }, AT_MS))
  return lines
}

export function withoutDiscards(lines: readonly DecodedLine[]): readonly DecodedLine[] {
  return lines.filter(({ kind }) => kind !== 'discarded')
}

export function discardedBytes(lines: readonly DecodedLine[]): number {
  return lines.reduce(
    (sum, line) => sum + (line.kind === 'discarded' ? String(line['bytes']).length / 2 : 0),
    0,
  )
}

export function numericsOf(lines: readonly DecodedLine[]): readonly DecodedLine[] {
  return lines.filter(({ kind }) => kind === 'numeric')
}

/** The last that was told of each quantity. */
export function lastNumerics(lines: readonly DecodedLine[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    numericsOf(lines).map((line) => [JSON.stringify([line['part'], line['mdc']]), line]),
  )
}

/** Every number with a value that may be shown, as a set of words. */
export function shownValues(lines: readonly DecodedLine[]): ReadonlySet<string> {
  return new Set(
    numericsOf(lines)
      .filter((line) => line['value'] !== null && line['q'] !== 'invalid')
      .map((line) => [line['part'], line['mdc'], line['value'], line['unit']].join(' ')),
  )
}

/**
 * What `cut`, from the front of the bytes, has that `whole` has not. The block of a wave that was cut is shorter, and
 * the last one comes at the end of the line.
 */
export function unforeseen(
  cut: readonly DecodedLine[],
  whole: readonly DecodedLine[],
): readonly DecodedLine[] {
  const rest = [...withoutDiscards(whole)]
  return withoutDiscards(cut).filter((line) => {
    const at = rest.findIndex((candidate) => isForeseen(line, candidate))
    if (at >= 0) rest.splice(at, 1)
    return at < 0
  })
}

function isForeseen(line: DecodedLine, candidate: DecodedLine): boolean {
  if (line.kind !== 'waveform' || candidate.kind !== 'waveform')
    return JSON.stringify(line) === JSON.stringify(candidate)
  const { samples, ...others } = line
  const { samples: allSamples, ...allOthers } = candidate
  if (JSON.stringify(others) !== JSON.stringify(allOthers)) return false
  // A sample that was cut in two is a gap at the end.
  const front = JSON.stringify(samples).replace(/((^\[|,)null)*\]$/, '')
  return front === '' || JSON.stringify(allSamples).startsWith(front)
}
