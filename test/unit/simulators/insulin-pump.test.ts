import { describe, expect, it } from '@jest/globals'
import { appendCounterAndCrc, endsWithCrc } from '../../../devices/gatt/e2e.ts'
import type { BleDevice } from '../../../simulators/ble-device.ts'
import { createInsulinPump } from '../../../simulators/insulin-pump.ts'
import { createInsulinPumpPeripheral } from '../../../simulators/insulin-pump-peripheral.ts'
import type { RecordedRow } from '../../../simulators/recording.ts'

const AT_REST: RecordedRow = { atS: 0, basalIUh: 1.2, insulinOnBoardIU: 2 }
const BOLUS: RecordedRow = { atS: 300, basalIUh: 1.2, bolusIU: 3.5, mealIU: 3.5, insulinOnBoardIU: 5.4 }

describe('the state of a simulated pump', () => {
  it('takes from the reservoir what the recording delivers, and a repeated row only once', () => {
    const pump = createInsulinPump(AT_REST)
    expect(pump.apply(BOLUS)).toMatchObject({
      deliveredBolusIU: 3.5,
      deliveredBasalIU: 0.1,
      reservoirIU: 296,
    })
    expect(pump.apply({ ...BOLUS })).toMatchObject({ deliveredBolusIU: 3.5, reservoirIU: 296 })
  })

  it('knows the bolus of the newest row until the next one', () => {
    const pump = createInsulinPump(AT_REST)
    expect(pump.apply(BOLUS).bolus).toEqual({ id: 1, amountIU: 3.5, isCorrection: false, isMeal: true })
    expect(pump.apply({ atS: 600, basalIUh: 1.2 }).bolus).toBeUndefined()
    expect(pump.apply({ atS: 900, bolusIU: 0 }).bolus).toBeUndefined()
  })

  it('sends a slipped unit as recorded and empties no reservoir with it', () => {
    const pump = createInsulinPump({ atS: 0, basalIUh: 1335 })
    expect(pump.reading.basalIUh).toBe(1335)
    expect(pump.apply({ atS: 300, basalIUh: 1335 }).deliveredBasalIU).toBe(0.111)
  })

  it('knows neither rate nor insulin on board in a gap, and counts no basal for it', () => {
    const pump = createInsulinPump(AT_REST)
    expect(pump.apply(undefined)).toMatchObject({ basalIUh: undefined, insulinOnBoardIU: undefined })
    expect(pump.apply({ atS: 6300, basalIUh: 1 }).deliveredBasalIU).toBe(0)
  })
})

interface Bench {
  readonly device: BleDevice
  readonly indicated: { readonly characteristic: string; readonly bytes: Uint8Array }[]
  readonly read: (characteristic: string) => Uint8Array
  /** The error code of the Attribute Protocol, or undefined when the request was taken. */
  readonly request: (bytes: Uint8Array) => number | undefined
}

function bench(hasListener = true): Bench {
  const indicated: Bench['indicated'] = []
  const device = createInsulinPumpPeripheral({
    serial: '0000000001',
    recordingStartMs: undefined,
    rowAtStart: AT_REST,
    notify: () => undefined,
    indicate: (characteristic, bytes) => {
      indicated.push({ characteristic, bytes })
      return Promise.resolve(hasListener)
    },
  })
  const find = (uuid: string): (typeof device.services)[number]['characteristics'][number] | undefined =>
    device.services.flatMap(({ characteristics }) => characteristics).find((each) => each.uuid === uuid)
  return {
    device,
    indicated,
    read(uuid) {
      const bytes = find(uuid)?.onRead?.()
      if (!(bytes instanceof Uint8Array)) throw new Error(`${uuid} cannot be read`)
      return bytes
    },
    request: (bytes) => find('2B24')?.onWrite?.(bytes),
  }
}

