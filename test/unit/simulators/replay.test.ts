import { describe, expect, it } from '@jest/globals'
import { play } from '../../../simulators/play.ts'
import { parseRecording } from '../../../simulators/recording.ts'
import { timeline, type Due } from '../../../simulators/timeline.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const VITALS = parseRecording('t_s,SpO2\n0,90\n1,91\n2,92\n3,93\n', 'p.csv')
const GLUCOSE = parseRecording(
  't_s,cgm_mg_dl\n0,100\n300,101\n600,102\n600,102\n3000,103\n3300,104\n',
  'p.csv',
)

describe('the timeline of a device', () => {
  it('with a rate of its own repeats the row in force, three times a second', () => {
    const dues = [...timeline(VITALS, { startS: 1, speed: 1 }, { kind: 'messages-per-second', count: 3 })]
    expect(dues.map(({ row }) => row?.spo2)).toEqual([91, 91, 91, 92, 92, 92, 93, 93, 93])
  })

  it('keeps its rate when the recording runs faster', () => {
    const dues = [...timeline(VITALS, { startS: 0, speed: 2 }, { kind: 'messages-per-second', count: 1 })]
    expect(dues.map(({ row, elapsedS }) => [elapsedS, row?.spo2])).toEqual([
      [0, 90],
      [2, 92],
    ])
  })

  it('that sends each row sends it once, repeated rows as often as they stand there, and says where a gap begins', () => {
    const dues = [...timeline(GLUCOSE, { startS: 300, speed: 1 }, { kind: 'each-row' })]
    expect(dues.map(({ atS, row }) => [atS, row?.glucoseMgDl])).toEqual([
      [300, 101],
      [600, 102],
      [600, 102],
      [1050, undefined],
      [3000, 103],
      [3300, 104],
    ])
  })
})

describe('a replay', () => {
  function replay(
    clock: FakeClock,
    isLoop: boolean,
  ): { said: [number, Due][]; stop: () => void; finished: Promise<void> } {
    const said: [number, Due][] = []
    const dues = timeline(GLUCOSE, { startS: 0, speed: 60 }, { kind: 'each-row' })
    const playing = play(dues, {
      clock,
      speed: 60,
      isLoop,
      say: (due) => void said.push([clock.monotonicMs(), due]),
    })
    return { said, ...playing }
  }

  it('says each thing at its own time, without adding up what was late', () => {
    const clock = new FakeClock()
    const { said } = replay(clock, false)
    clock.advance(7_000)
    clock.advance(60_000)
    expect(said.map(([atMs]) => atMs)).toEqual([0, 5_000, 10_000, 10_000, 17_500, 50_000, 55_000])
  })

  it('ends with its last row', async () => {
    const clock = new FakeClock()
    const { said, finished } = replay(clock, false)
    clock.advance(55_000)
    await finished
    expect(said).toHaveLength(7)
    expect(clock.pendingCount).toBe(0)
  })

  it('begins again when it is told to', () => {
    const clock = new FakeClock()
    const { said, stop } = replay(clock, true)
    clock.advance(61_100)
    expect(said.slice(7).map(([atMs, { row }]) => [atMs, row?.glucoseMgDl])).toEqual([
      [56_000, 100],
      [61_000, 101],
    ])
    stop()
    expect(clock.pendingCount).toBe(0)
  })

  it('falls silent at once when it is stopped', async () => {
    const clock = new FakeClock()
    const { said, stop, finished } = replay(clock, false)
    clock.advance(5_000)
    stop()
    await finished
    clock.advance(100_000)
    expect(said).toHaveLength(2)
  })
})
