import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { bleHeartRate } from '../../../devices/ble-heart-rate.ts'
import { blePulseOximeter } from '../../../devices/ble-pulse-oximeter.ts'
import { ivyAnsarb } from '../../../devices/ivy-ansarb.ts'
import { masimoAscii1 } from '../../../devices/masimo-ascii1.ts'
import { noninDf2 } from '../../../devices/nonin-df2.ts'
import { noninDf7 } from '../../../devices/nonin-df7.ts'
import type { DeviceProtocol, DriverOutput, LinkEvent } from '../../../devices/protocol.ts'
import { kindOf } from '../../../simulators/device-kinds.ts'
import { oximeterReading, plxContinuous } from '../../../simulators/finger-oximeter.ts'
import { createStrap, heartRateMeasurement } from '../../../simulators/heart-rate-strap.ts'
import { createFaultyLine } from '../../../simulators/line-faults.ts'
import { createNoninEncoder } from '../../../simulators/nonin-encoder.ts'
import type { RecordedRow } from '../../../simulators/recording.ts'

const RUNS = { seed: 20260920, numRuns: 60 }
const NOW_MS = Date.parse('2026-09-20T10:15:00Z')

const maybe = (max: number): fc.Arbitrary<number | undefined> =>
  fc.option(fc.integer({ min: 0, max }), { nil: undefined })
const vitals = fc.record(
  {
    atS: fc.constant(0),
    heartRate: fc.integer({ min: 0, max: 350 }),
    pulseRate: fc.integer({ min: 0, max: 300 }),
    respRate: fc.integer({ min: 0, max: 150 }),
    spo2: fc.integer({ min: 0, max: 100 }),
    nibpSystolic: fc.integer({ min: 0, max: 300 }),
    nibpDiastolic: fc.integer({ min: 0, max: 300 }),
    nibpMean: fc.integer({ min: 0, max: 300 }),
  },
  { requiredKeys: ['atS'] },
)

function numericsOf(driver: DeviceProtocol, event: LinkEvent): Readonly<Record<string, number | null>> {
  const outputs = driver.createDriver().receive(event, NOW_MS)
  expect(outputs.filter(({ kind }) => kind === 'discarded')).toEqual([])
  const numerics = outputs.flatMap((output) => (output.kind === 'observation' ? output.numerics : []))
  return Object.fromEntries(numerics.map(({ metric, value }) => [metric.ref, value]))
}

function serialBytes(protocol: string, row: RecordedRow | undefined, seed = 1): Uint8Array {
  const kind = kindOf(protocol)
  if (kind?.link !== 'serial') throw new Error(`${protocol} is no serial device`)
  const encode = kind.createEncoder({ seed, serial: '0000000001', nowMs: () => NOW_MS })
  return encode({ atS: 0, elapsedS: 0, row })
}

describe('what an encoder sends is what its driver reads', () => {
  it.each([{ driver: noninDf2 }, { driver: noninDf7 }, { driver: masimoAscii1 }])(
    '$driver.id: every rate and saturation, each of them missing or not',
    ({ driver }) => {
      fc.assert(
        fc.property(vitals, fc.integer(), (row, seed) => {
          const read = numericsOf(driver, { kind: 'bytes', bytes: serialBytes(driver.id, row, seed) })
          expect(read).toMatchObject({
            MDC_PULS_OXIM_SAT_O2: row.spo2 ?? null,
            MDC_PULS_OXIM_PULS_RATE: row.pulseRate ?? null,
          })
        }),
        RUNS,
      )
    },
  )

  it('ivy-ansarb: every field of the monitor, each of them missing or not', () => {
    fc.assert(
      fc.property(vitals, fc.integer(), (row, seed) => {
        const bytes = serialBytes('ivy-ansarb', row, seed)
        expect(numericsOf(ivyAnsarb, { kind: 'bytes', bytes })).toEqual({
          MDC_ECG_HEART_RATE: row.heartRate ?? null,
          MDC_RESP_RATE: row.respRate ?? null,
          MDC_CONC_AWAY_CO2_ET: null,
          MDC_PULS_OXIM_SAT_O2: row.spo2 ?? null,
          MDC_PULS_OXIM_PULS_RATE: row.pulseRate ?? null,
          MDC_PRESS_BLD_NONINV_SYS: row.nibpSystolic ?? null,
          MDC_PRESS_BLD_NONINV_DIA: row.nibpDiastolic ?? null,
          MDC_PRESS_BLD_NONINV_MEAN: row.nibpMean ?? null,
          MDC_PULS_RATE_NON_INV: null,
          MDC_TEMP: null,
        })
      }),
      RUNS,
    )
  })

  it('ble-heart-rate: rates of one and two octets, and no contact when there is none', () => {
    fc.assert(
      fc.property(maybe(350), (heartRate) => {
        const row: RecordedRow = { atS: 0, ...(heartRate !== undefined && { heartRate }) }
        const bytes = heartRateMeasurement(createStrap().read(row))
        const read = numericsOf(bleHeartRate, {
          kind: 'value',
          characteristic: '2A37',
          via: 'notification',
          bytes,
        })
        expect(read).toMatchObject({ MDC_ECG_HEART_RATE: heartRate ?? null })
      }),
      RUNS,
    )
  })

  it('ble-pulse-oximeter: the decimals of the recording', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), maybe(2000), (spo2Tenths, pulseTenths) => {
        const row: RecordedRow = {
          atS: 0,
          spo2: spo2Tenths / 10,
          ...(pulseTenths !== undefined && { pulseRate: pulseTenths / 10 }),
        }
        const bytes = plxContinuous(oximeterReading(row))
        const read = numericsOf(blePulseOximeter, {
          kind: 'value',
          characteristic: '2A5F',
          via: 'notification',
          bytes,
        })
        expect(read).toEqual({
          MDC_PULS_OXIM_SAT_O2: spo2Tenths / 10,
          MDC_PULS_OXIM_PULS_RATE: pulseTenths === undefined ? null : pulseTenths / 10,
        })
      }),
      RUNS,
    )
  })

  it('sends no number that the display has no room for', () => {
    const row: RecordedRow = { atS: 0, spo2: 101, pulseRate: 900 }
    for (const driver of [noninDf2, noninDf7, masimoAscii1, ivyAnsarb])
      expect(numericsOf(driver, { kind: 'bytes', bytes: serialBytes(driver.id, row) })).toMatchObject({
        MDC_PULS_OXIM_SAT_O2: null,
        MDC_PULS_OXIM_PULS_RATE: null,
      })
  })
})

