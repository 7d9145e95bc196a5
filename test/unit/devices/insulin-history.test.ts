import { describe, expect, it } from '@jest/globals'
import { appendCrc } from '../../../devices/gatt/e2e.ts'
import type { DriverMemory, DriverOutput } from '../../../devices/protocol.ts'
import { AT_MS, bytesOf, FakePump, type PumpBehaviour } from '../../support/fake-pump.ts'
import { keptMemory, readingsOf, textsOf } from '../../support/fake-peer.ts'

const SUCCESS = '0f0f33f0'

const word = (value: number): string => Buffer.from([value & 0xff, value >>> 8]).toString('hex')

/** Reference time 10:00 UTC; a bolus of 2.5 IU; reservoir 100 IU. */
const REFERENCE = (sequence: number): string => `0f00 ${word(sequence)}0000 0000 33 ea0709140a0000 00 00`
const BOLUS = (sequence: number, offsetS: number): string =>
  `6900 ${word(sequence)}0000 ${word(offsetS)} 0700 33 19f0 0000 0000`
const RESERVOIR = (sequence: number, offsetS: number): string =>
  `3003 ${word(sequence)}0000 ${word(offsetS)} 6400`
const ANNUNCIATION = (sequence: number): string => `3f03 ${word(sequence)}0000 0a00 00 0100 3c00 33`

/** A pump whose answers to a report are sent by the test. */
function pumpOf(memory?: DriverMemory, behaviour: PumpBehaviour = {}): FakePump {
  const answers = { '33550f': null, '33690f': null, ...behaviour.answers }
  return new FakePump({ ...behaviour, answers }, memory)
}

function report(pump: FakePump, events: readonly string[], result = SUCCESS): DriverOutput[] {
  return [
    ...events.flatMap((hex) =>
      pump.settle({ kind: 'value', characteristic: '2B28', via: 'notification', bytes: bytesOf(hex) }),
    ),
    ...pump.indicate('2B27', result),
  ]
}

function historyWrites(pump: FakePump): string[] {
  return pump.commands.flatMap((command) =>
    command.kind === 'write' && command.characteristic === '2B27'
      ? [Buffer.from(command.bytes).toString('hex')]
      : [],
  )
}