const GET_BASAL = Uint8Array.of(0x65, 0x03)
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a simulated pump on the air', () => {
  it('has no control point that takes an order', () => {
    const uuids = bench().device.services.flatMap(({ characteristics }) =>
      characteristics.map(({ uuid }) => uuid),
    )
    expect(uuids).not.toContain('2B25')
    expect(uuids).toEqual(expect.arrayContaining(['2B20', '2B21', '2B22', '2B23', '2B24']))
  })

  it('asks for an authenticated and authorised collector for every value of the service', () => {
    const [service] = bench().device.services
    for (const { security, needsAuthorization } of service?.characteristics ?? [])
      expect({ security, needsAuthorization }).toEqual({
        security: 'authenticated',
        needsAuthorization: true,
      })
  })

  it('answers a request with what is recorded, protected end to end', async () => {
    const { request, indicated } = bench()
    expect(request(appendCounterAndCrc(GET_BASAL, 1))).toBeUndefined()
    await settled()
    const bytes = indicated[0]?.bytes ?? new Uint8Array()
    expect(endsWithCrc(bytes)).toBe(true)
    // Response 036A, no flags, template 1, 1.2 as SFLOAT, counter 1.
    expect([...bytes.subarray(0, -2)]).toEqual([0x6a, 0x03, 0, 1, 0x0c, 0xf0, 1])
  })

  it.each([
    { name: 'too short for its protection', bytes: GET_BASAL, code: 0x0d },
    { name: 'without a good CRC', bytes: Uint8Array.of(...GET_BASAL, 1, 0, 0), code: 0x81 },
    { name: 'with a counter that skips one', bytes: appendCounterAndCrc(GET_BASAL, 2), code: 0x82 },
    { name: 'with the counter 0', bytes: appendCounterAndCrc(GET_BASAL, 0), code: 0x82 },
  ])('refuses a request $name', async ({ bytes, code }) => {
    const { request, indicated } = bench()
    expect(request(bytes)).toBe(code)
    await settled()
    expect(indicated).toEqual([])
  })

  it('refuses a request that was heard already', () => {
    const { request } = bench()
    const bytes = appendCounterAndCrc(GET_BASAL, 1)
    expect(request(bytes)).toBeUndefined()
    expect(request(bytes)).toBe(0x82)
  })

  it.each([
    { name: 'an op code it does not know', octets: [0x99, 0x99], result: 0x70 },
    { name: 'an op code of the command control point', octets: [0x4b, 0x11], result: 0x70 },
    { name: 'an operand where none belongs', octets: [...GET_BASAL, 1], result: 0x71 },
    { name: 'a bolus that does not run', octets: [0x56, 0x03, 9, 0, 0x3c], result: 0x71 },
  ])('answers $name with a result code', async ({ octets, result }) => {
    const { request, indicated } = bench()
    expect(request(appendCounterAndCrc(Uint8Array.from(octets), 1))).toBeUndefined()
    await settled()
    expect([...(indicated[0]?.bytes.subarray(0, 5) ?? [])]).toEqual([
      0x03,
      0x03,
      octets[0],
      octets[1],
      result,
    ])
  })

  it('says what has changed until it is told to clear it', async () => {
    const { device, indicated, read, request } = bench()
    device.say({ atS: 300, elapsedS: 300, row: BOLUS })
    await settled()
    expect(indicated.map(({ characteristic }) => characteristic)).toEqual(['2B21', '2B20'])
    // Reservoir, total daily insulin, active bolus, history; the basal rate stayed.
    expect(read('2B20')[0]).toBe(0b1101_0100)
    expect(request(appendCounterAndCrc(Uint8Array.of(0x0c, 0x03, 0b0100_0000, 0), 1))).toBeUndefined()
    expect(read('2B20')[0]).toBe(0b1001_0100)
  })

  it('says nothing when nothing has changed', async () => {
    const { device, indicated } = bench()
    device.say({ atS: 300, elapsedS: 300, row: { ...AT_REST, basalIUh: 1.2, atS: 0 } })
    await settled()
    expect(indicated).toEqual([])
  })

  it('numbers read responses and indications together, and does not number what nobody received', async () => {
    const counterOf = (bytes: Uint8Array | undefined): number | undefined => bytes?.[bytes.length - 3]
    const heard = bench()
    expect(counterOf(heard.read('2B20'))).toBe(1)
    heard.device.say({ atS: 300, elapsedS: 300, row: BOLUS })
    await settled()
    expect(counterOf(heard.indicated[1]?.bytes)).toBe(2)
    expect(counterOf(heard.read('2B20'))).toBe(3)

    const unheard = bench(false)
    unheard.device.say({ atS: 300, elapsedS: 300, row: BOLUS })
    await settled()
    expect(counterOf(unheard.read('2B20'))).toBe(1)
  })

  it('starts its counters again with each connection', () => {
    const { device, read, request } = bench()
    read('2B21')
    request(appendCounterAndCrc(GET_BASAL, 1))
    device.onConnected?.()
    expect(read('2B21').at(-3)).toBe(1)
    expect(request(appendCounterAndCrc(GET_BASAL, 1))).toBeUndefined()
  })

  it('does not know its state in a gap of the recording', () => {
    const { device, read } = bench()
    expect([...read('2B21').subarray(0, 2)]).toEqual([0x55, 0x96])
    device.say({ atS: 450, elapsedS: 450, row: undefined })
    expect([...read('2B21').subarray(0, 2)]).toEqual([0x0f, 0x0f])
  })
})
