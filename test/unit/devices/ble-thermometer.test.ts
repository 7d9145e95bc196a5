import { describe, expect, it } from '@jest/globals'
import { bleThermometer } from '../../../devices/ble-thermometer.ts'
import { FakePeer, keptMemory, observationsOf, readingsOf, textsOf } from '../../support/fake-peer.ts'

/** 36.4 degrees; FLOAT. */
const WARM = '6c0100ff'
const AT_TEN = 'ea0709140a0000'
const CLOCK_RIGHT = `ea0709140a0f00 07 00 00`

function opened(values: Readonly<Record<string, string>> = {}): FakePeer {
  const peer = new FakePeer(bleThermometer.createDriver(keptMemory()), values)
  peer.open(['2A1C', '2A1E'])
  return peer
}

describe('the thermometer driver', () => {
  it('learns the site and the clock before it subscribes', () => {
    const peer = opened({ '2A1D': '02', '2A2B': CLOCK_RIGHT })
    expect(peer.commands.map((command) => Object.values(command).join(' '))).toEqual([
      'read 2A1D',
      'read 2A2B',
      'subscribe 2A1C',
      'subscribe 2A1E',
    ])
  })

  it.each([
    ['01', 188452],
    ['02', 150364],
    ['03', 188428],
    ['04', 188432],
    ['05', 188456],
    ['06', 188424],
    ['07', 188420],
    ['08', 188448],
    ['09', 150392],
    ['0a', 150364],
    ['00', 150364],
  ])('gives site %s the code %i, of the measurement or of the device', (site, mdc) => {
    const inMeasurement = opened({ '2A1D': '02' }).send('2A1C', `04 ${WARM} ${site}`)
    const ofDevice = opened({ '2A1D': site }).send('2A1C', `00 ${WARM}`)
    for (const outputs of [inMeasurement, ofDevice])
      expect(observationsOf(outputs)[0]?.numerics).toMatchObject([
        { value: 36.4, metric: { mdc, unit: 'Cel' } },
      ])
  })

  it('keeps Fahrenheit', () => {
    expect(observationsOf(opened().send('2A1C', '01 da0300ff'))[0]?.numerics).toMatchObject([
      { value: 98.6, metric: { mdc: 150364, unit: '[degF]' }, quality: 'valid' },
    ])
  })

  it.each([
    ['ffff7f00', 'absent'],
    ['00008000', 'absent'],
    ['feff7f00', 'over'],
    ['02008000', 'under'],
    ['01008000', 'invalid'],
  ])('has no value for the float %s', (float, quality) => {
    expect(observationsOf(opened().send('2A1C', `00 ${float}`))[0]?.numerics).toMatchObject([
      { value: null, quality },
    ])
  })

  it('passes an intermediate temperature on as questionable and short-lived', () => {
    expect(opened().send('2A1E', `00 ${WARM}`)).toMatchObject([
      { ttlMs: 10_000, numerics: [{ value: 36.4, quality: 'questionable', why: ['intermediate'] }] },
    ])
  })

  it('tells a kept measurement as history when the clock of the device says that it is old', () => {
    const peer = opened({ '2A2B': CLOCK_RIGHT })
    expect(readingsOf(peer.send('2A1C', `02 ${WARM} ${AT_TEN}`))).toEqual(['36.4h'])
    expect(readingsOf(peer.send('2A1C', `02 ${WARM} ea0709140a0e1e`))).toEqual(['36.4'])
  })

  it('judges the age by the device, however wrong its clock is', () => {
    const peer = opened({ '2A2B': 'd00701010a0f00 06 00 00' })
    expect(readingsOf(peer.send('2A1C', `02 ${WARM} d00701010a0e1e`))).toEqual(['36.4'])
    expect(readingsOf(peer.send('2A1C', `02 ${WARM} d00701010a0000`))).toEqual(['36.4h'])
  })

  it('tells a measurement once that is indicated twice, also after a restart', () => {
    const memory = keptMemory()
    const peer = new FakePeer(bleThermometer.createDriver(memory), {})
    peer.open(['2A1C'])
    expect(readingsOf(peer.send('2A1C', `02 ${WARM} ${AT_TEN}`))).toEqual(['36.4'])
    peer.close()
    peer.open(['2A1C'])
    expect(peer.send('2A1C', `02 ${WARM} ${AT_TEN}`)).toEqual([])
    const restarted = new FakePeer(bleThermometer.createDriver(memory), {})
    restarted.open(['2A1C'])
    expect(restarted.send('2A1C', `02 ${WARM} ${AT_TEN}`)).toEqual([])
    expect(readingsOf(restarted.send('2A1C', `00 ${WARM}`))).toEqual(['36.4'])
    expect(readingsOf(restarted.send('2A1C', `00 ${WARM}`))).toEqual(['36.4'])
  })

  it.each([
    ['00 6c0100', 'truncated'],
    [`00 ${WARM} 00`, 'trailing'],
    [`02 ${WARM} ea070d140a0000`, 'invalid-datetime'],
    ['', 'truncated'],
  ])('throws %s away', (hex, reason) => {
    expect(opened().send('2A1C', hex)).toMatchObject([{ kind: 'discarded', reason }])
  })

  it('says what the device reports about itself', () => {
    const peer = new FakePeer(bleThermometer.createDriver(), { '2A1D': '06', '2A21': '3c00', '2A19': '0f' })
    const outputs = peer.open(['2A1C'])
    expect(textsOf(outputs)).toEqual([
      ['temperature_type', 'mouth'],
      ['measurement_interval', 60],
      ['battery_pct', 15],
    ])
    expect(outputs).toContainEqual(
      expect.objectContaining({
        kind: 'alert',
        code: 'battery-level-low',
        phase: 'present',
        source: 'technical',
      }),
    )
  })

  it('says so when the peer is no thermometer', () => {
    const peer = new FakePeer(bleThermometer.createDriver(), {})
    expect(peer.open(['2A37'])).toEqual([
      { kind: 'text', name: 'characteristic_missing', value: '2A1C or 2A1E' },
    ])
  })
})
