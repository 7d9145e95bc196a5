import { describe, expect, it } from '@jest/globals'
import { ivyAnsarb } from '../../../devices/ivy-ansarb.ts'
import { decodeChunks, discardedBytes, withoutDiscards } from '../../support/stream-vectors.ts'

const LINES = [
  'HR=1;80;ECG-II-DIAG;',
  'RR=1;35;APNEA: 20 SEC;',
  'ETCO2=1;38;;',
  'SPO2=1;100;PR=80 ;',
  'NIBP=4;121;75;92;80;;',
  'P1=3;111;73;88;;',
  'P2=3;;;;NO TRANSDUCER;',
  'T1=1;36.8;;',
  'T2=1;;;',
]

const message = (lines: readonly string[] = LINES, waveBytes = 400) =>
  Buffer.concat([
    Buffer.from([0xff]),
    Buffer.from('ANSAR-B '),
    Buffer.alloc(waveBytes, 100),
    Buffer.from(lines.map((line) => `${line}\r`).join(''), 'latin1'),
    Buffer.from([0xfe]),
  ])
const withLine = (key: string, line: string) =>
  message(LINES.map((old) => (old.startsWith(`${key}=`) ? line : old)))
const decode = (...chunks: readonly Uint8Array[]) => decodeChunks(ivyAnsarb, chunks)
const valuesOf = (bytes: Uint8Array) =>
  Object.fromEntries(
    decode(bytes)
      .filter(({ kind }) => kind === 'numeric' || kind === 'text')
      .map((line) => [line['ref'], line['value']]),
  )
const reasonsOf = (bytes: Uint8Array) => {
  const lines = decode(bytes)
  expect(withoutDiscards(lines)).toEqual([])
  expect(discardedBytes(lines)).toBe(bytes.length)
  return new Set(lines.map(({ reason }) => reason))
}

describe('Ivy Ansar-B', () => {
  it('reads each number from its place, with its decimals', () => {
    expect(valuesOf(message())).toMatchObject({
      MDC_ECG_HEART_RATE: 80,
      MDC_RESP_RATE: 35,
      MDC_CONC_AWAY_CO2_ET: 38,
      MDC_PULS_OXIM_SAT_O2: 100,
      MDC_PULS_OXIM_PULS_RATE: 80,
      MDC_PRESS_BLD_NONINV_SYS: 121,
      MDC_PRESS_BLD_NONINV_DIA: 75,
      MDC_PRESS_BLD_NONINV_MEAN: 92,
      MDC_PULS_RATE_NON_INV: 80,
      MDC_TEMP: 36.8,
    })
  })

  it('gives the five waves with their rates before the numbers', () => {
    const waves = decode(message()).slice(0, 5)
    expect(waves.map(({ kind, ref, rateHz }) => [kind, ref, rateHz])).toEqual([
      ['waveform', 'ecg', 200],
      ['waveform', 'resp', 50],
      ['waveform', 'pleth', 50],
      ['waveform', 'p1', 50],
      ['waveform', 'p2', 50],
    ])
    expect(waves.map(({ samples }) => (samples as readonly number[]).length)).toEqual([200, 50, 50, 50, 50])
  })

  it('finds nothing in empty fields', () => {
    const numerics = decode(message(['HR=1;;LEAD OFF;', 'SPO2=1;;;', 'NIBP=4;;;;;;', 'T1=1;;;'])).filter(
      ({ kind }) => kind === 'numeric',
    )
    expect(numerics).toHaveLength(8)
    for (const { value, q } of numerics) expect({ value, q }).toEqual({ value: null, q: 'absent' })
  })

  it('hands on messages of the monitor as text', () => {
    expect(valuesOf(withLine('SPO2', 'SPO2=1;;SEARCHING;'))).toMatchObject({
      MDC_PULS_OXIM_SAT_O2: null,
      MDC_PULS_OXIM_PULS_RATE: null,
      spo2_message: 'SEARCHING',
      rr_message: 'APNEA: 20 SEC',
      p2_message: 'NO TRANSDUCER',
    })
  })

  it('does not guess where a pressure or a second temperature is measured', () => {
    const values = valuesOf(withLine('T2', 'T2=1;34.1;;'))
    expect(values).toMatchObject({ p1: ['111', '73', '88'], t2: ['34.1'], MDC_TEMP: 36.8 })
    expect(values).not.toHaveProperty('p2')
  })

  it('passes over a line it does not know', () => {
    expect(decode(message([...LINES, 'CO=1;5.2;;']))).toEqual(decode(message()))
  })

  it.each([
    ['a wave byte lost', message(LINES, 399)],
    ['a wave byte too many', message(LINES, 401)],
    ['no lines', message([])],
    ['a line twice', message([...LINES, 'HR=1;80;;'])],
    ['a letter in a number', withLine('HR', 'HR=1;8o;;')],
    ['a letter in a pressure', withLine('P1', 'P1=3;111;7x;88;;')],
    ['a line without its form', withLine('RR', 'RR 35')],
    ['a byte above 7F in a line', withLine('RR', 'RR=1;35;\u00e9;')],
  ])('drops a message with %s', (_, bytes) => {
    expect(reasonsOf(bytes)).toEqual(new Set(['malformed']))
  })

  it.each([
    ['heart rate', 'HR', 'HR=1;999;;'],
    ['saturation', 'SPO2', 'SPO2=1;101;PR=80 ;'],
    ['pulse', 'SPO2', 'SPO2=1;98;PR=801 ;'],
    ['temperature in Fahrenheit', 'T1', 'T1=1;98.6;;'],
  ])('drops a message with an impossible %s', (_, key, line) => {
    expect(reasonsOf(withLine(key, line))).toEqual(new Set(['out-of-range']))
  })

  it('finds a message that cuts another one anywhere', () => {
    for (const size of [1, 5, 9, 100, 408, 409, 410, 500]) {
      const lines = decode(message().subarray(0, size), message())
      expect(withoutDiscards(lines)).toEqual(decode(message()))
      expect(discardedBytes(lines)).toBe(size)
    }
  })

  it('gives up a message that never ends', () => {
    const endless = message().subarray(0, -1)
    const lines = decode(endless, Buffer.alloc(2000, 0x41), message())
    expect(lines[0]).toMatchObject({ kind: 'discarded', reason: 'overflow' })
    expect(withoutDiscards(lines)).toEqual(decode(message()))
  })
})
