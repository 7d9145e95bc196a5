/** How well a protocol fits what was heard on a line. */

import type { SerialLine } from '../../devices/protocol.ts'
import { linesOf, type SerialProtocol } from './candidates.ts'
import { fluency, hear, type Heard } from './hear.ts'
import { isSameLine } from './line-text.ts'
import type { LineErrors, Listening } from './listen.ts'

/** What one protocol understood on one setting. */
export interface Match {
  readonly protocol: SerialProtocol
  readonly line: SerialLine
  readonly heard: Heard
  readonly fluency: number
  readonly errors: LineErrors | undefined
}

// Less than this is chance, or another device.
const LEAST_FLUENCY = 0.5

/** The protocols that understand most of it, best first. */
export function matchesOf(
  protocols: readonly SerialProtocol[],
  line: SerialLine,
  { bytes, errors }: Listening,
): readonly Match[] {
  return protocols
    .map((protocol) => ({ protocol, line, errors, heard: hear(protocol, bytes) }))
    .map((trial) => ({ ...trial, fluency: fluency(trial.heard) }))
    .filter((match) => match.fluency >= LEAST_FLUENCY)
    .toSorted((a, b) => rank(b) - rank(a))
}

/**
 * Understanding counts most. Then a line without parity and framing errors: a reader without parity understands every
 * byte of a sender with it. Among equals, the setting that the protocol is known with, and the most units.
 */
export function rank(match: Match): number {
  const { unitCount, bytesSinceFirst } = match.heard
  const density = Math.min(1, unitCount / Math.max(1, bytesSinceFirst))
  return match.fluency - (errorCount(match) > 0 ? 0.1 : 0) + (isKnownLine(match) ? 0.05 : 0) + density / 100
}

export function errorCount({ errors }: Match): number {
  return errors === undefined ? 0 : errors.parity + errors.framing
}

function isKnownLine({ protocol, line }: Pick<Match, 'protocol' | 'line'>): boolean {
  return linesOf(protocol).some((known) => isSameLine(known, line))
}

// Less than this of a line may be understood by chance.
const LEAST_SHARE = 0.15
// Two that understand the same bytes are two names of one language; two devices share the line between them.
const MOST_TOGETHER = 1.2
const MIXED_FLUENCY = 0.7

/** A second protocol in the same bytes; undefined when there is none. */
export function otherTongue(
  best: Match,
  protocols: readonly SerialProtocol[],
  bytes: Uint8Array,
): string | undefined {
  if (best.fluency > 1 - LEAST_SHARE) return undefined
  const [other] = protocols
    .filter((protocol) => protocol !== best.protocol)
    .map((protocol) => ({ protocol, heard: hear(protocol, bytes) }))
    .map((trial) => ({ ...trial, share: fluency(trial.heard) }))
    .filter(({ share }) => share >= LEAST_SHARE && share + best.fluency <= MOST_TOGETHER)
    .filter((trial) => leavesTo(best, trial.protocol) || leavesTo(trial, best.protocol))
    .toSorted((a, b) => b.share - a.share)
  return other?.protocol.id
}

/** True when what one of them throws away is the language of the other: chance understands neither. */
function leavesTo({ heard }: Pick<Match, 'heard'>, other: SerialProtocol): boolean {
  const leftovers = Uint8Array.from(heard.leftovers.flatMap((piece) => [...piece]))
  return fluency(hear(other, leftovers)) >= MIXED_FLUENCY
}
