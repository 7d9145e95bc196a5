import { describe, expect, it } from '@jest/globals'
import type { Alert, DriverOutput, Waveform } from '../../../../devices/protocol.ts'
import { attribute, list, text16, u16, u32, type Octets } from '../../../../simulators/intellivue-octets.ts'
import { decodeAll, readLive, resultOf, waveData, waveSpec } from '../../../support/intellivue-messages.ts'

const samples = (...raw: readonly number[]): Octets => raw.flatMap(u16)
const waves = (outputs: readonly DriverOutput[]): readonly Waveform[] =>
  outputs.flatMap((output) => (output.kind === 'waveform' ? [output] : []))
const wave = (data: Octets, options = {}): Octets => attribute(0x096e, waveData(data, options))
const spec = (bits?: number, significant?: number, period?: number): Uint8Array =>
  resultOf(waveSpec(bits, significant, period), { ticks: 0 })

describe('a wave', () => {
  it('is read with the specification that came before', () => {
    expect(waves(readLive(spec(), resultOf([wave(samples(0, 400, 4095))])))).toEqual([
      {
        kind: 'waveform',
        channel: 'abp',
        wave: { mdc: 150036, ref: 'MDC_PRESS_BLD_ART_ABP' },
        label: 'MDC_PRESS_BLD_ART_ABP',
        rateHz: 125,
        samples: [0, 400, 4095],
        scale: { resolution: 0.1, offset: -40, unit: 'mm[Hg]' },
      },
    ])
  })

  it('has gaps where bits above the significant ones are set', () => {
    const [block] = waves(readLive(spec(), resultOf([wave(samples(1, 0x8001, 0x1000, 0x4004, 0x0fff))])))
    expect(block?.samples).toEqual([1, null, null, null, 4095])
  })

  it('of eight bits is read by the byte', () => {
    const [block] = waves(readLive(spec(8, 8), resultOf([wave([0, 127, 255])])))
    expect(block?.samples).toEqual([0, 127, 255])
  })

  it.each([
    ['no specification', resultOf([])],
    ['samples of 12 bits', spec(12, 12)],
    ['samples of no bits', spec(0, 0)],
    ['more significant bits than bits', spec(8, 12)],
    ['no period', spec(16, 12, 0)],
  ])('with %s is not shown', (_, before) => {
    expect(waves(readLive(before, resultOf([wave(samples(1, 2))])))).toEqual([])
  })

  it.each([
    [0x0400, 'invalid', ['demo']],
    [0x0800, 'invalid', ['test']],
    [0x8000, 'invalid', ['invalid']],
    [0x2000, 'absent', ['unavailable']],
    [0x1000, 'calibrating', ['calibrating']],
  ])('of state %i has gaps instead of samples', (state, quality, why) => {
    const [block] = waves(readLive(spec(), resultOf([wave(samples(1, 2, 3), { state })])))
    expect(block).toMatchObject({ samples: [null, null, null], quality, why })
  })

  it('that is questionable is shown as such', () => {
    const [block] = waves(readLive(spec(), resultOf([wave(samples(1, 2), { state: 0x4000 })])))
    expect(block).toMatchObject({ samples: [1, 2], quality: 'questionable' })
  })

  it('takes a new specification where it stands: values before it are of the old one', () => {
    const message = resultOf([wave(samples(1, 2)), ...waveSpec(8, 8, 32), wave([3, 4])])
    expect(waves(readLive(spec(), message)).map((block) => [block.rateHz, block.samples])).toEqual([
      [125, [1, 2]],
      [250, [3, 4]],
    ])
  })

  it('says when blocks are missing, and not when one is late', () => {
    const block = (ticks: number): Uint8Array =>
      resultOf([wave(samples(...Array.from({ length: 32 }, (_, index) => index)))], { ticks })
    const read = waves(readLive(spec(), block(2048), block(4096 + 500), block(6144), block(12_288)))
    expect(read.map(({ isAfterGap }) => isAfterGap === true)).toEqual([false, false, false, true])
  })

  it('is told once when two polls overlap', () => {
    const block = resultOf([wave(samples(1, 2))], { ticks: 2048 })
    expect(waves(readLive(spec(), block, block))).toHaveLength(1)
  })

  it('of a handle that comes back as another object forgets what it was', () => {
    const first = resultOf([attribute(0x092f, [...u16(1), ...u16(9)]), ...waveSpec()], { ticks: 0 })
    const other = resultOf([attribute(0x092f, [...u16(1), ...u16(6)])], { ticks: 1 })
    expect(waves(readLive(first, other, resultOf([wave(samples(1))])))).toEqual([])
  })

  it('of several in one object comes apart', () => {
    const compound = attribute(
      0x0967,
      list([
        waveData(samples(1)),
        waveData(samples(2), { physioId: 0x4bb4 }),
        waveData(samples(3), { physioId: 0xf0f0 }),
      ]),
    )
    const read = waves(readLive(spec(), resultOf([compound])))
    expect(read.map(({ channel, samples: raw }) => [channel, raw])).toEqual([
      ['abp', [1]],
      ['pleth', [2]],
      ['wave-f0f0', [3]],
    ])
    expect(read[2]?.wave).toBeNull()
  })

  it.each([
    ['an odd number of octets', wave([1, 2, 3])],
    ['a length beyond its attribute', attribute(0x096e, [...u16(0x4a14), ...u16(0), ...u16(400), 1, 2])],
    ['octets behind its data', attribute(0x096e, [...waveData(samples(1)), 9, 9])],
    ['a count without end', attribute(0x0967, [...u16(0xffff), ...u16(8), ...waveData(samples(1))])],
  ])('with %s is malformed somewhere and throws nothing', (_, octets) => {
    const outputs = readLive(spec(), resultOf([octets]))
    expect(outputs.some((output) => output.kind === 'discarded' && output.reason === 'malformed')).toBe(true)
  })
})

