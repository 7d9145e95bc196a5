import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { civilOf } from '../../../devices/framing/civil-time.ts'
import { slug } from '../../../devices/framing/slug.ts'
import { matchMetric, readCode } from '../../../devices/hl7/code.ts'
import { readTime } from '../../../devices/hl7/time.ts'
import { readUnit } from '../../../devices/hl7/unit.ts'
import { readNumber } from '../../../devices/hl7/value.ts'

const RUNS = { seed: 20_260_920, numRuns: 300 }

describe('HL7 times', () => {
  it('come back from how they are written, in any zone', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_000_000_000 }),
        fc.integer({ min: -13, max: 14 }),
        (second, hours) => {
          const local = civilOf((second + hours * 3600) * 1000)
          const zone = `${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}00`
          expect(readTime(local + zone)).toEqual({ epochMs: second * 1000, zone: 'utc' })
          expect(readTime(civilOf(second * 1000))).toEqual({ epochMs: second * 1000, zone: 'unknown' })
        },
      ),
      RUNS,
    )
  })

  it.each([
    '',
    '20260301',
    '2026030112',
    '20260230120000',
    '20260301250000',
    '20260301120000+1500',
    '20260301120000+01',
    '20260301120000Z',
    '2026-03-01T12:00:00',
    '20261301120000',
  ])('are none: %p', (text) => {
    expect(readTime(text)).toBeUndefined()
  })
})

describe('HL7 numbers', () => {
  it.each([
    ['36.80', 36.8],
    ['+5', 5],
    ['-0.5', -0.5],
    ['.5', 0.5],
    ['36.', 36],
    [' 72 ', 72],
  ])('%p is %p', (text, value) => {
    expect(readNumber('NM', [text])).toMatchObject({ value, quality: 'valid' })
  })

  it.each(['1e5', '7,2', '0x10', 'Infinity', 'NaN', '--5', '5-', '1 2', '1'.repeat(400), '\u0663'])(
    '%p is none',
    (text) => {
      expect(readNumber('NM', [text])).toMatchObject({ value: null, quality: 'invalid' })
    },
  )

  it('is never a number that JSON cannot hold', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('NM', 'SN'), (text, type) => {
        const value = readNumber(type, text.split('^'))?.value ?? null
        expect(value === null || Number.isFinite(value)).toBe(true)
      }),
      RUNS,
    )
  })
})

describe('HL7 units', () => {
  it.each([
    ['266016^MDC_DIM_MMHG^MDC', 'mm[Hg]'],
    ['mm[Hg]^mm[Hg]^UCUM', 'mm[Hg]'],
    ['{beat}/min^{beat}/min^UCUM', '/min'],
    ['1/min^^UCUM', '/min'],
    ['0004-17a0^\u00b0C^MDIL', 'Cel'],
    ['265266^MDC_DIM_MILLI_L_PER_HR^MDC^mL/h^mL/h^UCUM', 'mL/h'],
    ['BPM', '/min'],
    ['ml/hr', 'mL/h'],
    ['\u00b0C', 'Cel'],
    ['\uFFFDC', 'Cel'],
    ['\uFFFD\uFFFDF', '[degF]'],
  ])('%s is %s', (field, ucum) => {
    expect(readUnit(field.split('^'))).toEqual({ kind: 'unit', ucum })
  })

  it.each([
    'constructor',
    '__proto__',
    'toString^^',
    '999999^X^MDC',
    'C',
    'mmhg^^UCUM '.trim().concat('\u00a0x'),
  ])('are not guessed from %p', (field) => {
    expect(readUnit(field.split('^')).kind).not.toBe('none')
    expect(readUnit(field.split('^'))).not.toMatchObject({ ucum: 'Cel' })
  })
})

describe('HL7 codes', () => {
  const kindOf = (field: string): string => matchMetric(readCode(field.split('^'))).kind

  it.each([
    ['147842^MDC_ECG_HEART_RATE^MDC', 'metric'],
    ['147842^MDC_ECG_CARD_BEAT_RATE^MDC', 'metric'],
    ['151817^MDC_PRESS_AWAY_INSP_PEAK^MDC', 'metric'],
    ['147842^^MDC', 'metric'],
    ['0002-4bb8^SpO2^MDIL', 'metric'],
    ['0002-4BB8^SpO2^MDIL', 'metric'],
    ['8867-4^HR^LN^147842^MDC_ECG_HEART_RATE^MDC', 'metric'],
    ['149522^MDC_PULS_RATE^MDC', 'mismatch'],
    ['999999^MDC_PULS_RATE^MDC', 'mismatch'],
    ['147842^mdc_ecg_heart_rate^MDC', 'mismatch'],
    ['0^MDC_FLOW_FLUID_PUMP_CURRENT^MDC', 'unknown'],
    ['0002-f001^Own^MDIL', 'unknown'],
    ['147842^HR^EHC', 'unknown'],
    ['', 'unknown'],
  ])('%s is a %s', (field, kind) => {
    expect(kindOf(field)).toBe(kind)
  })
})

describe('a word for a topic', () => {
  it('always fits, and no two short plain names with different letters are the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const word = slug(text)
        if (word !== undefined) expect(word).toMatch(/^[a-z0-9-]{1,32}$/)
      }),
      RUNS,
    )
    expect(slug('')).toBeUndefined()
    expect(slug('   ')).toBeUndefined()
  })
})
