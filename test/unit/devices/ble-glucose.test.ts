import { describe, expect, it } from '@jest/globals'
import { bleGlucose } from '../../../devices/ble-glucose.ts'
import type { DriverMemory } from '../../../devices/protocol.ts'
import { isPermitted } from '../../../gateway/stages/permit-command.ts'
import {
  type Answer,
  AT_MS,
  bytesOf,
  FakePeer,
  keptMemory,
  observationsOf,
  readingsOf,
  textsOf,
} from '../../support/fake-peer.ts'

const NEEDED = ['2A18', '2A34', '2A52']

const u16 = (value: number): string => `${hex2(value & 0xff)}${hex2(value >>> 8)}`
const hex2 = (octet: number): string => octet.toString(16).padStart(2, '0')

/** Sequence, 2026-09-20 10:mm, mg/dL as kg/L, capillary plasma, finger. */
function record(sequence: number, mgDl: number, flags = '02', tail = ''): string {
  return `${flags} ${u16(sequence)} ea0709140a${hex2(sequence % 60)}00 ${u16(0xb000 | mgDl)} 12 ${tail}`
}

interface Meter {
  records: Map<number, string>
  serial: string
  answer?: (request: string) => Answer | string | undefined
}

/** Reports what a meter has stored. */
function report(meter: Meter, request: string): Answer | string | undefined {
  const special = meter.answer?.(request)
  if (special !== undefined) return special
  const min = request.startsWith('010301') ? Buffer.from(request, 'hex').readUInt16LE(3) : 0
  const sorted = [...meter.records].sort(([a], [b]) => a - b)
  const asked =
    request === '0106' ? [...meter.records].slice(-1) : sorted.filter(([sequence]) => sequence >= min)
  if (asked.length === 0) return [['2A52', '06000106']]
  return [...asked.map(([, hex]) => ['2A18', hex] as const), ['2A52', '06000101']]
}

function connect(meter: Meter, memory?: DriverMemory): FakePeer {
  const values = { '2A51': '0000', '2A25': Buffer.from(meter.serial).toString('hex') }
  return new FakePeer(bleGlucose.createDriver(memory), values, (request) => report(meter, request))
}

function meterWith(...sequences: readonly number[]): Meter {
  return {
    records: new Map(sequences.map((sequence) => [sequence, record(sequence, 100 + sequence)])),
    serial: 'A1',
  }
}

