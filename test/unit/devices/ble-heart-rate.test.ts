import { describe, expect, it } from '@jest/globals'
import { bleHeartRate } from '../../../devices/ble-heart-rate.ts'
import type { DriverOutput } from '../../../devices/protocol.ts'

const AT_MS = Date.parse('2026-09-20T10:15:00Z')

function receive(hex: string): readonly DriverOutput[] {
  const bytes = Uint8Array.from(Buffer.from(hex, 'hex'))
  const event = { kind: 'value', characteristic: '2A37', via: 'notification', bytes } as const
  return bleHeartRate.createDriver().receive(event, AT_MS)
}

function numerics(hex: string): unknown[] {
  return receive(hex).flatMap((output): unknown[] =>
    output.kind === 'observation'
      ? output.numerics.map(({ metric, value, quality, why }) => [metric.ref, value, quality, why])
      : [],
  )
}

describe('the heart rate driver', () => {
  it('subscribes, and reads the sensor location and identity where the peer has them', () => {
    const driver = bleHeartRate.createDriver()
    expect(driver.receive({ kind: 'opened', characteristics: ['2A37', '2A38', '2A25'] }, AT_MS)).toEqual([
      { kind: 'subscribe', characteristic: '2A37' },
      { kind: 'read', characteristic: '2A38' },
      { kind: 'read', characteristic: '2A25' },
    ])
    expect(driver.receive({ kind: 'opened' }, AT_MS)).toEqual([{ kind: 'subscribe', characteristic: '2A37' }])
  })

  it('says so when the peer has no heart rate', () => {
    const outputs = bleHeartRate.createDriver().receive({ kind: 'opened', characteristics: ['2A38'] }, AT_MS)
    expect(outputs).toEqual([{ kind: 'text', name: 'characteristic_missing', value: '2A37' }])
  })

  it('puts rate and RR intervals of one notification into one observation', () => {
    expect(numerics('167708020c02')).toEqual([
      ['MDC_ECG_HEART_RATE', 119, 'valid', undefined],
      ['MDC_ECG_TIME_PD_RR_GL', 507.8125, 'valid', undefined],
      ['MDC_ECG_TIME_PD_RR_GL', 511.71875, 'valid', undefined],
    ])
  })

  it('gives no value without contact, whatever rate is sent', () => {
    expect(numerics('0400')).toEqual([['MDC_ECG_HEART_RATE', null, 'absent', ['no_contact']]])
    expect(numerics('14aa8d00')).toEqual([
      ['MDC_ECG_HEART_RATE', null, 'absent', ['no_contact']],
      ['MDC_ECG_TIME_PD_RR_GL', null, 'absent', ['no_contact']],
    ])
  })

  it('passes a rate of 0 with contact on as questionable', () => {
    expect(numerics('0600')).toEqual([['MDC_ECG_HEART_RATE', 0, 'questionable', ['rate_zero']]])
  })

  it('discards what it cannot read, with the octets', () => {
    expect(receive('0146')).toEqual([
      { kind: 'discarded', reason: 'truncated', bytes: Uint8Array.of(0x01, 0x46) },
    ])
  })

  it('tells identity and failures as facts', () => {
    const driver = bleHeartRate.createDriver()
    const bytes = new TextEncoder().encode('A1234\0')
    expect(driver.receive({ kind: 'value', characteristic: '2A25', via: 'read', bytes }, AT_MS)).toEqual([
      { kind: 'text', name: 'serial_number', value: 'A1234', isIdentity: true },
    ])
    const command = { kind: 'read', characteristic: '2A38' } as const
    expect(driver.receive({ kind: 'failed', command, reason: 'read-not-permitted' }, AT_MS)).toEqual([
      { kind: 'text', name: 'command_failed', value: 'read 2A38: read-not-permitted' },
    ])
  })
})
