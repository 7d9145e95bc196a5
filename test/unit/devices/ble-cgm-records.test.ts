import { describe, expect, it } from '@jest/globals'
import { bleCgm, bleCgmCcittFalse } from '../../../devices/ble-cgm.ts'
import { appendCrc, type CrcVariant } from '../../../devices/gatt/e2e.ts'
import type { DriverMemory } from '../../../devices/protocol.ts'
import {
  type Answer,
  bytesOf,
  FakePeer,
  hexOf,
  keptMemory,
  readingsOf,
  textsOf,
} from '../../support/fake-peer.ts'

interface Sensor {
  /** Minutes since the session start, in order; the glucose is 100 + offset. */
  stored: number[]
  nowMin: number
  start: string
  serial?: string
  answer?: (request: string) => Answer | string | undefined
}

const START = 'ea0709140a0000 00 00'
const LATER = 'ea0709150a0000 00 00'

const word = (value: number): string => hexOf(Uint8Array.of(value & 0xff, value >>> 8))
const sealed = (hex: string, crc?: CrcVariant): string => hexOf(appendCrc(bytesOf(hex), crc))
const record = (offsetMin: number, crc?: CrcVariant): string =>
  sealed(`08 00 ${word(100 + offsetMin)} ${word(offsetMin)}`, crc)

function report({ stored, answer }: Sensor, request: string): Answer | string | undefined {
  const special = answer?.(request)
  if (special !== undefined) return special
  const min = request.startsWith('010301') ? Buffer.from(request, 'hex').readUInt16LE(3) : 0
  const asked = request === '0106' ? stored.slice(-1) : stored.filter((offsetMin) => offsetMin >= min)
  if (asked.length === 0) return [['2A52', '06000106']]
  return [...asked.map((offsetMin) => ['2AA7', record(offsetMin)] as const), ['2A52', '06000101']]
}

function connect(sensor: Sensor, memory: DriverMemory): FakePeer {
  const values = {
    '2AA8': sealed('009001 59'),
    '2AA9': sealed(`${word(sensor.nowMin)} 000000`),
    '2AAA': sealed(sensor.start),
    '2A25': Buffer.from(sensor.serial ?? 'S1').toString('hex'),
  }
  return new FakePeer(bleCgm.createDriver(memory), values, (request) => report(sensor, request))
}

const NEEDED = ['2AA7', '2A52']

