import { describe, expect, it } from '@jest/globals'
import { intellivueLan } from '../../../devices/intellivue-lan.ts'
import { intellivueRs232 } from '../../../devices/intellivue-rs232.ts'
import { encodeFrame } from '../../../devices/intellivue/mib-frame.ts'
import type { Alert, DeviceProtocol, Observation, Waveform } from '../../../devices/protocol.ts'
import { createIntellivueLan, createIntellivueSerial } from '../../../simulators/intellivue-talkers.ts'
import { kindOf } from '../../../simulators/device-kinds.ts'
import { expectedSets } from '../../../simulators/expected.ts'
import { loadRecording } from '../../../simulators/patients.ts'
import type { RecordedRow } from '../../../simulators/recording.ts'
import type { CreateTalker } from '../../../simulators/talker.ts'
import { timeline, type Due } from '../../../simulators/timeline.ts'
import { MonitorTalk, type TalkOptions } from '../../support/monitor-talk.ts'

interface Transport {
  readonly protocol: DeviceProtocol
  readonly createTalker: CreateTalker
}

const TRANSPORTS: readonly Transport[] = [
  { protocol: intellivueRs232, createTalker: createIntellivueSerial },
  { protocol: intellivueLan, createTalker: createIntellivueLan },
]
const PERIOD_MS = 1024
const SEED = { seed: 7, serial: '0000000007' }

function dueOf(index: number, row: Omit<RecordedRow, 'atS'> = {}): Due {
  return { atS: index, elapsedS: index, row: { atS: index, ...row } }
}

const WELL = { heartRate: 72, spo2: 97, pulseRate: 72, respRate: 15 }

