import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { datexDri, datexDriRecord } from '../../../devices/datex-dri.ts'
import { frame, unframe } from '../../../devices/dri/frame.ts'
import { readRecord } from '../../../devices/dri/record.ts'
import { ASK } from '../../../devices/dri/requests.ts'
import type { Driver, DriverOutput } from '../../../devices/protocol.ts'
import { isPermitted } from '../../../gateway/stages/permit-command.ts'
import { displayedRecord, driRecord, wavePart } from '../../../simulators/dri-encoder.ts'
import { driReading } from '../../../simulators/dri-reading.ts'

const SEED = 20_260_920
const STAMP = { number: 1, timeMs: 1_700_000_000_000 }

const displayed = displayedRecord(
  driReading({ atS: 0, elapsedS: 0, row: { atS: 0, heartRate: 72, spo2: 97 } }),
  STAMP,
)
const wave = driRecord(1, [wavePart(8, 0, [1, 2, 3])], STAMP)

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function sentBy(outputs: readonly DriverOutput[]): readonly string[] {
  return outputs.flatMap((output) => (output.kind === 'send' ? [hexOf(output.bytes)] : []))
}

function opened(): Driver {
  const driver = datexDri.createDriver()
  driver.receive({ kind: 'opened' }, 0)
  return driver
}

describe('the requests of DRI', () => {
  it('are written as the vendor writes its own', () => {
    // The vendor's frame for ten seconds and all classes, with five seconds and the basic class in their places.
    expect(hexOf(ASK.displayed)).toBe(
      `7e310000000000000000000000000000000000000000ff${'00'.repeat(18)}010500000000000000367e`,
    )
    expect(hexOf(ASK.waves)).toMatch(/^7e4800(00){12}0100(00){5}ff/)
  })

  it('are all that is sent when the line opens, and each is permitted', () => {
    const outputs = datexDri.createDriver().receive({ kind: 'opened' }, 0)
    expect(sentBy(outputs)).toEqual([ASK.displayed, ASK.waves, ASK.alarmStatus, ASK.alarmChanges].map(hexOf))
    for (const output of outputs)
      expect(output.kind === 'send' && isPermitted(output, datexDri.sends)).toBe(true)
  })

  it.each([
    [
      'a stop of the curves',
      '7e480000000000000000000000000001000000000000ff000000000000000000000000000000000000010000 00ff',
    ],
    ['a request with bytes behind it', `${hexOf(ASK.displayed)}00`],
    ['half a request', hexOf(ASK.displayed).slice(0, 60)],
    ['nothing', ''],
  ])('do not permit %s', (_, hex) => {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    expect(isPermitted({ kind: 'send', bytes }, datexDri.sends)).toBe(false)
  })
})

describe('the subscriptions of DRI', () => {
  it('are left alone while the monitor sends', () => {
    const driver = opened()
    for (let atMs = 1000; atMs <= 14_000; atMs += 1000) {
      driver.receive({ kind: 'bytes', bytes: displayed }, atMs)
      driver.receive({ kind: 'bytes', bytes: wave }, atMs)
      expect(sentBy(driver.tick?.(atMs) ?? [])).toEqual([])
    }
  })

  it('are renewed one by one: curves that stopped do not disturb the values', () => {
    const driver = opened()
    driver.receive({ kind: 'bytes', bytes: displayed }, 4000)
    expect(driver.wakeAtMs).toBe(5000)
    expect(sentBy(driver.tick?.(5000) ?? [])).toEqual([hexOf(ASK.waves)])
  })

  it('are not kept alive by a damaged record', () => {
    const driver = opened()
    const damaged = Uint8Array.from(wave)
    damaged[45] = 0x55
    driver.receive({ kind: 'bytes', bytes: damaged }, 4900)
    expect(sentBy(driver.tick?.(5000) ?? [])).toEqual([hexOf(ASK.waves)])
  })

  it('end with the line and begin anew with it', () => {
    const driver = opened()
    driver.receive({ kind: 'closed', reason: 'cable pulled' }, 1000)
    expect(driver.wakeAtMs).toBeUndefined()
    expect(sentBy(driver.tick?.(60_000) ?? [])).toEqual([])
    expect(sentBy(driver.receive({ kind: 'opened' }, 61_000))).toHaveLength(4)
  })
})

describe('the frames of DRI', () => {
  it('give back any record, whatever has to be escaped', () => {
    const octet = fc.oneof(fc.constantFrom(0x7d, 0x7e, 0x5d, 0x5e), fc.nat(255))
    fc.assert(
      fc.property(fc.array(octet, { minLength: 40, maxLength: 300 }), (octets) => {
        const record = Uint8Array.from(octets)
        const framed = frame(record)
        expect(framed.indexOf(0x7e, 1)).toBe(framed.length - 1)
        expect(unframe(framed.subarray(1, -1))).toEqual({ ok: true, record })
      }),
      { seed: SEED, numRuns: 200 },
    )
  })

  it('never give a subrecord that is not inside its record', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 24, maxLength: 24 }),
        fc.uint8Array({ maxLength: 400 }),
        (list, data) => {
          const bytes = new Uint8Array(40 + data.length)
          bytes[0] = bytes.length & 0xff
          bytes[1] = bytes.length >>> 8
          bytes.set(list, 16)
          bytes.set(data, 40)
          const read = readRecord(bytes)
          if (!read.ok) return
          const total = read.record.subrecords.reduce((sum, part) => sum + part.bytes.length, 0)
          expect(total).toBeLessThanOrEqual(data.length)
          for (const part of read.record.subrecords) expect(part.bytes.length).toBeGreaterThan(0)
        },
      ),
      { seed: SEED, numRuns: 300 },
    )
  })
})

describe('bare records', () => {
  it('say the same as framed ones', () => {
    const inner = unframe(displayed.subarray(1, -1))
    if (!inner.ok) throw new Error('the frame is not whole')
    const bare = datexDriRecord.createDecoder({}).receive({ kind: 'bytes', bytes: inner.record }, 0)
    const framed = datexDri.createDecoder?.().receive({ kind: 'bytes', bytes: displayed }, 0)
    expect(bare).toEqual(framed)
    expect(bare.some(({ kind }) => kind === 'observation')).toBe(true)
  })
})