interface Entry {
  readonly source?: number
  readonly code?: number
  readonly type?: number
  readonly state?: number
  readonly text?: string
}

function entry({ source = 0x4bb8, code = 2, type = 0x0200, state = 0, text = 'LOW' }: Entry): Octets {
  const info = [...u16(1), ...u32(0x24bb8), ...u16(200), ...u16(0), ...(text === '' ? [] : text16(text))]
  const head = [source, code, type, state, 6, 0, 0x83d5, text === '' ? 513 : 516, info.length]
  return [...head.flatMap(u16), ...info]
}

const alarms = (patient: readonly Entry[], technical: readonly Entry[] = []): Uint8Array =>
  resultOf([attribute(0x0902, list(patient.map(entry))), attribute(0x0904, list(technical.map(entry)))], {
    objectCode: 0x36,
  })
const alertsOf = (...messages: readonly Uint8Array[]): readonly Alert[] =>
  readLive(...messages).flatMap((output) => (output.kind === 'alert' ? [output] : []))

describe('an alarm', () => {
  it.each([
    [0x0001, 'low', 'technical'],
    [0x0002, 'medium', 'technical'],
    [0x0004, 'high', 'technical'],
    [0x0100, 'low', 'patient'],
    [0x0200, 'medium', 'patient'],
    [0x0400, 'high', 'patient'],
    [0x0404, 'high', 'patient'],
    [0x0000, 'unknown', 'patient'],
    [0x8000, 'unknown', 'patient'],
  ])('of type %i is %s %s', (type, priority, source) => {
    expect(alertsOf(alarms([{ type }]))).toMatchObject([{ priority, source }])
  })

  it.each([
    [0x8000, ['inhibited'], ['alarm-off']],
    [0x4000, ['suspended'], ['alarm-paused']],
    [0x2000, ['latched'], undefined],
    [0x1000, ['silenced'], ['acknowledged']],
    [0x0200, ['standby'], undefined],
    [0x0008, ['new'], undefined],
    [0x3008, ['latched', 'silenced', 'new'], ['acknowledged']],
  ])('of state %i says %j', (state, flags, inactivation) => {
    const [alert] = alertsOf(alarms([{ state }]))
    expect(alert?.flags).toEqual(flags)
    expect(alert?.inactivation).toEqual(inactivation)
  })

  it('is told at its beginning, at a change and at its end, and not in between', () => {
    const told = alertsOf(
      alarms([{ state: 8 }]),
      alarms([{}]),
      alarms([{}]),
      alarms([{ type: 0x0400 }]),
      alarms([{ type: 0x0400, state: 0x1000 }]),
      alarms([]),
      alarms([]),
    )
    expect(told.map(({ phase, priority }) => `${phase} ${priority}`)).toEqual([
      'present medium',
      'present medium',
      'present high',
      'present high',
      'ended high',
    ])
    expect(told.at(-1)).toMatchObject({ flags: [], inactivation: [] })
    expect(new Set(told.map(({ code }) => code)).size).toBe(1)
    for (const { code } of told) expect(code).toMatch(/^[a-z0-9-]{1,32}$/)
  })

  it.each([0x0100, 0x0400, 0x0508])('of a demonstration or a test (state %i) is nobody’s alarm', (state) => {
    const outputs = readLive(alarms([{ state }], [{ state, type: 1 }]))
    expect(outputs.filter(({ kind }) => kind === 'alert')).toEqual([])
    expect(
      outputs.filter((output) => output.kind === 'discarded' && output.reason === 'test-data'),
    ).toHaveLength(2)
  })

  it.each(['before', 'behind'])('is nobody’s when the condition %s the lists says demonstration', (place) => {
    const condition = attribute(0x0916, [0x1100, 1, 512, 0, 512].flatMap(u16))
    const patients = attribute(0x0902, list([entry({})]))
    const attributes = place === 'before' ? [condition, patients] : [patients, condition]
    const again = resultOf([patients], { objectCode: 0x36 })
    const outputs = readLive(resultOf(attributes, { objectCode: 0x36 }), again)
    expect(outputs.filter(({ kind }) => kind === 'alert')).toEqual([])
    expect(
      outputs.filter((output) => output.kind === 'discarded' && output.reason === 'test-data'),
    ).toHaveLength(2)
  })

  it('counts again when the condition says no more that it is a demonstration', () => {
    const result = (state: number): Uint8Array =>
      resultOf(
        [attribute(0x0902, list([entry({})])), attribute(0x0916, [state, 1, 512, 0, 512].flatMap(u16))],
        { objectCode: 0x36 },
      )
    expect(alertsOf(result(0x0400), result(0)).map(({ phase }) => phase)).toEqual(['present'])
  })

  it('that turns into one of a test has ended', () => {
    expect(alertsOf(alarms([{}]), alarms([{ state: 0x0400 }])).map(({ phase }) => phase)).toEqual([
      'present',
      'ended',
    ])
  })

  it('without a text is named by its text id', () => {
    expect(alertsOf(alarms([{ text: '' }]))[0]?.text).toBe('text 00024BB8')
  })

  it('that is there twice is two alarms, and one of them can end', () => {
    const told = alertsOf(alarms([{}, {}]), alarms([{}]))
    expect(told.map(({ phase }) => phase)).toEqual(['present', 'present', 'ended'])
    expect(new Set(told.map(({ code }) => code)).size).toBe(2)
  })

  it('of a source without a known code is about nothing', () => {
    expect(alertsOf(alarms([{ source: 0xf001 }]))[0]?.about).toBeUndefined()
  })

  it.each([
    ['a count larger than the list', [...u16(2), ...u16(entry({}).length), ...entry({})]],
    ['a length larger than what is there', [...u16(1), ...u16(400), ...entry({})]],
    ['an octet behind the list', [...list([entry({})]), 0]],
    ['an entry cut short', [...u16(1), ...u16(20), ...entry({}).slice(0, 20)]],
    ['a text longer than its info', list([entry({ text: 'LOW' }).with(29, 0xff)])],
  ])('of a list with %s neither begins nor ends', (_, octets) => {
    const broken = resultOf([attribute(0x0902, octets)], { objectCode: 0x36 })
    const told = alertsOf(alarms([{ code: 9 }]), broken, alarms([{ code: 9 }]))
    expect(told).toHaveLength(1)
  })

  it('is in the words of the device, in a capture each time', () => {
    const lines = decodeAll(alarms([{ text: '*** DESAT' }]), alarms([{ text: '*** DESAT' }]))
    expect(lines.filter(({ ref }) => ref === 'P_alarms').map(({ value }) => value)).toEqual([
      ['*** DESAT'],
      ['*** DESAT'],
    ])
  })
})
