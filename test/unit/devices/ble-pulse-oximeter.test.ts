import { describe, expect, it } from '@jest/globals'
import { blePulseOximeter } from '../../../devices/ble-pulse-oximeter.ts'
import type { DriverOutput } from '../../../devices/protocol.ts'

const AT_MS = Date.parse('2026-09-20T10:15:00Z')

function receive(characteristic: string, hex: string): readonly DriverOutput[] {
  const bytes = Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
  const event = { kind: 'value', characteristic, via: 'notification', bytes } as const
  return blePulseOximeter.createDriver().receive(event, AT_MS)
}

function numerics(characteristic: string, hex: string): unknown[] {
  return receive(characteristic, hex).flatMap((output): unknown[] =>
    output.kind === 'observation'
      ? output.numerics.map(({ metric, value, quality, why }) => [metric.mdc, value, quality, why])
      : [],
  )
}

/** 98 % and 72 /min with the measurement and device status. */
function withStatus(measurementStatus: number, deviceStatus = 0): string {
  const octets = [
    measurementStatus & 0xff,
    measurementStatus >>> 8,
    deviceStatus & 0xff,
    deviceStatus >>> 8,
    0,
  ]
  return `0c 6200 4800 ${Buffer.from(octets).toString('hex')}`
}

describe('the pulse oximeter driver', () => {
  it('subscribes to what the peer has', () => {
    const open = (characteristics?: readonly string[]): unknown =>
      blePulseOximeter
        .createDriver()
        .receive({ kind: 'opened', ...(characteristics && { characteristics }) }, AT_MS)
    expect(open(['2A5F', '2A60'])).toEqual([
      { kind: 'subscribe', characteristic: '2A5F' },
      { kind: 'read', characteristic: '2A60' },
    ])
    expect(open(['2A37'])).toEqual([{ kind: 'text', name: 'characteristic_missing', value: '2A5F or 2A5E' }])
  })

  it('publishes saturation, pulse rate and amplitude index', () => {
    expect(numerics('2A5F', '1c5f005a00200000000057f0')).toEqual([
      [150456, 95, 'valid', undefined],
      [149530, 90, 'valid', undefined],
      [150488, 8.7, 'valid', undefined],
    ])
  })

  it.each([
    ['demo data', 1 << 10],
    ['testing data', 1 << 11],
  ])('discards %s as test data', (_name, status) => {
    expect(receive('2A5F', withStatus(status))).toMatchObject([{ kind: 'discarded', reason: 'test-data' }])
  })

  it.each([
    { name: 'unavailable', status: 1 << 13, quality: 'absent', why: ['measurement_unavailable'] },
    { name: 'invalid', status: 1 << 15, quality: 'invalid', why: ['invalid'] },
    {
      name: 'questionable and invalid',
      status: 3 << 14,
      quality: 'invalid',
      why: ['questionable', 'invalid'],
    },
    { name: 'sensor off the finger', device: 1 << 11, quality: 'absent', why: ['sensor_unconnected'] },
    { name: 'sensor broken', device: 1 << 14, quality: 'invalid', why: ['sensor_malfunction'] },
  ])('$name gives no value', ({ status = 0, device = 0, quality, why }) => {
    expect(numerics('2A5F', withStatus(status, device))).toEqual([
      [150456, null, quality, why],
      [149530, null, quality, why],
    ])
  })

  it.each([
    { name: 'questionable', status: 1 << 14, quality: 'questionable', why: ['questionable'] },
    { name: 'calibrating', status: 1 << 12, quality: 'calibrating', why: ['calibration_ongoing'] },
    { name: 'poor signal', device: 0x30, quality: 'questionable', why: ['poor_signal', 'low_perfusion'] },
    { name: 'fully qualified', status: 1 << 8, quality: 'valid', why: undefined },
  ])('$name keeps the value and says how far it is believed', ({ status = 0, device = 0, quality, why }) => {
    expect(numerics('2A5F', withStatus(status, device))).toEqual([
      [150456, 98, quality, why],
      [149530, 72, quality, why],
    ])
  })

  it.each([
    ['ff07', 'absent', 'not_a_number'],
    ['0008', 'absent', 'not_at_this_resolution'],
    ['fe07', 'over', 'positive_infinity'],
    ['0208', 'under', 'negative_infinity'],
    ['0108', 'invalid', 'reserved_pattern'],
  ])('the special float %s is no value', (word, quality, why) => {
    expect(numerics('2A5F', `00 ${word} 4800`)).toEqual([
      [150456, null, quality, [why]],
      [149530, 72, 'valid', undefined],
    ])
  })

  it('marks a stored spot check as history, with the time of its zone-less clock', () => {
    expect(receive('2A5E', '035d006e00e9070601160f000003')).toMatchObject([
      {
        kind: 'observation',
        isHistory: true,
        deviceTime: { epochMs: Date.parse('2025-06-01T22:15:00Z'), zone: 'unknown' },
      },
    ])
  })

  it('takes no time from a clock that was never set', () => {
    const [observation] = receive('2A5E', '115d006e00e9070601160f00')
    expect(observation).not.toHaveProperty('deviceTime')
    expect(observation).not.toHaveProperty('isHistory')
  })
})
