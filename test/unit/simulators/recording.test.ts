import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { loadRecording, shippedPatients } from '../../../simulators/patients.ts'
import { endOf, parseRecording, rowAt } from '../../../simulators/recording.ts'

const PATIENTS_DIR = new URL('../../../simulators/patients/', import.meta.url)

describe('a recording', () => {
  it('is read by its header, with blanks after the commas and NaN for what is missing', () => {
    const recording = parseRecording(
      'Time [s], HR, PULSE, RESP, SpO2\n0,74,NaN,15,97\n1,73,72,NaN,NaN\n',
      'p.csv',
    )
    expect(recording.fields).toEqual(['heartRate', 'pulseRate', 'respRate', 'spo2'])
    expect(recording.rows).toEqual([
      { atS: 0, heartRate: 74, respRate: 15, spo2: 97 },
      { atS: 1, heartRate: 73, pulseRate: 72 },
    ])
    expect(recording.intervalS).toBe(1)
  })

  it('keeps a recorded 0 and leaves an empty field out', () => {
    const { rows } = parseRecording('t_s,HR,SpO2,NBPSys\n0,0,,87\n60,61.5,0,\n', 'p.csv')
    expect(rows).toEqual([
      { atS: 0, heartRate: 0, nibpSystolic: 87 },
      { atS: 60, heartRate: 61.5, spo2: 0 },
    ])
  })

  it('keeps rows that repeat an instant, and does not play columns it does not know', () => {
    const text =
      't_s,clock,cgm_mg_dl,mode\n0,00:00:00,110,sleep\n300,00:05:00,112,\n300,00:05:00,112,\n600,00:10:00,113,'
    const { rows, intervalS } = parseRecording(text, 'p.csv')
    expect(rows.map(({ atS }) => atS)).toEqual([0, 300, 300, 600])
    expect(rows[3]).toEqual({ atS: 600, glucoseMgDl: 113 })
    expect(intervalS).toBe(300)
  })

  it.each([
    { name: 'no header', text: '', message: 'p.csv:1: no time column' },
    { name: 'no time column', text: 'HR\n70\n', message: 'p.csv:1: no time column' },
    {
      name: 'nothing to play',
      text: 't_s,mode\n0,sleep\n',
      message: 'p.csv:1: no column that can be played',
    },
    { name: 'a column twice', text: 't_s,HR,HR\n0,1,2\n', message: "p.csv:1: column 'HR' is there twice" },
    { name: 'no rows', text: 't_s,HR\n', message: 'p.csv: no row after the header line' },
    {
      name: 'a word for a number',
      text: 't_s,HR\n0,70\n1,high\n',
      message: "p.csv:3: column 'HR': 'high' is not a number",
    },
    {
      name: 'a hexadecimal number',
      text: 't_s,HR\n0,0x46\n',
      message: "p.csv:2: column 'HR': '0x46' is not a number",
    },
    {
      name: 'a line cut short',
      text: 't_s,HR,SpO2\n0,70,97\n1,70\n',
      message: 'p.csv:3: 2 fields where the header names 3',
    },
    { name: 'a row without time', text: 't_s,HR\nNaN,70\n', message: 'p.csv:2: no time' },
    {
      name: 'an empty line inside',
      text: 't_s,HR\n\n1,70\n',
      message: 'p.csv:2: 1 fields where the header names 2',
    },
    {
      name: 'time that runs back',
      text: 't_s,HR\n5,70\n4,71\n',
      message: 'p.csv:3: time 4 s comes after 5 s',
    },
  ])('is refused with its place: $name', ({ text, message }) => {
    expect(() => parseRecording(text, 'p.csv')).toThrow(message)
  })

  it('has no row in force before its start, in a gap and after its end', () => {
    const recording = parseRecording('t_s,HR\n10,70\n20,71\n30,72\n90,73\n', 'p.csv')
    expect(rowAt(recording, 9.9)).toBeUndefined()
    expect(rowAt(recording, 29.9)?.heartRate).toBe(71)
    expect(rowAt(recording, 44.9)?.heartRate).toBe(72)
    expect(rowAt(recording, 45)).toBeUndefined()
    expect(rowAt(recording, 90)?.heartRate).toBe(73)
    expect(endOf(recording)).toBe(100)
  })
})

describe('the patients that ship with wardgate', () => {
  it('are the bytes their checksums say', () => {
    const sums = readFileSync(new URL('SHA256SUMS', PATIENTS_DIR), 'utf8').trim().split('\n')
    for (const line of sums) {
      const [sum, file = ''] = line.split(/ +/)
      const bytes = readFileSync(new URL(file, PATIENTS_DIR))
      expect({ file, sum: createHash('sha256').update(bytes).digest('hex') }).toEqual({ file, sum })
    }
    expect(sums).toHaveLength(shippedPatients().length + 1)
  })

  it('are all attributed', () => {
    const readme = readFileSync(new URL('README.md', PATIENTS_DIR), 'utf8')
    for (const patient of shippedPatients()) expect(readme).toContain(`${patient}.csv`)
  })

  it('hold what the ward shows: the deterioration, the unit slip, the low glucose and the gap', () => {
    const values = (patient: string): ReturnType<typeof loadRecording>['rows'] =>
      loadRecording(patient, '.').rows
    expect(values('mimic2_s25047_numerics').find(({ atS }) => atS === 2460)?.spo2).toBe(42.9)
    expect(values('azt1d_s09_3d').filter(({ basalIUh }) => basalIUh === 1335)).toHaveLength(12)
    expect(Math.min(...values('azt1d_s05_3d').map(({ glucoseMgDl = 999 }) => glucoseMgDl))).toBe(40)
    expect(rowAt(loadRecording('azt1d_s15_3d', '.'), 180_000)).toBeUndefined()
  })

  it('are not found under another name, and the message says which there are', () => {
    expect(() => loadRecording('bidmc_99', '/nowhere')).toThrow(
      /cannot read the patient 'bidmc_99'.*bidmc_19_numerics/,
    )
  })
})
