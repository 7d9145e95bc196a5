import { describe, expect, it } from '@jest/globals'
import { protocolById } from '../../../devices/registry.ts'
import type { TalkingKind } from '../../../simulators/device-kinds.ts'
import { expectedSets, type ExpectedSet } from '../../../simulators/expected.ts'
import { loadRecording } from '../../../simulators/patients.ts'
import { TALKING_KINDS } from '../../../simulators/talking-kinds.ts'
import { timeline } from '../../../simulators/timeline.ts'
import { seededRandom } from '../../support/conformance/damage.ts'
import { Conversation, type Heard } from '../../support/conversation.ts'

const START_MS = Date.UTC(2026, 8, 20)
const OPTIONS = { seed: 7, serial: '0000000007' }
/** A minute and a half, with the oximeter falling off at 111 s of the recording. */
const REPLAY = { startS: 60, endS: 150, speed: 1 }
/** How long a value may be on its way: the slowest is asked for it every few seconds. */
const LATE_S = 15

const recording = loadRecording('bidmc_01_numerics', '.')

function converse(kind: TalkingKind): Conversation {
  const protocol = protocolById(kind.protocol)
  if (protocol === undefined) throw new Error(`${kind.protocol} has no driver`)
  const conversation = new Conversation(protocol, kind.createTalker(OPTIONS), START_MS)
  conversation.open()
  for (const due of timeline(recording, REPLAY, kind.rhythm)) {
    conversation.runTo(START_MS + due.elapsedS * 1000)
    conversation.show(due)
  }
  conversation.runTo(START_MS + (REPLAY.endS - REPLAY.startS) * 1000)
  conversation.close()
  return conversation
}

/** Every value of a quantity that the device showed in the seconds before. */
function shownBefore(sets: readonly ExpectedSet[], mdc: number, atS: number): readonly (number | null)[] {
  return sets
    .filter((set) => set.atS <= atS && set.atS > atS - LATE_S)
    .flatMap(({ metrics }) => metrics.filter((metric) => metric.mdc === mdc).map(({ value }) => value))
}

function strangeValues(heard: readonly Heard[], sets: readonly ExpectedSet[]): readonly unknown[] {
  const known = new Set(sets.flatMap(({ metrics }) => metrics.map(({ mdc }) => mdc)))
  return heard.flatMap(({ atMs, output }) => {
    if (output.kind !== 'observation' || output.isHistory === true) return []
    const atS = REPLAY.startS + (atMs - START_MS) / 1000
    return (
      output.numerics
        .filter(
          ({ metric, value }) => known.has(metric.mdc) && !shownBefore(sets, metric.mdc, atS).includes(value),
        )
        // Before anything was shown there is nothing to have.
        .filter(({ value }) => value !== null || atS > REPLAY.startS + 1)
        .map(({ metric, value }) => ({ atS, ref: metric.ref, value }))
    )
  })
}

describe.each(TALKING_KINDS)('the simulated device and the driver of $protocol', (kind) => {
  it('understand each other without a lost byte, value for value', () => {
    const { heard } = converse(kind)
    const sets = expectedSets(recording, kind.protocol, REPLAY)
    expect(heard.filter(({ output }) => output.kind === 'discarded')).toEqual([])
    expect(strangeValues(heard, sets)).toEqual([])
    const told = new Set(
      heard.flatMap(({ output }) =>
        output.kind === 'observation'
          ? output.numerics.map(({ metric, value }) => `${metric.mdc} ${value}`)
          : [],
      ),
    )
    // What was shown for long enough was told.
    const steady = sets.flatMap(({ metrics }) => metrics.map(({ mdc, value }) => `${mdc} ${value}`))
    const often = steady.filter((each) => steady.filter((other) => other === each).length > LATE_S)
    expect(often.filter((each) => !told.has(each))).toEqual([])
    expect(told.size).toBeGreaterThanOrEqual(Math.min(3, new Set(steady).size))
  })

  it('survives a gateway that talks nonsense', () => {
    const talker = kind.createTalker(OPTIONS)
    const random = seededRandom(3)
    talker.connected?.(START_MS)
    for (let round = 0; round < 400; round += 1) {
      const bytes = Uint8Array.from({ length: Math.floor(random() * 80) }, () => Math.floor(random() * 256))
      const atMs = START_MS + round * 250
      for (const said of [...talker.hear(bytes, atMs), ...(talker.tick?.(atMs) ?? [])])
        expect(said).toBeInstanceOf(Uint8Array)
    }
  })
})
