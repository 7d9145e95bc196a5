import { describe, expect, it } from '@jest/globals'
import { medibus } from '../../../devices/medibus.ts'
import type { Observation, Waveform } from '../../../devices/protocol.ts'
import { expectMedibus } from '../../../simulators/expected-ventilation.ts'
import { createMedibusVentilator } from '../../../simulators/medibus-ventilator.ts'
import type { Due } from '../../../simulators/timeline.ts'
import { LineInMemory } from '../../support/line-in-memory.ts'

function due(spo2: number | undefined): Due {
  return { atS: 0, elapsedS: 0, row: { atS: 0, pulseRate: 71, ...(spo2 !== undefined && { spo2 }) } }
}

function started(): LineInMemory {
  const line = new LineInMemory(medibus, createMedibusVentilator())
  line.show(due(97))
  line.open()
  return line
}

const observations = (line: LineInMemory): readonly Observation[] =>
  line.outputs.filter((output) => output.kind === 'observation')

const wavesOf = (line: LineInMemory, channel: string): readonly Waveform[] =>
  line.outputs.filter((output) => output.kind === 'waveform').filter((wave) => wave.channel === channel)

const bytes = (hex: string): Uint8Array => Buffer.from(hex, 'hex')

describe('the driver and a simulated ventilator', () => {
  it('link up and read the measured data every second', () => {
    const line = started()
    line.advance(10_000)
    expect(observations(line).length).toBeGreaterThanOrEqual(9)
    for (const { numerics } of observations(line))
      expect(numerics.map(({ metric, value }) => ({ mdc: metric.mdc, value }))).toEqual(
        expectMedibus(due(97)),
      )
    expect(line.outputs.filter(({ kind }) => kind === 'discarded')).toEqual([])
    expect(line.forbidden).toEqual([])
  })

  it('learn who the device is, its settings and limits, its messages and its clock', () => {
    const line = started()
    line.advance(3000)
    const texts = new Map(
      line.outputs.flatMap((output) => (output.kind === 'text' ? [[output.name, output.value]] : [])),
    )
    expect(texts.get('device_name')).toBe('Evita 4')
    expect(texts.get('setting PEEP')).toBe(5)
    expect(texts.get('high limit 7D')).toBe(40)
    expect(texts.get('text 0E')).toBe('BIPAP')
    expect(texts.get('device_time')).toMatch(/^2026-09-20T10:15:0/)
  })

  it('get pressure, flow and CO2 as curves of 62.5 samples a second, with the marks of the breaths', () => {
    const line = started()
    line.advance(20_000)
    for (const channel of ['airway-pressure', 'airway-flow', 'co2']) {
      const samples = wavesOf(line, channel).flatMap((wave) => wave.samples)
      expect(samples.length).toBeGreaterThan(15 * 62)
      expect(samples).not.toContain(null)
    }
    const phases = line.outputs.flatMap((output) =>
      output.kind === 'text' && output.name === 'breath_phase' ? [output.value] : [],
    )
    expect(phases.length).toBeGreaterThan(4)
    expect(phases.every((phase, index) => phase !== phases[index - 1])).toBe(true)
  })

  it('tell a value that is no longer sent once as absent', () => {
    const line = started()
    line.advance(3000)
    line.show(due(undefined))
    line.advance(3000)
    const spo2 = observations(line)
      .flatMap(({ numerics }) => numerics)
      .filter(({ metric }) => metric.ref === 'MDC_PULS_OXIM_SAT_O2')
    expect(spo2.filter(({ quality }) => quality === 'absent')).toEqual([
      expect.objectContaining({ value: null, why: ['not_sent'] }),
    ])
    expect(spo2.at(-1)?.quality).toBe('absent')
  })

  it('tell an alarm and its end', () => {
    const line = started()
    line.advance(2000)
    line.show(due(85))
    line.advance(2000)
    line.show(due(96))
    line.advance(2000)
    const alerts = line.outputs.filter((output) => output.kind === 'alert')
    expect(alerts.map(({ code, phase, priority, text }) => ({ code, phase, priority, text }))).toEqual([
      { code: '07', phase: 'present', priority: 'high', text: 'SPO2 LOW' },
      { code: '07', phase: 'ended', priority: 'high', text: 'SPO2 LOW' },
    ])
  })

  it('find each other again after the line was dead for ten seconds', () => {
    const line = started()
    line.advance(5000)
    line.isHeard = false
    line.advance(10_000)
    const before = observations(line).length
    line.isHeard = true
    line.advance(10_000)
    expect(observations(line).length).toBeGreaterThan(before + 4)
    expect(wavesOf(line, 'co2').length).toBeGreaterThan(0)
    expect(line.forbidden).toEqual([])
  })
})

describe('a simulated ventilator', () => {
  it('calls every three seconds until it is answered', () => {
    const ventilator = createMedibusVentilator()
    expect(ventilator.connected?.(0)).toEqual([bytes('1b5136430d')])
    expect(ventilator.tick?.(2999)).toEqual([])
    expect(ventilator.tick?.(3000)).toEqual([bytes('1b5136430d')])
  })

  it('wants to know who is there before it answers', () => {
    const ventilator = createMedibusVentilator()
    ventilator.show(due(97), 0)
    expect(ventilator.hear(bytes('1b2433460d'), 0)).toEqual([bytes('011531360d')])
    // The question stands inside the answer.
    expect(ventilator.hear(bytes('1b5136430d'), 0)).toEqual([bytes('01511b5236440d35320d')])
  })

  it.each([
    ['a wrong sum', '1b2430300d'],
    ['a command that it does not know', '1b6a38350d'],
  ])('refuses %s', (_, hex) => {
    const ventilator = createMedibusVentilator()
    ventilator.show(due(97), 0)
    expect(ventilator.hear(bytes(hex), 0)).toEqual([bytes('011531360d')])
  })
})
