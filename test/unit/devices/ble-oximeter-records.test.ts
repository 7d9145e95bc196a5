import { describe, expect, it } from '@jest/globals'
import { blePulseOximeter } from '../../../devices/ble-pulse-oximeter.ts'
import type { DriverMemory } from '../../../devices/protocol.ts'
import { type Answer, AT_MS, FakePeer, keptMemory, readingsOf } from '../../support/fake-peer.ts'

const NEEDED = ['2A5E', '2A52']
const STORES = '0c00'

/** A spot check at 10:mm, marked as stored or not. */
function check(minute: number, spo2: number, isStored: boolean): string {
  const octet = (value: number): string => value.toString(16).padStart(2, '0')
  return `03 ${octet(spo2)}00 4800 ea0709140a${octet(minute)}00 ${isStored ? '0002' : '0000'}`
}

function connect(stored: readonly string[], memory?: DriverMemory, features = STORES): FakePeer {
  const answer: Answer =
    stored.length === 0
      ? [['2A52', '06000106']]
      : [...stored.map((hex) => ['2A5E', hex] as const), ['2A52', '06000101']]
  return new FakePeer(blePulseOximeter.createDriver(memory), { '2A60': features }, (request) =>
    request === '0300' ? [['2A52', '06000301']] : answer,
  )
}

describe('the stored spot checks of an oximeter', () => {
  it('come as history, in order, and those of before are not told again', () => {
    const memory = keptMemory()
    const first = [check(1, 97, true), check(2, 96, true)]
    expect(readingsOf(connect(first, memory).open(NEEDED))).toEqual(['97h', '96h'])
    const more = [...first, check(3, 95, true)]
    expect(readingsOf(connect(more, memory).open(NEEDED))).toEqual(['95h'])
    expect(readingsOf(connect(more, memory).open(NEEDED))).toEqual([])
  })

  it('are not told again when they came live', () => {
    const memory = keptMemory()
    const peer = connect([], memory)
    peer.open(NEEDED)
    expect(readingsOf(peer.send('2A5E', check(5, 94, false)))).toEqual(['94'])
    expect(readingsOf(connect([check(5, 94, true), check(6, 93, true)], memory).open(NEEDED))).toEqual([
      '93h',
    ])
  })

  it('are told as far as they are kept when the storage has gone round', () => {
    const memory = keptMemory()
    connect([check(1, 97, true)], memory).open(NEEDED)
    expect(readingsOf(connect([check(8, 92, true), check(9, 91, true)], memory).open(NEEDED))).toEqual([
      '92h',
      '91h',
    ])
  })

  it('are asked for only where the features say that there is a storage', () => {
    const peer = connect([check(1, 97, true)], undefined, '0800')
    expect(readingsOf(peer.open(NEEDED))).toEqual([])
    expect(peer.writes).toEqual([])
  })

  it('wait for the end of a report, and a report that breaks off is asked for again', () => {
    const peer = new FakePeer(blePulseOximeter.createDriver(), { '2A60': STORES }, (request) =>
      request === '0300' ? [['2A52', '06000301']] : [['2A5E', check(1, 97, true)]],
    )
    expect(readingsOf(peer.open(NEEDED))).toEqual([])
    expect(readingsOf(peer.tick(AT_MS + 30_000))).toEqual([])
    peer.tick(AT_MS + 60_000)
    expect(readingsOf(peer.send('2A52', '06000101'))).toEqual(['97h'])
    expect(peer.writes).toEqual(['0101', '0300', '0101'])
  })
})
