import { describe, expect, it } from '@jest/globals'
import { bleBloodPressure } from '../../../devices/ble-blood-pressure.ts'
import type { Numeric } from '../../../devices/protocol.ts'
import { FakePeer, keptMemory, observationsOf, readingsOf, textsOf } from '../../support/fake-peer.ts'

function opened(present: readonly string[] = ['2A35', '2A36']): FakePeer {
  const peer = new FakePeer(bleBloodPressure.createDriver(keptMemory()), {})
  peer.open(present)
  return peer
}

function numericsOf(hex: string, characteristic = '2A35'): readonly Numeric[] {
  return observationsOf(opened(['2A35', '2A36']).send(characteristic, hex))[0]?.numerics ?? []
}

const row = ({ metric, value, quality, why }: Numeric): unknown[] => [
  metric.mdc,
  metric.unit,
  value,
  quality,
  why,
]

describe('the blood pressure driver', () => {
  it('publishes the three pressures and the pulse', () => {
    expect(numericsOf('04 7800 5000 5d00 4800').map(row)).toEqual([
      [150021, 'mm[Hg]', 120, 'valid', undefined],
      [150022, 'mm[Hg]', 80, 'valid', undefined],
      [150023, 'mm[Hg]', 93, 'valid', undefined],
      [149546, '/min', 72, 'valid', undefined],
    ])
  })

  it('keeps kilopascals', () => {
    expect(numericsOf('01 a0f0 6bf0 7cf0').map(row)).toEqual([
      [150021, 'kPa', 16, 'valid', undefined],
      [150022, 'kPa', 10.7, 'valid', undefined],
      [150023, 'kPa', 12.4, 'valid', undefined],
    ])
  })

  it('has no value for a pressure that was not measured', () => {
    expect(numericsOf('00 7800 5000 ff07').map(row)[2]).toEqual([
      150023,
      'mm[Hg]',
      null,
      'absent',
      ['not_a_number'],
    ])
  })

  it.each([
    ['kilopascals that are called millimetres', '00 bdf0 6ef0 ff07', ['unit_doubtful']],
    ['millimetres that are called kilopascals', '01 7800 5000 ff07', ['unit_doubtful']],
    ['a diastolic pressure above the systolic', '00 5000 7800 ff07', ['pressures_out_of_order']],
    ['a mean above the systolic', '00 7800 5000 8000', ['pressures_out_of_order']],
    ['equal pressures', '00 7800 7800 ff07', ['pressures_out_of_order']],
    ['a cuff too loose', '10 7800 5000 5d00 0200', ['cuff_too_loose']],
    ['movement', '10 7800 5000 5d00 0100', ['body_movement']],
  ])('calls %s questionable', (_name, hex, why) => {
    expect(numericsOf(hex)[0]).toMatchObject({ quality: 'questionable', why })
  })

  it('doubts the pulse alone when the pulse is out of range', () => {
    const numerics = numericsOf('14 7800 5000 5d00 c800 0800')
    expect(numerics.map(({ quality }) => quality)).toEqual(['valid', 'valid', 'valid', 'questionable'])
  })

  it('passes the cuff on while it is inflated', () => {
    expect(numericsOf('00 9600 ff07 ff07', '2A36').map(row)).toEqual([
      [150300, 'mm[Hg]', 150, 'valid', undefined],
    ])
  })

  it('tells whose slot of the monitor was used when it changes', () => {
    const peer = opened()
    expect(textsOf(peer.send('2A35', '08 7800 5000 5d00 01'))).toEqual([['user_slot', '1']])
    expect(textsOf(peer.send('2A35', '08 7800 5000 5d00 01'))).toEqual([])
    expect(textsOf(peer.send('2A35', '08 7800 5000 5d00 ff'))).toEqual([['user_slot', 'unknown']])
  })

  it('takes one form where the monitor has both, and the enhanced one where it is alone', () => {
    const subscribed = (present: readonly string[]): unknown[] =>
      opened(present).commands.map((command) => Object.values(command)[1])
    expect(subscribed(['2A35', '2A36', '2B34', '2B35'])).toEqual(['2A35', '2A36'])
    expect(subscribed(['2B34', '2B35'])).toEqual(['2B34', '2B35'])
    expect(readingsOf(opened(['2B34']).send('2B34', '00 7800 5000 5d00'))).toEqual(['120'])
  })

  it('tells a measurement once that is indicated again', () => {
    const peer = opened()
    const hex = '02 7800 5000 5d00 ea0709140a0000'
    expect(observationsOf(peer.send('2A35', hex))).toMatchObject([
      { deviceTime: { epochMs: Date.parse('2026-09-20T10:00:00Z'), zone: 'unknown' } },
    ])
    expect(peer.send('2A35', hex)).toEqual([])
  })

  it.each([
    ['00 7800 5000', 'truncated'],
    ['00 7800 5000 5d00 00', 'trailing'],
    ['12 7800 5000 5d00 ea0709140a003c 0000', 'invalid-datetime'],
  ])('throws %s away', (hex, reason) => {
    expect(opened().send('2A35', hex)).toMatchObject([{ kind: 'discarded', reason }])
  })
})
