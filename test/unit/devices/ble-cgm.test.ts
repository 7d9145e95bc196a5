import { describe, expect, it } from '@jest/globals'
import { bleCgm } from '../../../devices/ble-cgm.ts'
import { appendCrc } from '../../../devices/gatt/e2e.ts'
import type { Driver, DriverOutput } from '../../../devices/protocol.ts'

const AT_MS = Date.parse('2026-09-20T10:15:00Z')
const PEER = ['2AA7', '2AA8', '2AAA', '2AAB']

const UNPROTECTED = '008001 59 ffff'

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}

function value(driver: Driver, characteristic: string, hex: string | Uint8Array): readonly DriverOutput[] {
  const bytes = typeof hex === 'string' ? bytesOf(hex) : hex
  const via = characteristic === '2AA7' ? 'notification' : 'read'
  return driver.receive({ kind: 'value', characteristic, via, bytes }, AT_MS)
}

function opened(features: string | Uint8Array = UNPROTECTED): Driver {
  const driver = bleCgm.createDriver()
  driver.receive({ kind: 'opened', characteristics: PEER }, AT_MS)
  value(driver, '2AA8', features)
  return driver
}

function numerics(outputs: readonly DriverOutput[]): unknown {
  return outputs.flatMap((output) =>
    output.kind === 'observation'
      ? output.numerics.map(({ metric, value, quality, why }) => [metric.ref, value, quality, why])
      : [],
  )
}

