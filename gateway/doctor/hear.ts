/** What a protocol makes of the bytes of a line: how much of it is its own language. */

import type { DeviceProtocol, DiscardReason, DriverOutput } from '../../devices/protocol.ts'

export interface Heard {
  /** Things understood: readings, waves, alerts, facts. */
  readonly unitCount: number
  /** Sets of numerics among them. */
  readonly readingCount: number
  /** Of the bytes since the first unit: what stands before it may be the rest of a unit that began earlier. */
  readonly lostBytes: number
  readonly bytesSinceFirst: number
  readonly discards: ReadonlyMap<DiscardReason, number>
  /** What was thrown away since the first unit, one piece after the other. */
  readonly leftovers: readonly Uint8Array[]
}

/** Bytes arrive in pieces in life; what a driver makes of them does not depend on the pieces. */
const PIECE_BYTES = 256

export function hear(protocol: DeviceProtocol, bytes: Uint8Array): Heard {
  const driver = protocol.createDecoder?.() ?? protocol.createDriver()
  const discards = new Map<DiscardReason, number>()
  const leftovers: Uint8Array[] = []
  let unitCount = 0
  let readingCount = 0
  let firstAt: number | undefined
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const outputs = driver.receive({ kind: 'bytes', bytes: bytes.subarray(at, at + PIECE_BYTES) }, 0)
    for (const output of outputs) {
      if (isUnit(output)) {
        unitCount += 1
        if (isReading(output)) readingCount += 1
        firstAt ??= at
      } else if (output.kind === 'discarded' && firstAt !== undefined) {
        discards.set(output.reason, (discards.get(output.reason) ?? 0) + 1)
        leftovers.push(output.bytes)
      }
    }
  }
  return {
    unitCount,
    readingCount,
    lostBytes: leftovers.reduce((sum, { length }) => sum + length, 0),
    bytesSinceFirst: firstAt === undefined ? 0 : bytes.length - firstAt,
    discards,
    leftovers,
  }
}

/** 1 when every byte since the first unit was understood, 0 when none was; a unit or two may be chance. */
export function fluency({ unitCount, lostBytes, bytesSinceFirst }: Heard): number {
  if (unitCount < LEAST_UNITS) return 0
  return Math.max(0, 1 - lostBytes / bytesSinceFirst)
}

const LEAST_UNITS = 3

function isUnit({ kind }: DriverOutput): boolean {
  return kind === 'observation' || kind === 'waveform' || kind === 'alert' || kind === 'text'
}

function isReading(output: DriverOutput): boolean {
  return output.kind === 'observation' && output.numerics.length > 0
}