describe('a Nonin oximeter', () => {
  it('holds its display values for 10 s after the finger has gone, with the sensor alarm set', () => {
    const encoder = createNoninEncoder('df2', 1)
    encoder.packet({ pulseRate: 72, spo2: 97 })
    const packets = Array.from({ length: 31 }, () =>
      encoder.packet({ pulseRate: undefined, spo2: undefined }),
    )
    const float = (packet: Uint8Array | undefined, frame: number): number =>
      packet?.[(frame - 1) * 5 + 3] ?? -1
    expect(packets.map((packet) => float(packet, 3))).toEqual(Array.from({ length: 31 }, () => 127))
    expect(float(packets[0], 9)).toBe(97)
    expect(float(packets[28], 9)).toBe(97)
    expect(float(packets[29], 9)).toBe(127)
    for (const packet of packets) expect((packet[1] ?? 0) & 0x08).toBe(0x08)
  })

  it('has a pulse wave that beats at the rate it shows', () => {
    const driver = noninDf7.createDriver()
    const encoder = createNoninEncoder('df7', 3)
    const samples = Array.from({ length: 3 * 60 }, () => encoder.packet({ pulseRate: 90, spo2: 97 })).flatMap(
      (bytes) =>
        driver
          .receive({ kind: 'bytes', bytes }, NOW_MS)
          .flatMap((output) => (output.kind === 'waveform' ? output.samples : [])),
    )
    const middle = 0xffff / 2
    const rises = samples.filter(
      (sample, index) => (sample ?? 0) >= middle && (samples[index - 1] ?? 0) < middle,
    )
    expect(rises.length).toBeGreaterThanOrEqual(89)
    expect(rises.length).toBeLessThanOrEqual(91)
  })
})

describe('chance', () => {
  it('is the same for the same seed and another for another', () => {
    const row: RecordedRow = { atS: 0, heartRate: 80, pulseRate: 80, respRate: 15, spo2: 97 }
    for (const protocol of ['nonin-df2', 'nonin-df7', 'ivy-ansarb']) {
      expect(serialBytes(protocol, row, 5)).toEqual(serialBytes(protocol, row, 5))
      expect(serialBytes(protocol, row, 5)).not.toEqual(serialBytes(protocol, row, 6))
    }
  })

  it('damages a line in the same way for the same seed', () => {
    const rates = { noise: 0.3, lostByte: 0.3, cut: 0.3, silence: 0.1, duplicate: 0.3 }
    const lines = [createFaultyLine(rates, 9), createFaultyLine(rates, 9), createFaultyLine(rates, 10)]
    const message = serialBytes('masimo-ascii1', undefined)
    const [first, second, other] = lines.map((line) => Array.from({ length: 100 }, () => line(message)))
    expect(first).toEqual(second)
    expect(first).not.toEqual(other)
  })
})

describe('a faulty line', () => {
  const message = Uint8Array.from({ length: 50 }, (_, index) => index)

  it('changes nothing unless a rate says so', () => {
    const line = createFaultyLine({}, 1)
    for (let count = 0; count < 100; count++) expect(line(message)).toEqual(message)
  })

  it.each([
    { kind: 'noise', sizes: (size: number) => size > 50 && size <= 66 },
    { kind: 'lostByte', sizes: (size: number) => size === 49 },
    { kind: 'cut', sizes: (size: number) => size < 50 },
    { kind: 'silence', sizes: (size: number) => size === 0 },
    { kind: 'duplicate', sizes: (size: number) => size === 100 },
  ])('does $kind and nothing else', ({ kind, sizes }) => {
    const line = createFaultyLine({ [kind]: 1 }, 1)
    for (let count = 0; count < 100; count++) expect(sizes(line(message).length)).toBe(true)
  })

  it('does not keep a driver from the good messages', () => {
    const kind = kindOf('nonin-df2')
    if (kind?.link !== 'serial') throw new Error('no such device')
    const encode = kind.createEncoder({ seed: 4, serial: '0000000004', nowMs: () => NOW_MS })
    const line = createFaultyLine({ noise: 0.1, lostByte: 0.1, cut: 0.05, duplicate: 0.05 }, 4)
    const driver = noninDf2.createDriver()
    const outputs: DriverOutput[] = []
    for (let count = 0; count < 300; count++) {
      const bytes = line(encode({ atS: 0, elapsedS: 0, row: { atS: 0, spo2: 97, pulseRate: 72 } }))
      outputs.push(...driver.receive({ kind: 'bytes', bytes }, NOW_MS))
    }
    const heard = outputs.flatMap((output) => (output.kind === 'observation' ? [output.numerics] : []))
    expect(heard.length).toBeGreaterThan(200)
    expect(outputs.some(({ kind: word }) => word === 'discarded')).toBe(true)
    for (const numerics of heard) expect(numerics.map(({ value }) => value)).toEqual([72, 97])
  })
})
