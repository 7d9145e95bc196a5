import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { bleHeartRate } from '../../devices/ble-heart-rate.ts'
import type { DeviceProtocol, LinkEvent } from '../../devices/protocol.ts'
import { systemClock } from '../../gateway/clock.ts'
import type { BleDeviceConfig } from '../../gateway/config/check-radio.ts'
import { createDeviceLink } from '../../gateway/device-links.ts'
import { silentLog } from '../../gateway/log.ts'
import { variant } from '../../gateway/transport/dbus-values.ts'
import { fromHex } from '../support/attributes.ts'
import { ADDRESS, bluezSuite, DEVICE } from '../support/bluez-bench.ts'
import { method, startBluezMock, type BluezMock } from '../support/bluez-mock.ts'
import { follow, type EventLog } from '../support/event-log.ts'

const suite = bluezSuite('a link over the radio of this machine')

let mock: BluezMock
let device: string
const logs: EventLog<LinkEvent>[] = []
const events: unknown[] = []

function open(keys: Partial<BleDeviceConfig> = {}, protocol: DeviceProtocol = bleHeartRate) {
  const { link } = createDeviceLink(
    { id: 'strap-1', protocol: protocol.id, link: 'ble', radio: 'bluez', address: ADDRESS, ...keys },
    protocol,
    {
      clock: systemClock,
      log: silentLog,
      random: () => 0.5,
      lockDir: '/nowhere',
      reservedPaths: [],
      events: { emit: (eventClass, event, detail) => events.push({ eventClass, event, ...detail }) },
    },
  )
  return link
}

function followed(link: ReturnType<typeof open>): EventLog<LinkEvent> {
  const log = follow(link.events$)
  logs.push(log)
  return log
}

const kind = (wanted: LinkEvent['kind']) => (event: LinkEvent) => event.kind === wanted

/** The same driver, for a profile that asks for something else. */
const demanding = (security: 'none' | 'encrypted' | 'authenticated'): DeviceProtocol => ({
  ...bleHeartRate,
  link: { kind: 'gatt', service: '180D', security },
})

suite('a device behind the radio of this machine', () => {
  const before = process.env['DBUS_SYSTEM_BUS_ADDRESS']

  beforeAll(async () => {
    mock = await startBluezMock()
    await mock.startBluetoothd()
    process.env['DBUS_SYSTEM_BUS_ADDRESS'] = mock.busAddress
  }, 20_000)
  afterAll(async () => {
    if (before === undefined) delete process.env['DBUS_SYSTEM_BUS_ADDRESS']
    else process.env['DBUS_SYSTEM_BUS_ADDRESS'] = before
    await mock.stop()
  })
  beforeEach(async () => {
    events.length = 0
    await mock.reset()
    await mock.addAdapter('hci0')
    device = await mock.addDevice(ADDRESS)
  })
  afterEach(() => {
    for (const log of logs.splice(0)) log.stop()
  })

  it('is read by its driver: a heart rate comes out', async () => {
    const [measurement = ''] = await mock.addService(device, '180D', [
      { uuid: '2A37', flags: ['notify'] },
      { uuid: '2A38', flags: ['read'], value: fromHex('01') },
    ])
    await mock.set(device, DEVICE, { Paired: variant('b', true) })
    const link = open()
    const driver = bleHeartRate.createDriver()
    const rates: unknown[] = []
    const log = followed(link)
    let isSubscribed = false
    while (rates.length < 2) {
      const event = await log.next(() => true)
      for (const output of driver.receive(event, systemClock.nowMs())) {
        if (output.kind === 'observation') rates.push(output.numerics.map(({ value }) => value))
        else if (output.kind === 'read' || output.kind === 'subscribe') link.execute(output)
      }
      if (!isSubscribed && event.kind === 'opened') {
        isSubscribed = true
        await mock.hasCalled(measurement, 'StartNotify')
        await mock.notify(measurement, fromHex('0048'))
        await mock.notify(measurement, fromHex('0048'))
      }
    }
    expect(rates).toEqual([[72], [72]])
    expect(events).toEqual([])
  })

  it('without a bond is read where the profile asks for none, and that is an event', async () => {
    await mock.addService(device, '180D', [{ uuid: '2A37', flags: ['notify'] }])
    await followed(open({}, demanding('none'))).next(kind('opened'))
    expect(events).toEqual([
      { eventClass: 'security', event: 'link-not-encrypted', device: 'strap-1', address: ADDRESS },
    ])
  })

  it('is connected again after it was away', async () => {
    await mock.addService(device, '180D', [{ uuid: '2A37', flags: ['notify'] }])
    await mock.set(device, DEVICE, { Paired: variant('b', true) })
    const log = followed(open())
    await log.next(kind('opened'))
    await mock.set(device, DEVICE, { Connected: variant('b', false) })
    await expect(log.next(kind('closed'))).resolves.toEqual({ kind: 'closed', reason: 'disconnected' })
    await log.next(kind('opened'))
  })

  it('without a bond is refused where the profile asks for one', async () => {
    await mock.addService(device, '180D', [{ uuid: '2A37', flags: ['notify'] }])
    const log = followed(open())
    await expect(log.next(kind('closed'))).resolves.toEqual({ kind: 'closed', reason: 'not-bonded' })
    expect(log.seen.some(kind('opened'))).toBe(false)
  })

  it('with a bond is read, but not where the profile asks for an authenticated one', async () => {
    await mock.addService(device, '180D', [{ uuid: '2A37', flags: ['notify'] }])
    await mock.set(device, DEVICE, { Paired: variant('b', true) })
    await followed(open()).next(kind('opened'))
    const log = followed(open({}, demanding('authenticated')))
    await expect(log.next(kind('closed'))).resolves.toEqual({
      kind: 'closed',
      reason: 'bond-not-authenticated',
    })
    expect(log.seen.some(kind('opened'))).toBe(false)
    expect(events).toEqual([])
  })

  it('with a bond that was verified is read, and every such use is an event', async () => {
    await mock.addService(device, '180D', [{ uuid: '2A37', flags: ['notify'] }])
    await mock.set(device, DEVICE, { Paired: variant('b', true) })
    await followed(open({ bond: 'authenticated' }, demanding('authenticated'))).next(kind('opened'))
    expect(events).toEqual([
      {
        eventClass: 'security',
        event: 'bond-taken-as-authenticated',
        device: 'strap-1',
        address: ADDRESS,
      },
    ])
  })

  it('is paired where the configuration says so, also when the profile would do without', async () => {
    await mock.addService(device, '180D', [{ uuid: '2A37', flags: ['notify'] }])
    await mock.replace(
      device,
      DEVICE,
      method('Pair', `self.UpdateProperties('${DEVICE}', {'Paired': dbus.Boolean(True)})`),
    )
    await followed(open({ pair: 'just-works' }, demanding('none'))).next(kind('opened'))
    expect(await mock.methodsCalled(device)).toContain('Pair')
    expect(events).toContainEqual(expect.objectContaining({ event: 'paired', proof: 'none' }))
  })
})