describe('the CGM driver', () => {
  it('reads the features first and everything else only then', () => {
    const driver = bleCgm.createDriver()
    expect(driver.receive({ kind: 'opened', characteristics: PEER }, AT_MS)).toEqual([
      { kind: 'read', characteristic: '2AA8' },
    ])
    expect(value(driver, '2AA8', UNPROTECTED)).toEqual([
      { kind: 'text', name: 'sample_type', value: 'interstitial-fluid' },
      { kind: 'text', name: 'sample_location', value: 'subcutaneous' },
      { kind: 'read', characteristic: '2AAA' },
      { kind: 'read', characteristic: '2AAB' },
      { kind: 'subscribe', characteristic: '2AA7' },
    ])
  })

  it('believes no record before the features are known', () => {
    expect(value(bleCgm.createDriver(), '2AA7', '060078001e00')).toMatchObject([{ reason: 'unsupported' }])
  })

  it('asks for the features again when they cannot be read', () => {
    const driver = bleCgm.createDriver()
    driver.receive({ kind: 'opened', characteristics: PEER }, AT_MS)
    const command = { kind: 'read', characteristic: '2AA8' } as const
    driver.receive({ kind: 'failed', command, reason: 'insufficient-authentication' }, AT_MS)
    expect(driver.wakeAtMs).toBe(AT_MS + 30_000)
    expect(driver.tick?.(AT_MS + 29_999)).toEqual([])
    expect(driver.tick?.(AT_MS + 30_000)).toEqual([command])
    expect(driver.wakeAtMs).toBeUndefined()
    value(driver, '2AA8', '009000 59 0000')
    expect(driver.wakeAtMs).toBeDefined()
  })

  it('says so when the peer has no features to read', () => {
    const outputs = bleCgm.createDriver().receive({ kind: 'opened', characteristics: ['2AA7'] }, AT_MS)
    expect(outputs).toEqual([{ kind: 'text', name: 'characteristic_missing', value: '2AA8' }])
  })

  it('publishes glucose, trend and quality', () => {
    const driver = opened()
    expect(numerics(value(driver, '2AA7', '0a 03 be00 3b0b f8ff 0a00'))).toEqual([
      ['MDC_CONC_GLU_ISF', 190, 'valid', undefined],
      ['MDCX_GLU_RATE_OF_CHANGE', -0.8, 'valid', undefined],
      ['MDCX_CGM_QUALITY', 10, 'valid', undefined],
    ])
  })

  it('demands a CRC from a device whose features announce it', () => {
    const driver = opened(appendCrc(bytesOf('009001 59')))
    const record = bytesOf('08 00 8300 5802')
    expect(value(driver, '2AA7', '06 00 8300 5802')).toMatchObject([{ reason: 'missing-crc' }])
    expect(numerics(value(driver, '2AA7', appendCrc(record)))).toEqual([
      ['MDC_CONC_GLU_ISF', 131, 'valid', undefined],
    ])
    expect(value(driver, '2AA7', '08 00 8300 5802 0000')).toMatchObject([{ reason: 'bad-crc' }])
  })

  it.each([
    ['sensor malfunction', '09 81 0000 d11a 08 ff7f', 'invalid', ['sensor_malfunction', 'no_measurement']],
    ['warm-up without any status bit', '08 01 0000 4b00 ff7f', 'invalid', ['no_measurement']],
  ])('%s gives neither glucose nor trend', (_name, hex, quality, why) => {
    expect(numerics(value(opened(), '2AA7', hex))).toEqual([
      ['MDC_CONC_GLU_ISF', null, quality, why],
      ['MDCX_GLU_RATE_OF_CHANGE', null, quality, why],
    ])
  })

  it.each([
    ['07 80 7800 1e00 01', 'invalid', null, ['session_stopped']],
    ['07 20 2700 1e00 40', 'under', null, ['result_too_low']],
    ['07 20 0208 1e00 40', 'under', null, ['result_too_low', 'negative_infinity']],
    ['07 20 9001 1e00 80', 'over', null, ['result_too_high']],
    ['07 40 7800 1e00 08', 'questionable', 120, ['calibration_required']],
    ['07 40 7800 1e00 40', 'calibrating', 120, ['calibration_pending']],
    ['07 80 7800 1e00 02', 'valid', 120, ['battery_low']],
    ['06 00 ff07 1e00', 'absent', null, ['not_a_number']],
  ])('%s is %s', (hex, quality, glucose, why) => {
    expect(numerics(value(opened(), '2AA7', hex))).toEqual([['MDC_CONC_GLU_ISF', glucose, quality, why]])
  })

  it('tells the device time once the session start is known', () => {
    const driver = opened()
    expect(value(driver, '2AA7', '06 00 7800 1e00')[0]).not.toHaveProperty('deviceTime')
    value(driver, '2AAA', 'ea0709140a0000 08 04')
    expect(value(driver, '2AA7', '06 00 7800 1e00')).toMatchObject([
      { deviceTime: { epochMs: Date.parse('2026-09-20T07:30:00Z'), zone: 'utc' } },
    ])
    value(driver, '2AAA', 'ea0709140a0000 80 00')
    expect(value(driver, '2AA7', '06 00 7800 1e00')).toMatchObject([
      { deviceTime: { epochMs: Date.parse('2026-09-20T10:30:00Z'), zone: 'unknown' } },
    ])
    expect(value(driver, '2AA7', '07 40 7800 1e00 01')[0]).not.toHaveProperty('deviceTime')
  })

  it('reads the session start again when the offsets start over', () => {
    const driver = opened()
    value(driver, '2AAA', 'ea0709140a0000 00 00')
    value(driver, '2AA7', '06 00 7800 5802')
    const outputs = value(driver, '2AA7', '06 00 7800 0500')
    expect(outputs[0]).toEqual({ kind: 'read', characteristic: '2AAA' })
    expect(outputs[1]).not.toHaveProperty('deviceTime')
  })

  it('repeats a record that comes twice and marks the older ones of a back-log as history', () => {
    const driver = opened()
    const outputs = value(driver, '2AA7', '06 00 7800 1e00 06 00 7700 1d00')
    expect(outputs.map((output) => 'isHistory' in output && output.isHistory)).toEqual([false, true])
    expect(numerics(value(driver, '2AA7', '06 00 7800 1e00'))).toHaveLength(1)
  })

  it('raises an alert of the patient once and ends it once', () => {
    const driver = opened()
    const alerts = (hex: string): unknown => value(driver, '2AA7', hex).filter(({ kind }) => kind === 'alert')
    expect(alerts('07 20 3400 1e00 04')).toMatchObject([
      { code: 'below-hypo', source: 'patient', phase: 'present', priority: 'unknown' },
    ])
    expect(alerts('07 20 3300 2300 04')).toEqual([])
    expect(alerts('06 00 7800 2800')).toMatchObject([{ code: 'below-hypo', phase: 'ended' }])
  })

  it('tells an alert again after a reconnect, as nobody could know that it was still there', () => {
    const driver = opened()
    const alerts = (hex: string): unknown => value(driver, '2AA7', hex).filter(({ kind }) => kind === 'alert')
    alerts('07 20 3400 1e00 04')
    driver.receive({ kind: 'closed', reason: 'out of range' }, AT_MS)
    driver.receive({ kind: 'opened', characteristics: PEER }, AT_MS)
    value(driver, '2AA8', UNPROTECTED)
    expect(alerts('07 20 3300 2300 04')).toMatchObject([{ code: 'below-hypo', phase: 'present' }])
    expect(alerts('07 20 3200 2800 04')).toEqual([])
  })

  it('never takes a control solution for a patient', () => {
    const driver = opened('008001 4a ffff')
    expect(value(driver, '2AA7', '06 00 7800 1e00')).toMatchObject([{ reason: 'test-data' }])
  })
})