describe('the records of a glucose sensor', () => {
  it('come as history, once and in order, when the sensor was out of reach', () => {
    const sensor: Sensor = { stored: [0, 5], nowMin: 7, start: START }
    const memory = keptMemory()
    const peer = connect(sensor, memory)
    expect(readingsOf(peer.open(NEEDED))).toEqual(['100h', '105h'])
    expect(readingsOf(peer.send('2AA7', record(10)))).toEqual(['110'])
    expect(readingsOf(peer.send('2AA7', record(10)))).toEqual([])
    peer.close()
    sensor.stored = [0, 5, 10, 15, 20]
    const again = connect({ ...sensor, nowMin: 22 }, memory)
    expect(readingsOf(again.open(NEEDED))).toEqual(['115h', '120h'])
    expect(again.writes).toEqual(['0103010b00'])
    expect(readingsOf(again.send('2AA7', record(25)))).toEqual(['125'])
  })

  it('carry the time of the session', () => {
    const outputs = connect({ stored: [5], nowMin: 7, start: START }, keptMemory()).open(NEEDED)
    expect(outputs).toContainEqual(
      expect.objectContaining({ deviceTime: { epochMs: Date.parse('2026-09-20T10:05:00Z'), zone: 'utc' } }),
    )
  })

  it('lose nothing when a live record comes before the stored ones', () => {
    const sensor: Sensor = { stored: [0], nowMin: 1, start: START }
    const memory = keptMemory()
    connect(sensor, memory).open(NEEDED)
    const stored = [0, 5, 10, 15]
    const answer = (): Answer => [
      ['2AA7', record(5)],
      ['2AA7', record(15)],
      ['2AA7', record(10)],
      ['2AA7', record(15)],
      ['2A52', '06000101'],
    ]
    expect(readingsOf(connect({ stored, nowMin: 14, start: START, answer }, memory).open(NEEDED))).toEqual([
      '105h',
      '115',
      '110h',
    ])
  })

  it('are all fetched when another session has begun meanwhile', () => {
    const memory = keptMemory()
    connect({ stored: [0, 5, 10], nowMin: 12, start: START }, memory).open(NEEDED)
    const peer = connect({ stored: [0, 5, 10, 15], nowMin: 17, start: LATER }, memory)
    const outputs = peer.open(NEEDED)
    expect(readingsOf(outputs)).toEqual(['100h', '105h', '110h', '115h'])
    expect(textsOf(outputs)).toContainEqual(['session', 'another_session_has_begun'])
    expect(peer.writes).toEqual(['0101'])
  })

  it('are not fetched again because somebody set the clock of the sensor', () => {
    const memory = keptMemory()
    connect({ stored: [0, 5, 1000], nowMin: 1001, start: START }, memory).open(NEEDED)
    const moved = 'ea0709140b0000 00 00'
    expect(
      readingsOf(connect({ stored: [0, 5, 1000], nowMin: 1003, start: moved }, memory).open(NEEDED)),
    ).toEqual([])
  })

  it('are all fetched of a sensor that counts fewer minutes than before', () => {
    const memory = keptMemory()
    connect({ stored: [100], nowMin: 101, start: '00000000000000 80 ff' }, memory).open(NEEDED)
    const outputs = connect({ stored: [0, 5], nowMin: 7, start: '00000000000000 80 ff' }, memory).open(NEEDED)
    expect(readingsOf(outputs)).toEqual(['100h', '105h'])
  })

  it('are all fetched of another sensor', () => {
    const memory = keptMemory()
    connect({ stored: [0, 5], nowMin: 7, start: START }, memory).open(NEEDED)
    const other = { stored: [0, 5], nowMin: 7, start: START, serial: 'S2' }
    expect(readingsOf(connect(other, memory).open(NEEDED))).toEqual(['100h', '105h'])
  })

  it('are asked for again when one was damaged on its way', () => {
    const sensor: Sensor = { stored: [0, 5], nowMin: 7, start: START }
    const damaged = record(5).replace(/..$/, '00')
    let isFirst = true
    sensor.answer = () => {
      if (!isFirst) return undefined
      isFirst = false
      return [
        ['2AA7', record(0)],
        ['2AA7', damaged],
        ['2A52', '06000101'],
      ]
    }
    const peer = connect(sensor, keptMemory())
    expect(readingsOf(peer.open(NEEDED))).toEqual(['100h', '105h'])
    expect(peer.writes).toEqual(['0101', '0103010100'])
    sensor.stored.push(10)
    expect(readingsOf(peer.send('2AA7', record(10).replace(/..$/, '00')))).toEqual(['110'])
  })

  it('raise no alert of the present', () => {
    const sensor: Sensor = { stored: [5], nowMin: 7, start: START }
    sensor.answer = () => [
      ['2AA7', sealed('09 20 3000 0500 04')],
      ['2A52', '06000101'],
    ]
    expect(
      connect(sensor, keptMemory())
        .open(NEEDED)
        .filter(({ kind }) => kind === 'alert'),
    ).toEqual([])
  })
})

describe('the two checksums of glucose sensors', () => {
  it.each([
    [bleCgm, 'ccitt-false', 'spec'],
    [bleCgmCcittFalse, 'spec', 'ccitt-false'],
  ] as const)('are a choice: $id takes none of the other kind', (protocol, other, own) => {
    const heard = (crc: CrcVariant): readonly string[] => {
      const peer = new FakePeer(protocol.createDriver(), { '2AA8': sealed('009001 59', crc) })
      peer.open(['2AA7'])
      return readingsOf(peer.send('2AA7', record(5, crc)))
    }
    expect(heard(other)).toEqual([])
    expect(heard(own)).toEqual(['105'])
  })
})
