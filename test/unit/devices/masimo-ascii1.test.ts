import { describe, expect, it } from '@jest/globals'
import { masimoAscii1 } from '../../../devices/masimo-ascii1.ts'
import { decodeChunks, withoutDiscards } from '../../support/stream-vectors.ts'

const GOOD =
  '07/04/21 23:59:58 SN=0000012345 SPO2=097% BPM=072 PI=03.60% SPCO=--.-% DESAT=-- PIDELTA=+-- ALARM=0000 EXC=000800'

const decode = (...lines: readonly string[]) =>
  decodeChunks(masimoAscii1, [Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1')])
const edit = (from: string, to: string) => GOOD.replace(from, to)
const numericsOf = (line: string) =>
  decode(line)
    .filter(({ kind }) => kind === 'numeric')
    .map(({ value, q, why }) => ({ value, q, why }))
const reasonOf = (line: string) => {
  const lines = decode(line)
  expect(withoutDiscards(lines)).toEqual([])
  return lines.map(({ reason }) => reason)
}

describe('Masimo ASCII 1', () => {
  it.each([
    ['no_sensor', '000801', 'invalid'],
    ['defective_sensor', '000802', 'invalid'],
    ['low_perfusion', '000804', 'questionable'],
    ['pulse_search', '000808', 'invalid'],
    ['interference', '000810', 'invalid'],
    ['sensor_off', '000820', 'invalid'],
    ['too_much_light', '000840', 'questionable'],
    ['unrecognised_sensor', '000880', 'invalid'],
    ['low_signal_iq', '000C00', 'questionable'],
  ])('takes %s for what it is to a number', (flag, exc, q) => {
    expect(numericsOf(edit('EXC=000800', `EXC=${exc}`))).toEqual([
      { value: 97, q, why: [flag] },
      { value: 72, q, why: [flag] },
      { value: 3.6, q, why: [flag] },
    ])
  })

  it('lets the reserved exception bits and the normal state pass', () => {
    for (const exc of ['000800', '000B00', '0000000', '000000'])
      expect(numericsOf(edit('EXC=000800', `EXC=${exc}`))[0]).toEqual({
        value: 97,
        q: 'valid',
        why: undefined,
      })
  })

  it('is invalid rather than questionable when flags of both kinds are set', () => {
    expect(numericsOf(edit('EXC=000800', 'EXC=000824'))[0]).toEqual({
      value: 97,
      q: 'invalid',
      why: ['low_perfusion', 'sensor_off'],
    })
  })

  it.each([
    ['097%', '---%'],
    ['097%', '---'],
    ['097%', '-97%'],
  ])('finds no saturation in %s written as %s', (from, to) => {
    expect(numericsOf(edit(from, to))[0]).toEqual({ value: null, q: 'absent', why: ['missing'] })
  })

  it('takes the odd per cent sign after the dashes of the pulse', () => {
    expect(numericsOf(edit('BPM=072', 'BPM=---%'))[1]).toEqual({ value: null, q: 'absent', why: ['missing'] })
  })

  it('says nothing of a perfusion index that the model does not have', () => {
    expect(numericsOf(edit('PI=03.60% ', ''))).toHaveLength(2)
  })

  it('keeps the decimals of the perfusion index, with and without per cent sign', () => {
    expect(numericsOf(edit('03.60%', '12.05'))[2]?.value).toBe(12.05)
  })

  it.each(['SPO2=097% ', 'BPM=072 ', 'ALARM=0000 ', ' EXC=000800'])('drops a line without %s', (field) => {
    expect(reasonOf(edit(field, ''))).toEqual(['malformed'])
  })

  it.each([
    ['a lost digit', '097%', '97%'],
    ['a letter in a number', '097%', '0O7%'],
    ['a sign', '097%', '+97%'],
    ['a decimal point gone', '03.60%', '0360%'],
    ['a field twice', 'BPM=072', 'BPM=072 BPM=072'],
    ['a field without a value', 'BPM=072', 'BPM='],
    ['a word that is no field', 'BPM=072', 'BPM=072 noise'],
    ['a byte from a bad line', 'BPM=072', 'BPM=07\u00b2'],
    ['EXC of five digits', 'EXC=000800', 'EXC=00800'],
    ['EXC that is not hex', 'EXC=000800', 'EXC=0008G0'],
    ['ALARM of five digits', 'ALARM=0000', 'ALARM=00000'],
    ['a month that is not', '07/04/21', '13/04/21'],
    ['a day that is not', '07/04/21', '06/31/21'],
    ['29 February of a plain year', '07/04/21', '02/29/21'],
    ['an hour that is not', '23:59:58', '24:00:00'],
  ])('drops a line with %s', (_, from, to) => {
    expect(reasonOf(edit(from, to))).toEqual(['malformed'])
  })

  it.each([
    ['097%', '101%'],
    ['BPM=072', 'BPM=301'],
  ])('drops a line that has %s as %s', (from, to) => {
    expect(reasonOf(edit(from, to))).toEqual(['out-of-range'])
  })

  it('calls text without a time stamp noise', () => {
    expect(reasonOf('RAD-8 V4.5')).toEqual(['noise'])
    expect(reasonOf(edit('07/04/21 23:59:58', '7/4/21 23:59:58'))).toEqual(['noise'])
  })

  it.each(['\r', '\n', '\r\n', '\n\r', '\r\r\n'])('takes %j for the end of a line', (end) => {
    const lines = decodeChunks(masimoAscii1, [Buffer.from(GOOD + end + GOOD + end)])
    expect(lines).toEqual([...decode(GOOD), ...decode(GOOD)])
  })

  it('knows the device by its serial number, and not by dashes', () => {
    const outputs = masimoAscii1.createDriver().receive({ kind: 'bytes', bytes: Buffer.from(`${GOOD}\r`) }, 0)
    expect(outputs).toContainEqual({ kind: 'text', name: 'serial', value: '0000012345', isIdentity: true })
    expect(decode(edit('SN=0000012345', 'SN=----------')).some(({ ref }) => ref === 'serial')).toBe(false)
  })

  it('gives the time of the device without claiming a zone', () => {
    const outputs = masimoAscii1.createDriver().receive({ kind: 'bytes', bytes: Buffer.from(`${GOOD}\r`) }, 0)
    expect(outputs[0]).toMatchObject({
      deviceTime: { epochMs: Date.parse('2021-07-04T23:59:58Z'), zone: 'unknown' },
    })
  })

  it('tells the end of an alarm once', () => {
    const alarm = edit('ALARM=0000', 'ALARM=0015')
    const phases = (lines: ReturnType<typeof decode>) =>
      lines.filter(({ kind }) => kind === 'alert').map(({ phase }) => phase)
    expect(phases(decode(GOOD, alarm, alarm, GOOD, GOOD))).toEqual(['present', 'present', 'ended'])
  })

  it('tells the end of an alarm also when it came while the line was lost', () => {
    const alarm = edit('ALARM=0000', 'ALARM=0015')
    const driver = masimoAscii1.createDriver()
    const alertsOf = (line: string) =>
      driver
        .receive({ kind: 'bytes', bytes: Buffer.from(`${line}\r`) }, 0)
        .filter(({ kind }) => kind === 'alert')
    expect(alertsOf(alarm)).toMatchObject([{ phase: 'present' }])
    driver.receive({ kind: 'closed', reason: 'cable pulled' }, 0)
    driver.receive({ kind: 'opened' }, 0)
    expect(alertsOf(GOOD)).toMatchObject([{ code: 'ALARM', phase: 'ended' }])
    expect(alertsOf(GOOD)).toEqual([])
  })

  it('knows of no alarm when it begins to read, whatever another driver saw', () => {
    const alarm = edit('ALARM=0000', 'ALARM=0015')
    masimoAscii1.createDriver().receive({ kind: 'bytes', bytes: Buffer.from(`${alarm}\r`) }, 0)
    expect(decode(GOOD).some(({ kind }) => kind === 'alert')).toBe(false)
  })

  it('names the alarm bits', () => {
    const flags = (word: string) =>
      decode(edit('ALARM=0000', `ALARM=${word}`)).find(({ kind }) => kind === 'alert')?.['flags']
    expect(flags('003F')).toEqual(['muted', 'triggered', 'bpm_low', 'bpm_high', 'spo2_low', 'spo2_high'])
    expect(flags('000020')).toEqual(['muted'])
  })

  it('gives up a line longer than any device sends, and reads the one behind it', () => {
    const lines = decode(`${GOOD} ${'X'.repeat(3000)}`, GOOD)
    expect(withoutDiscards(lines)).toEqual(decode(GOOD))
    expect(lines[0]).toMatchObject({ kind: 'discarded', reason: 'overflow' })
  })
})
