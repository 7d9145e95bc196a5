import { describe, expect, it } from '@jest/globals'
import { datexDri } from '../../../devices/datex-dri.ts'
import { frame } from '../../../devices/dri/frame.ts'
import { ASK } from '../../../devices/dri/requests.ts'
import type { Observation, Waveform } from '../../../devices/protocol.ts'
import { createDriMonitor } from '../../../simulators/dri-monitor.ts'
import { expectDri } from '../../../simulators/expected-ventilation.ts'
import type { Due } from '../../../simulators/timeline.ts'
import { LineInMemory } from '../../support/line-in-memory.ts'

function due(spo2: number | undefined, atS = 0): Due {
  return {
    atS,
    elapsedS: atS,
    row: { atS, heartRate: 72, respRate: 16, pulseRate: 71, ...(spo2 !== undefined && { spo2 }) },
  }
}

function started(): LineInMemory {
  const line = new LineInMemory(datexDri, createDriMonitor())
  line.show(due(97))
  line.open()
  return line
}

const observations = (line: LineInMemory): readonly Observation[] =>
  line.outputs.filter((output) => output.kind === 'observation')

const waves = (line: LineInMemory): readonly Waveform[] =>
  line.outputs.filter((output) => output.kind === 'waveform')

describe('the driver and a simulated monitor', () => {
  it('hear exactly what the monitor shows, every five seconds', () => {
    const line = started()
    line.advance(20_000)
    expect(observations(line)).toHaveLength(4)
    for (const { numerics } of observations(line))
      expect(numerics.map(({ metric, value }) => ({ mdc: metric.mdc, value }))).toEqual(expectDri(due(97)))
    expect(line.outputs.filter(({ kind }) => kind === 'discarded')).toEqual([])
    expect(line.forbidden).toEqual([])
  })

  it('get seven curves of 600 samples a second together', () => {
    const line = started()
    line.advance(10_000)
    const perSecond = waves(line).reduce((sum, { samples }) => sum + samples.length, 0) / 10
    expect(new Set(waves(line).map(({ channel }) => channel)).size).toBe(7)
    expect(perSecond).toBe(600)
  })

  it('ask four times and then not again while everything comes', () => {
    const line = started()
    line.advance(14_000)
    expect(line.sent).toHaveLength(4)
  })

  it('ask again for what stops coming', () => {
    const line = started()
    line.advance(6000)
    line.inject(frame(new Uint8Array(0)))
    line.isHeard = false
    const monitorSwitchedOff = new LineInMemory(datexDri, { show: () => [], hear: () => [] })
    monitorSwitchedOff.open()
    monitorSwitchedOff.advance(61_000)
    const displayed = Buffer.from(ASK.displayed).toString('hex')
    const alarms = Buffer.from(ASK.alarmStatus).toString('hex')
    expect(monitorSwitchedOff.sent.filter((hex) => hex === displayed).length).toBe(6)
    // A monitor that knows no alarm request is asked three times.
    expect(monitorSwitchedOff.sent.filter((hex) => hex === alarms).length).toBe(3)
  })

  it('tell an alarm when it begins and when it ends, also across a reconnect', () => {
    const line = started()
    line.advance(1000)
    line.show(due(85))
    line.close()
    line.show(due(97))
    line.open()
    const alerts = line.outputs.filter((output) => output.kind === 'alert')
    expect(alerts.map(({ code, phase, priority }) => ({ code, phase, priority }))).toEqual([
      { code: 'spo2-low', phase: 'present', priority: 'medium' },
      { code: 'spo2-low', phase: 'ended', priority: 'medium' },
    ])
  })

  it('say nothing after the line is closed', () => {
    const line = started()
    line.close()
    const sent = line.sent.length
    line.advance(60_000)
    expect(line.sent).toHaveLength(sent)
    expect(line.driver.wakeAtMs).toBeUndefined()
  })
})

describe('a simulated monitor', () => {
  it.each([
    ['noise', '7e010203047e'],
    ['a request with a wrong sum', Buffer.from(ASK.displayed).toString('hex').replace(/..7e$/, '007e')],
    [
      'an interval below five seconds',
      '7e310000000000000000000000000000000000000000ff0000000000000000000000000000000000000104000000000000000000357e',
    ],
  ])('does not answer %s', (_, hex) => {
    const monitor = createDriMonitor()
    monitor.show(due(97), 0)
    expect(monitor.hear(Buffer.from(hex, 'hex'), 0)).toEqual([])
    expect(monitor.wakeAtMs).toBeUndefined()
  })
})