describe('the stored events of a pump', () => {
  it('are told as history at the time of the pump, in numbers and in words', () => {
    const pump = pumpOf()
    pump.open()
    const outputs = report(pump, [REFERENCE(0), BOLUS(1, 60), RESERVOIR(2, 120)])
    expect(readingsOf(outputs)).toEqual(['2.5h', '100h'])
    expect(outputs).toContainEqual(
      expect.objectContaining({
        numerics: [expect.objectContaining({ value: 2.5, why: ['bolus_delivered', 'bolus_fast'] })],
        deviceTime: { epochMs: Date.parse('2026-09-20T10:01:00Z'), zone: 'utc' },
      }),
    )
    const words = textsOf(outputs).filter(([name]) => name === 'history_event')
    expect(words).toHaveLength(3)
    expect(words[1]?.[1]).toEqual(
      expect.arrayContaining(['event=bolus-delivered-1', 'sequence=1', 'bolusId=7']),
    )
  })

  it('are asked for from the last one on, over reconnections and restarts', () => {
    const memory = keptMemory()
    const pump = pumpOf(memory)
    pump.open()
    report(pump, [REFERENCE(0), BOLUS(1, 60)])
    pump.settle({ kind: 'closed', reason: 'connection-timeout' })
    pump.open()
    expect(readingsOf(report(pump, [BOLUS(2, 90)]))).toEqual(['2.5h'])
    const restarted = pumpOf(memory)
    restarted.open()
    const outputs = report(restarted, [BOLUS(2, 90), RESERVOIR(3, 120)])
    expect(readingsOf(outputs)).toEqual(['100h'])
    expect(outputs).toContainEqual(
      expect.objectContaining({ deviceTime: { epochMs: Date.parse('2026-09-20T10:02:00Z'), zone: 'utc' } }),
    )
    expect([...historyWrites(pump), ...historyWrites(restarted)]).toEqual([
      '33550f00000000',
      '33550f02000000',
      '33550f03000000',
    ])
  })

  it('are fetched when the pump says so, and then its bit is reset', () => {
    const pump = pumpOf()
    pump.open()
    report(pump, [REFERENCE(0)])
    pump.commands.length = 0
    pump.indicate('2B20', '8000')
    expect(readingsOf(report(pump, [BOLUS(1, 60)]))).toEqual(['2.5h'])
    expect(
      pump.commands.map((command) => 'bytes' in command && Buffer.from(command.bytes).toString('hex')),
    ).toEqual(['33550f01000000', '0c038000'])
  })

  it('leave the bit set when they could not be fetched, and are asked for with the next poll', () => {
    const pump = pumpOf()
    pump.open()
    pump.indicate('2B20', '8000')
    pump.commands.length = 0
    report(pump, [], '0f0f3308')
    expect(pump.commands.some((command) => 'bytes' in command && command.bytes[0] === 0x0c)).toBe(false)
    pump.tick(AT_MS + 60_000)
    expect(historyWrites(pump).length).toBeGreaterThan(0)
  })

  it('tell an old annunciation in words and raise no alarm', () => {
    const pump = pumpOf()
    pump.open()
    const outputs = report(pump, [ANNUNCIATION(0)])
    expect(outputs.filter(({ kind }) => kind === 'alert')).toEqual([])
    expect(textsOf(outputs)[0]?.[1]).toEqual(expect.arrayContaining(['type=occlusion-detected']))
  })

  it('have no time after the pump has lost its own', () => {
    const pump = pumpOf()
    pump.open()
    const lost = '0f00 01000000 0000 55 d00701010000 00 00 00'
    const outputs = report(pump, [REFERENCE(0), lost, BOLUS(2, 60)])
    expect(outputs.find((output) => output.kind === 'observation')).not.toHaveProperty('deviceTime')
  })

  it('do not move on with an event that has no number', () => {
    const memory = keptMemory()
    const pump = pumpOf(memory)
    pump.open()
    report(pump, [REFERENCE(0), 'a603 ffffffff 0000'])
    const next = pumpOf(memory)
    next.open()
    expect(historyWrites(next)).toEqual(['33550f01000000'])
  })

  it('are protected by a CRC, and one that is damaged is asked for again with all behind it', () => {
    const pump = pumpOf(undefined, { isProtected: true })
    pump.open()
    const sealed = (hex: string): string => Buffer.from(appendCrc(bytesOf(hex))).toString('hex')
    const damaged = sealed(BOLUS(1, 60)).replace(/..$/, '00')
    const first = report(pump, [sealed(REFERENCE(0)), damaged, sealed(RESERVOIR(2, 120))])
    expect(readingsOf(first)).toEqual([])
    expect(readingsOf(report(pump, [sealed(BOLUS(1, 60)), sealed(RESERVOIR(2, 120))]))).toEqual([
      '2.5h',
      '100h',
    ])
    expect(historyWrites(pump).map((hex) => hex.slice(0, 16))).toEqual([
      '33550f0000000001',
      '33550f0100000002',
    ])
  })

  it('are given up after 30 seconds of silence, and the pump is asked other things again', () => {
    const pump = pumpOf(undefined, { answers: { '550f': '0f0f55f0' } })
    pump.open()
    const outputs = pump.tick(AT_MS + 30_000)
    expect(textsOf(outputs)).toEqual(
      expect.arrayContaining([
        ['record_access', 'timed_out'],
        ['record_access', 'aborted'],
      ]),
    )
    expect(historyWrites(pump)).toEqual(['33550f00000000', '550f'])
    expect(textsOf(outputs)).toContainEqual(['daily_insulin_total', 16.8])
  })
})