describe('the glucose driver', () => {
  it('fetches everything a meter has stored, in order, as history with the time of the meter', () => {
    const peer = connect(meterWith(1, 2, 3))
    const outputs = peer.open(NEEDED)
    expect(readingsOf(outputs)).toEqual(['101h', '102h', '103h'])
    expect(observationsOf(outputs)[0]).toMatchObject({
      numerics: [{ metric: { mdc: 160188, unit: 'mg/dL' }, quality: 'valid' }],
      deviceTime: { epochMs: Date.parse('2026-09-20T10:01:00Z'), zone: 'unknown' },
    })
    expect(peer.writes).toEqual(['0101'])
  })

  it('asks only for what is new after a reconnection, and after a restart with the same memory', () => {
    const memory = keptMemory()
    const meter = meterWith(1, 2)
    const peer = connect(meter, memory)
    peer.open(NEEDED)
    peer.close()
    meter.records.set(3, record(3, 103))
    expect(readingsOf(peer.open(NEEDED))).toEqual(['103h'])
    meter.records.set(4, record(4, 104))
    meter.records.set(5, record(5, 105))
    const restarted = connect(meter, memory)
    expect(readingsOf(restarted.open(NEEDED))).toEqual(['104h', '105h'])
    expect(restarted.writes).toEqual(['0103010400'])
  })

  it('goes on after a connection that broke in the middle of a report', () => {
    const memory = keptMemory()
    const meter = meterWith(1, 2, 3, 4)
    meter.answer = () => [
      ['2A18', record(1, 101)],
      ['2A18', record(2, 102)],
    ]
    const peer = connect(meter, memory)
    expect(readingsOf(peer.open(NEEDED))).toEqual(['101h', '102h'])
    delete meter.answer
    expect(readingsOf(connect(meter, memory).open(NEEDED))).toEqual(['103h', '104h'])
  })

  it('shows a result taken while it is connected as current', () => {
    const meter = meterWith(1)
    const peer = connect(meter)
    peer.open(NEEDED)
    meter.records.set(2, record(2, 102))
    expect(readingsOf(peer.tick(AT_MS + 9_999))).toEqual([])
    expect(readingsOf(peer.tick(AT_MS + 10_000))).toEqual(['102'])
    expect(readingsOf(peer.tick(AT_MS + 20_000))).toEqual([])
  })

  it('notices a meter that has begun to count again', () => {
    const memory = keptMemory()
    connect(meterWith(7, 8, 9), memory).open(NEEDED)
    const meter = meterWith(1, 2)
    const peer = connect(meter, memory)
    const outputs = peer.open(NEEDED)
    expect(peer.writes).toEqual(['0103010a00', '0106', '0101'])
    expect(readingsOf(outputs)).toEqual(['101h', '102h'])
    expect(textsOf(outputs)).toContainEqual(['record_access', 'record_numbers_restarted'])
  })

  it('does not repeat old records that a restarted meter still holds', () => {
    const memory = keptMemory()
    connect(meterWith(8, 9), memory).open(NEEDED)
    const meter = meterWith(8, 9, 1)
    expect(readingsOf(connect(meter, memory).open(NEEDED))).toEqual(['101h'])
  })

  it('fetches everything of another device', () => {
    const memory = keptMemory()
    connect(meterWith(1, 2), memory).open(NEEDED)
    const other = { ...meterWith(1, 2, 3), serial: 'B2' }
    expect(readingsOf(connect(other, memory).open(NEEDED))).toEqual(['101h', '102h', '103h'])
  })

  it('takes all records and tells the new ones where the meter knows no filter', () => {
    const memory = keptMemory()
    const meter = meterWith(1, 2)
    connect(meter, memory).open(NEEDED)
    meter.records.set(3, record(3, 103))
    meter.answer = (request) => (request.startsWith('0103') ? [['2A52', '06000104']] : undefined)
    const peer = connect(meter, memory)
    expect(readingsOf(peer.open(NEEDED))).toEqual(['103h'])
    expect(peer.writes).toEqual(['0103010300', '0101'])
  })

  it.each([
    ['answers that it is busy', (): Answer => [['2A52', '0600010a']], 'server_busy'],
    ['did not complete', (): Answer => [['2A52', '06000108']], 'procedure_not_completed'],
    [
      'refuses a write meanwhile',
      (): string => 'procedure-already-in-progress',
      'procedure_already_in_progress',
    ],
  ])('asks a meter again that %s', (_name, answer, word) => {
    const meter = meterWith(1)
    meter.answer = answer
    const peer = connect(meter)
    expect(textsOf(peer.open(NEEDED))).toContainEqual(['record_access', word])
    delete meter.answer
    expect(peer.driver.wakeAtMs).toBe(AT_MS + 30_000)
    expect(readingsOf(peer.tick(AT_MS + 30_000))).toEqual(['101h'])
  })

  it('gives up, and says so, where reports are not supported', () => {
    const meter = meterWith(1)
    meter.answer = () => [['2A52', '06000102']]
    const peer = connect(meter)
    expect(textsOf(peer.open(NEEDED))).toContainEqual(['record_access', 'op_code_not_supported'])
    expect(peer.driver.wakeAtMs).toBeUndefined()
  })

  it('aborts a report that falls silent for 30 seconds after its last record, then asks again', () => {
    const meter = meterWith(1, 2)
    meter.answer = (request) => (request === '0300' ? [['2A52', '06000301']] : [['2A18', record(1, 101)]])
    const peer = connect(meter)
    expect(readingsOf(peer.open(NEEDED))).toEqual(['101h'])
    peer.send('2A18', record(2, 102), AT_MS + 20_000)
    expect(peer.tick(AT_MS + 49_999)).toEqual([])
    expect(textsOf(peer.tick(AT_MS + 50_000))).toEqual([
      ['record_access', 'timed_out'],
      ['record_access', 'aborted'],
    ])
    delete meter.answer
    meter.records.set(3, record(3, 103))
    expect(readingsOf(peer.tick(AT_MS + 80_000))).toEqual(['103h'])
    expect(peer.writes).toEqual(['0101', '0300', '0103010300'])
  })

  it('keeps mmol/L and never takes a control solution for a patient', () => {
    const meter = meterWith()
    meter.records.set(1, `06 0100 ea0709140a0100 37d0 11`)
    meter.records.set(2, `02 0200 ea0709140a0200 78b0 4a`)
    const outputs = connect(meter).open(NEEDED)
    expect(observationsOf(outputs).map(({ numerics }) => numerics)).toMatchObject([
      [{ value: 55, metric: { mdc: 160184, unit: 'mmol/L' } }],
    ])
    expect(outputs).toContainEqual(expect.objectContaining({ kind: 'discarded', reason: 'test-data' }))
  })

  it.each([
    ['2000', 'over', 'result_too_high'],
    ['4000', 'under', 'result_too_low'],
    ['0400', 'invalid', 'sample_insufficient'],
    ['0002', 'invalid', 'read_interrupted'],
  ])('withholds the number of status %s', (status, quality, why) => {
    const meter = meterWith()
    meter.records.set(1, record(1, 120, '0a', status))
    expect(observationsOf(connect(meter).open(NEEDED))[0]?.numerics).toMatchObject([
      { value: null, quality, why: [why] },
    ])
  })

  it('tells the context of a record that it told, and of no other', () => {
    const meter = meterWith()
    meter.answer = () => [
      ['2A18', record(5, 120, '12')],
      ['2A34', '02 0500 01'],
      ['2A34', '02 0600 01'],
      ['2A52', '06000101'],
    ]
    const contexts = textsOf(connect(meter).open(NEEDED)).filter(([name]) => name === 'glucose_context')
    expect(contexts).toEqual([['glucose_context', ['sequence=5', 'meal=preprandial']]])
  })

  it.each(['0201', '020301ffff', '0206', '010302ea0709140a0000', '010101'])('may not write %s', (hex) => {
    const command = { kind: 'write', characteristic: '2A52', bytes: bytesOf(hex) } as const
    expect(isPermitted(command, bleGlucose.sends)).toBe(false)
  })
})