describe.each(TRANSPORTS)('a conversation of $protocol.id', ({ protocol, createTalker }) => {
  const begin = (options: Partial<TalkOptions> = {}) =>
    new MonitorTalk({ protocol, talker: createTalker(SEED), ...options })

  const play = (talk: MonitorTalk, dues: readonly Due[]): void => {
    for (const due of dues) {
      talk.show(due)
      talk.runUntil(talk.nowMs + PERIOD_MS)
    }
  }

  const observations = (talk: MonitorTalk): readonly Observation[] =>
    talk.heard.flatMap(({ output }) => (output.kind === 'observation' ? [output] : []))
  const waves = (talk: MonitorTalk): readonly Waveform[] =>
    talk.heard.flatMap(({ output }) => (output.kind === 'waveform' ? [output] : []))
  const alerts = (talk: MonitorTalk): readonly Alert[] =>
    talk.heard.flatMap(({ output }) => (output.kind === 'alert' ? [output] : []))

  it.each([
    ['bidmc_19_numerics', 1],
    ['mimic2_s25047_numerics', 60],
  ])('brings all of %s, value for value, and nothing else', (patient, speed) => {
    const recording = loadRecording(patient, '.')
    const replay = {
      startS: 4000 * Math.sign(speed - 1),
      endS: 4000 * Math.sign(speed - 1) + 200 * speed,
      speed,
    }
    const rhythm = kindOf(protocol.id)?.rhythm ?? { kind: 'each-row' }
    const talk = begin()
    talk.open()
    play(talk, [...timeline(recording, replay, rhythm)])
    const expected = expectedSets(recording, protocol.id, replay).map(({ metrics }) =>
      JSON.stringify(metrics),
    )
    const heard = observations(talk).map(({ numerics }) =>
      JSON.stringify(numerics.map(({ metric, value }) => ({ mdc: metric.mdc, value }))),
    )
    expect(heard).toEqual(expected)
    expect(heard.length).toBeGreaterThan(150)
    expect(talk.heard.filter(({ output }) => output.kind === 'discarded')).toEqual([])
    expect(talk.forbidden).toEqual([])
  })

  it('goes on for as long as it is polled: polls are renewed before they end, values come every second', () => {
    const talk = begin()
    talk.open()
    play(
      talk,
      Array.from({ length: 300 }, (_, index) => dueOf(index, WELL)),
    )
    expect(observations(talk)).toHaveLength(300)
    const longestSilenceMs = Math.max(
      ...talk.sent.slice(1).map(({ atMs }, index) => atMs - (talk.sent[index]?.atMs ?? 0)),
    )
    expect(longestSilenceMs).toBeLessThan(40_000)
    expect(talk.sent.length).toBeGreaterThan(20)
  })

  it('tells who the monitor is, and gives its clock to every value', () => {
    const talk = begin()
    talk.open()
    play(talk, [dueOf(0, WELL)])
    expect(talk.heard.map(({ output }) => output)).toContainEqual({
      kind: 'text',
      name: 'system_id',
      value: '020000000007',
      isIdentity: true,
    })
    const [first] = observations(talk)
    expect(first?.deviceTime?.zone).toBe('unknown')
    expect(Math.abs((first?.deviceTime?.epochMs ?? 0) - Date.parse('2026-09-20T10:15:00Z'))).toBeLessThan(
      1000,
    )
  })

  it('exports the waves that are known, without a gap, in their units', () => {
    const talk = begin()
    talk.open()
    play(
      talk,
      Array.from({ length: 100 }, (_, index) => dueOf(index, WELL)),
    )
    const blocks = waves(talk)
    expect(new Set(blocks.map(({ channel }) => channel))).toEqual(new Set(['ecg-ii', 'pleth', 'abp', 'resp']))
    expect(blocks.filter(({ isAfterGap }) => isAfterGap)).toEqual([])
    const ecg = blocks.filter(({ channel }) => channel === 'ecg-ii')
    expect(ecg[0]?.rateHz).toBe(250)
    expect(ecg[0]?.scale).toEqual({ resolution: 0.005, offset: -40.96, unit: 'mV' })
    expect(ecg.length).toBeGreaterThan(380)
    const millivolts = ecg.flatMap(({ samples }) => samples.map((raw) => (raw ?? 0) * 0.005 - 40.96))
    expect(Math.max(...millivolts)).toBeGreaterThan(0.8)
    expect(Math.max(...millivolts)).toBeLessThan(1.3)
    expect(blocks.find(({ channel }) => channel === 'pleth')?.scale).toBeUndefined()
    expect(blocks.find(({ channel }) => channel === 'abp')?.scale).toEqual({
      resolution: 0.1,
      offset: -40,
      unit: 'mm[Hg]',
    })
  })

  it('tells an alarm when it begins and when it ends', () => {
    const talk = begin()
    talk.open()
    const spo2 = [97, 97, 86, 86, 86, 95, 95]
    play(
      talk,
      spo2.map((value, index) => dueOf(index, { ...WELL, spo2: value })),
    )
    expect(alerts(talk).map(({ text, phase, priority, source }) => [text, phase, priority, source])).toEqual([
      ['** SpO2 LOW', 'present', 'medium', 'patient'],
      ['** SpO2 LOW', 'present', 'medium', 'patient'],
      ['** SpO2 LOW', 'ended', 'medium', 'patient'],
    ])
    expect(alerts(talk).map(({ flags }) => flags)).toEqual([['new'], [], []])
    expect(new Set(alerts(talk).map(({ code }) => code)).size).toBe(1)
    expect(alerts(talk)[0]?.about?.ref).toBe('MDC_PULS_OXIM_SAT_O2')
  })

  it('tells a cuff pressure once, under the time at which it was measured', () => {
    const talk = begin()
    talk.open()
    const cuff = { nibpSystolic: 121, nibpDiastolic: 75, nibpMean: 90 }
    play(talk, [dueOf(0, WELL), dueOf(1, { ...WELL, ...cuff }), dueOf(2, WELL), dueOf(3, WELL)])
    const cuffs = observations(talk).filter(({ numerics }) =>
      numerics.some(({ metric }) => metric.ref === 'MDC_PRESS_BLD_NONINV_SYS'),
    )
    expect(cuffs).toHaveLength(1)
    expect(cuffs[0]?.numerics.map(({ value }) => value)).toEqual([121, 75, 90])
    expect(cuffs[0]?.ttlMs).toBeGreaterThan(60_000)
  })

  it('associates again when the monitor falls silent, and tells the end of an alarm that fell into the silence', () => {
    let isCut = false
    const lose = (bytes: Uint8Array): readonly Uint8Array[] => (isCut ? [] : [bytes])
    const talk = begin({ toDriver: lose, toTalker: lose })
    talk.open()
    play(talk, [dueOf(0, { ...WELL, spo2: 85 }), dueOf(1, { ...WELL, spo2: 85 })])
    isCut = true
    play(
      talk,
      Array.from({ length: 60 }, (_, index) => dueOf(index + 2, WELL)),
    )
    const duringCut = observations(talk).length
    expect(duringCut).toBe(2)
    isCut = false
    play(
      talk,
      Array.from({ length: 20 }, (_, index) => dueOf(index + 62, WELL)),
    )
    expect(observations(talk).length).toBeGreaterThan(12)
    expect(alerts(talk).at(-1)).toMatchObject({ text: '** SpO2 LOW', phase: 'ended' })
    const gaps = waves(talk).filter(({ isAfterGap }) => isAfterGap)
    expect(gaps.map(({ channel }) => channel).toSorted()).toEqual(['abp', 'ecg-ii', 'pleth', 'resp'])
    expect(talk.forbidden).toEqual([])
  })

  it('tells an alarm again that is still there when the line is opened again', () => {
    const talk = begin()
    const low = { ...WELL, spo2: 85 }
    talk.open()
    play(talk, [dueOf(0, low), dueOf(1, low), dueOf(2, low)])
    talk.close()
    talk.open()
    play(talk, [dueOf(3, low), dueOf(4, low)])
    expect(alerts(talk).map(({ phase, flags }) => [phase, flags])).toEqual([
      ['present', ['new']],
      ['present', []],
      ['present', []],
    ])
  })

  it('begins anew when the line is opened again', () => {
    const talk = begin()
    talk.open()
    play(talk, [dueOf(0, WELL)])
    talk.close()
    expect(talk.driver.wakeAtMs).toBeUndefined()
    play(talk, [dueOf(1, WELL)])
    talk.open()
    play(talk, [dueOf(2, WELL), dueOf(3, WELL)])
    expect(talk.heard.map(({ output }) => output).filter(({ kind }) => kind === 'discarded')).toEqual([])
    expect(observations(talk).length).toBeGreaterThanOrEqual(3)
  })

  it('keeps asking a monitor that does not answer, patiently', () => {
    const talk = begin({ toTalker: () => [] })
    talk.open()
    talk.runUntil(talk.nowMs + 60_000)
    expect(talk.sent.length).toBeGreaterThan(10)
    expect(talk.sent.length).toBeLessThan(30)
  })

  it('waits longer after a refusal', () => {
    let isReady = false
    const refuse = (bytes: Uint8Array): readonly Uint8Array[] => (isReady ? [bytes] : [])
    const talk = begin({ toTalker: refuse })
    talk.open()
    const refusal = Uint8Array.of(0x0c, 0x00)
    const framed = protocol.id === 'intellivue-lan' ? refusal : encodeFrame(refusal)
    talk.driver.receive({ kind: 'bytes', bytes: framed }, talk.nowMs)
    expect((talk.driver.wakeAtMs ?? 0) - talk.nowMs).toBe(10_000)
    isReady = true
    talk.runUntil(talk.nowMs + 11_000)
    play(talk, [dueOf(0, WELL)])
    expect(observations(talk)).toHaveLength(1)
  })
})
