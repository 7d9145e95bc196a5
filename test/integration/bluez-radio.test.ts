import { Message, MessageType, sessionBus, Variant } from '@jellybrick/dbus-next'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { systemClock } from '../../gateway/clock.ts'
import { ConfigError } from '../../gateway/errors.ts'
import { createBluezRadio } from '../../gateway/transport/bluez-radio.ts'
import { variant } from '../../gateway/transport/dbus-values.ts'
import { fromHex } from '../support/attributes.ts'
import {
  ADAPTER,
  ADDRESS,
  bluezBench,
  bluezSuite,
  CHARACTERISTIC,
  characteristicsOf,
  DEVICE,
  listener,
  only,
  WatchedClock,
} from '../support/bluez-bench.ts'
import { method, raises, startBluezMock, type BluezMock } from '../support/bluez-mock.ts'

const suite = bluezSuite('the radio of this machine')

let mock: BluezMock
const { radio, connected, closeAll } = bluezBench(() => mock)

suite('a radio of this machine', () => {
  beforeAll(async () => {
    mock = await startBluezMock()
    await mock.startBluetoothd()
  }, 20_000)
  afterAll(() => mock.stop())
  beforeEach(() => mock.reset())
  afterEach(closeAll)

  it.each<{
    readonly name: string
    readonly powered?: boolean
    readonly adapter?: string
    readonly reason: string
  }>([
    { name: 'there is no adapter', reason: 'no-adapter' },
    { name: 'the adapter is off', powered: false, reason: 'adapter-off' },
    { name: 'the named adapter is not there', powered: true, adapter: 'hci1', reason: 'adapter-not-found' },
  ])('says that $name', async ({ powered, adapter, reason }) => {
    if (powered !== undefined) {
      const path = await mock.addAdapter('hci0')
      await mock.set(path, ADAPTER, { Powered: variant('b', powered) })
    }
    await expect(radio({ adapter }).connect(ADDRESS, listener())).resolves.toEqual({ ok: false, reason })
    await expect(radio({ adapter }).scan()).resolves.toEqual({ ok: false, reason })
  })

  it('takes the first adapter that is on', async () => {
    await mock.set(await mock.addAdapter('hci0'), ADAPTER, { Powered: variant('b', false) })
    await mock.addAdapter('hci1')
    const clock = new WatchedClock()
    const scan = radio({ clock }).scan()
    await clock.passWhenSet(8_000)
    await expect(scan).resolves.toEqual({ ok: true, value: [] })
    expect(await mock.methodsCalled('/org/bluez/hci1')).toContain('StartDiscovery')
  })

  it('finds out who advertises, for a bounded time', async () => {
    const adapterPath = await mock.addAdapter('hci0')
    const path = await mock.addDevice(ADDRESS, 'Strap')
    await mock.set(path, DEVICE, {
      RSSI: variant('n', -60),
      UUIDs: variant('as', ['0000180d-0000-1000-8000-00805f9b34fb']),
    })
    const clock = new WatchedClock()
    const scan = radio({ clock }).scan()
    await clock.passWhenSet(8_000)
    await expect(scan).resolves.toEqual({
      ok: true,
      value: [{ address: ADDRESS, addressType: 'public', name: 'Strap', rssiDbm: -60, services: ['180D'] }],
    })
    expect(await mock.methodsCalled(adapterPath)).toEqual([
      'SetDiscoveryFilter',
      'StartDiscovery',
      'StopDiscovery',
    ])
    expect(await mock.argumentsOf(adapterPath, 'SetDiscoveryFilter')).toEqual([[{ Transport: 'le' }]])
    expect(clock.pendingCount).toBe(0)
  })

  it('gives up a device that is not heard', async () => {
    await mock.addAdapter('hci0')
    const clock = new WatchedClock()
    const connecting = radio({ clock }).connect(ADDRESS, listener())
    await clock.passWhenSet(15_000)
    await expect(connecting).resolves.toEqual({ ok: false, reason: 'not-in-range' })
    expect(clock.pendingCount).toBe(0)
  })

  it('searches for a device that is not known yet, and stops searching before it connects', async () => {
    const adapterPath = await mock.addAdapter('hci0')
    const connecting = connected()
    await mock.hasCalled(adapterPath, 'StartDiscovery')
    await mock.addDevice(ADDRESS)
    await connecting
    expect(await mock.methodsCalled(adapterPath)).toContain('StopDiscovery')
  })

  it.each([
    { error: 'Failed', text: 'le-connection-timeout', reason: 'connect-timeout' },
    { error: 'Failed', text: 'le-connection-abort-by-local', reason: 'connect-failed' },
    { error: 'NotReady', text: 'Resource Not Ready', reason: 'adapter-off' },
    { error: 'InProgress', text: 'In Progress', reason: 'procedure-already-in-progress' },
  ])('says why a connection was not made: $text', async ({ error, text, reason }) => {
    await mock.addAdapter('hci0')
    const path = await mock.addDevice(ADDRESS)
    await mock.replace(path, DEVICE, method('Connect', raises(error, text)))
    await expect(radio().connect(ADDRESS, listener())).resolves.toEqual({ ok: false, reason })
  })

  it('does not touch a device the operator has blocked', async () => {
    await mock.addAdapter('hci0')
    const path = await mock.addDevice(ADDRESS)
    await mock.set(path, DEVICE, { Blocked: variant('b', true) })
    await expect(radio().connect(ADDRESS, listener())).resolves.toEqual({
      ok: false,
      reason: 'device-blocked',
    })
    expect(await mock.methodsCalled(path)).not.toContain('Connect')
  })

  it('calls off an attempt that takes too long', async () => {
    await mock.addAdapter('hci0')
    const path = await mock.addDevice(ADDRESS)
    const clock = new WatchedClock()
    const connecting = radio({ clock }).connect(ADDRESS, listener())
    await clock.passWhenSet(25_000)
    await expect(connecting).resolves.toEqual({ ok: false, reason: 'connect-timeout' })
    expect(await mock.methodsCalled(path)).toContain('Disconnect')
  })
})

suite('a link of this machine', () => {
  let device: string

  beforeAll(async () => {
    mock = await startBluezMock()
    await mock.startBluetoothd()
  }, 20_000)
  afterAll(() => mock.stop())
  beforeEach(async () => {
    await mock.reset()
    await mock.addAdapter('hci0')
    device = await mock.addDevice(ADDRESS)
  })
  afterEach(closeAll)

  it('shows the services, also those that are resolved late', async () => {
    await mock.replace(
      device,
      DEVICE,
      method('Connect', `self.UpdateProperties('${DEVICE}', {'Connected': dbus.Boolean(True)})`),
    )
    const connection = await connected()
    const discovered = connection.discover()
    await mock.addService(device, '180D', [
      { uuid: '2A37', flags: ['notify'] },
      { uuid: '2A39', flags: ['write', 'read'] },
    ])
    await mock.addService(device, '180A', [{ uuid: '2A29', flags: ['read', 'reliable-write'] }])
    await mock.announce()
    await mock.set(device, DEVICE, { ServicesResolved: variant('b', true) })
    await expect(discovered).resolves.toMatchObject({
      ok: true,
      value: [
        {
          uuid: '180d',
          characteristics: [
            { uuid: '2a37', properties: ['notify'] },
            { uuid: '2a39', properties: ['write', 'read'] },
          ],
        },
        { uuid: '180a', characteristics: [{ uuid: '2a29', properties: ['read'] }] },
      ],
    })
  })

  it('gives up services that are never resolved', async () => {
    await mock.replace(
      device,
      DEVICE,
      method('Connect', `self.UpdateProperties('${DEVICE}', {'Connected': dbus.Boolean(True)})`),
    )
    const clock = new WatchedClock()
    const connection = await connected(listener(), { clock })
    const discovered = connection.discover()
    clock.advance(30_000)
    await expect(discovered).resolves.toEqual({ ok: false, reason: 'services-not-resolved' })
  })

  it('reads and writes', async () => {
    const [path = ''] = await mock.addService(device, '180D', [
      { uuid: '2A38', flags: ['read', 'write'], value: fromHex('0102') },
    ])
    const connection = await connected()
    const characteristic = await only(connection)
    await expect(connection.read(characteristic)).resolves.toEqual({ ok: true, value: fromHex('0102') })
    await expect(connection.write(characteristic, fromHex('07'))).resolves.toEqual({
      ok: true,
      value: undefined,
    })
    await expect(connection.read(characteristic)).resolves.toEqual({ ok: true, value: fromHex('07') })
    // With an answer of the device, never a command that may be lost.
    expect(await mock.argumentsOf(path, 'WriteValue')).toEqual([[fromHex('07'), { type: 'request' }]])
  })

  it('hears every notification, also one that equals the one before, and no echo of a read', async () => {
    const [path = ''] = await mock.addService(device, '180D', [
      { uuid: '2A37', flags: ['read', 'notify'], value: fromHex('0048') },
    ])
    const to = listener()
    const connection = await connected(to)
    const characteristic = await only(connection)
    await mock.notify(path, fromHex('0041'))
    // Its answer comes after the value that nobody has asked for.
    await connection.read(characteristic)
    await connection.subscribe(characteristic)
    await mock.notify(path, fromHex('0049'))
    await mock.notify(path, fromHex('0049'))
    await connection.read(characteristic)
    await mock.notify(path, fromHex('004a'))
    await connection.read(characteristic)
    expect(to.values.map(({ bytes, via }) => [via, [...bytes]])).toEqual([
      ['notification', [0, 0x49]],
      ['notification', [0, 0x49]],
      ['notification', [0, 0x4a]],
    ])
    expect(to.values[0]?.characteristic).toBe(characteristic)
  })

  it("believes bluetoothd alone: a value that another program sends is nobody's", async () => {
    const [path = ''] = await mock.addService(device, '180D', [{ uuid: '2A37', flags: ['notify'] }])
    const to = listener()
    const connection = await connected(to)
    const characteristic = await only(connection)
    await connection.subscribe(characteristic)
    const stranger = sessionBus({ busAddress: mock.busAddress })
    await new Promise<void>((resolve) => {
      stranger.once('connect', resolve)
    })
    for (const destination of await mock.clients())
      stranger.send(
        new Message({
          type: MessageType.SIGNAL,
          destination,
          path,
          interface: 'org.freedesktop.DBus.Properties',
          member: 'PropertiesChanged',
          signature: 'sa{sv}as',
          body: [CHARACTERISTIC, { Value: new Variant('ay', Buffer.of(0, 0xff)) }, []],
        }),
      )
    // An answer of the bus: what was sent before it is on its way to everyone.
    await stranger.call(
      new Message({
        destination: 'org.freedesktop.DBus',
        path: '/org/freedesktop/DBus',
        interface: 'org.freedesktop.DBus',
        member: 'GetId',
      }),
    )
    await mock.notify(path, fromHex('0048'))
    await to.first
    expect(to.values.map(({ bytes }) => [...bytes])).toEqual([[0, 0x48]])
    stranger.disconnect()
  })

  it('calls values of a characteristic that only indicates indications', async () => {
    const [path = ''] = await mock.addService(device, '1809', [{ uuid: '2A1C', flags: ['indicate'] }])
    const to = listener()
    const connection = await connected(to)
    await connection.subscribe(await only(connection))
    await mock.notify(path, fromHex('00'))
    await expect(to.first).resolves.toMatchObject({ via: 'indication' })
  })

  it.each([
    { error: 'NotPermitted', text: 'Read not permitted', reason: 'read-not-permitted' },
    { error: 'NotPermitted', text: 'Not paired', reason: 'insufficient-authentication' },
    { error: 'NotAuthorized', text: 'x', reason: 'insufficient-authorization' },
    { error: 'NotSupported', text: 'x', reason: 'request-not-supported' },
    { error: 'Failed', text: 'Operation failed with ATT error: 0x81', reason: 'application-0x81' },
    { error: 'Failed', text: 'Operation failed with ATT error: 0xfd', reason: 'cccd-improperly-configured' },
    { error: 'Failed', text: 'Not connected', reason: 'unlikely-error' },
  ])('names the error of a read: $error, $text', async ({ error, text, reason }) => {
    const [path = ''] = await mock.addService(device, '180D', [{ uuid: '2A38', flags: ['read'] }])
    await mock.replace(path, CHARACTERISTIC, {
      name: 'ReadValue',
      takes: 'a{sv}',
      gives: 'ay',
      code: raises(error, text),
    })
    const connection = await connected()
    await expect(connection.read(await only(connection))).resolves.toEqual({ ok: false, reason })
  })

  it('refuses what the characteristic lacks, and names what bluetoothd refuses', async () => {
    const [, path = ''] = await mock.addService(device, '180D', [
      { uuid: '2A38', flags: ['read'] },
      { uuid: '2A37', flags: ['notify', 'write'] },
    ])
    await mock.replace(path, CHARACTERISTIC, method('StartNotify', raises('InProgress')))
    await mock.replace(path, CHARACTERISTIC, {
      name: 'WriteValue',
      takes: 'aya{sv}',
      gives: '',
      code: raises('NotPermitted', 'Write not permitted'),
    })
    const connection = await connected()
    const [readable, notifying] = await characteristicsOf(connection)
    if (readable === undefined || notifying === undefined) throw new Error('too few')
    await expect(connection.subscribe(readable)).resolves.toMatchObject({ reason: 'not-subscribable' })
    await expect(connection.subscribe(notifying)).resolves.toMatchObject({
      reason: 'procedure-already-in-progress',
    })
    await expect(connection.write(notifying, fromHex('01'))).resolves.toMatchObject({
      reason: 'write-not-permitted',
    })
  })

  it('ends when a request is not answered', async () => {
    await mock.addService(device, '180D', [{ uuid: '2A38', flags: ['read'] }])
    const clock = new WatchedClock()
    const to = listener()
    const connection = await connected(to, { clock })
    const reading = connection.read(await only(connection))
    clock.advance(31_000)
    await expect(reading).resolves.toEqual({ ok: false, reason: 'att-timeout' })
    await expect(to.closed).resolves.toBe('att-timeout')
  })

  it.each<{ readonly name: string; readonly act: () => Promise<unknown>; readonly reason: string }>([
    {
      name: 'the device leaves, and bluetoothd says why',
      act: async () => {
        await mock.set(device, DEVICE, { Connected: variant('b', false) })
        await mock.emit(device, DEVICE, {
          name: 'Disconnected',
          signature: 's s',
          body: ['org.bluez.Reason.Remote', 'x'],
        })
      },
      reason: 'remote-user-terminated',
    },
    {
      name: 'the device leaves, and bluetoothd does not say why',
      act: () => mock.set(device, DEVICE, { Connected: variant('b', false) }),
      reason: 'disconnected',
    },
    {
      name: 'somebody removes the device',
      act: () =>
        mock.call('/org/bluez/hci0', ADAPTER, { name: 'RemoveDevice', signature: 'o', body: [device] }),
      reason: 'device-removed',
    },
    {
      name: 'the adapter is switched off',
      act: () => mock.set('/org/bluez/hci0', ADAPTER, { Powered: variant('b', false) }),
      reason: 'adapter-off',
    },
    {
      name: 'the adapter is pulled out',
      act: () =>
        mock.call('/org/bluez', 'org.bluez.Mock', { name: 'RemoveAdapter', signature: 's', body: ['hci0'] }),
      reason: 'no-adapter',
    },
  ])('ends when $name', async ({ act, reason }) => {
    const to = listener()
    const connection = await connected(to)
    await act()
    await expect(to.closed).resolves.toBe(reason)
    expect(connection.security).toBe('none')
    await expect(connection.discover()).resolves.toMatchObject({ ok: false })
  })

  it('lets go of the device, and hears nothing more', async () => {
    const to = listener()
    const connection = await connected(to)
    connection.disconnect()
    await mock.hasCalled(device, 'Disconnect')
    await expect(connection.discover()).resolves.toMatchObject({ ok: false })
    await expect(connection.pair()).resolves.toMatchObject({ ok: false, reason: 'not-connected' })
  })

  it('ends when bluetoothd goes, and says so until it is back', async () => {
    const to = listener()
    await connected(to)
    await mock.stopBluetoothd()
    await expect(to.closed).resolves.toBe('bluetoothd-gone')
    await expect(radio().connect(ADDRESS, listener())).resolves.toEqual({
      ok: false,
      reason: 'no-bluetoothd',
    })
    await mock.startBluetoothd()
    await mock.addAdapter('hci0')
    device = await mock.addDevice(ADDRESS)
    await connected()
  })
})

suite('a system bus', () => {
  it('that is not there is named', async () => {
    const central = createBluezRadio({
      clock: systemClock,
      onNotice: () => undefined,
      busAddress: 'unix:path=/nowhere/bus',
    })
    await expect(central.scan()).resolves.toEqual({ ok: false, reason: 'no-system-bus' })
  })

  it('whose policy lets nobody ask bluetoothd is named', async () => {
    mock = await startBluezMock('<deny send_destination="org.bluez"/>')
    // Somebody has to be there who may not be asked.
    const body = ['org.bluez', 0]
    await mock.call('/org/freedesktop/DBus', 'org.freedesktop.DBus', {
      name: 'RequestName',
      signature: 'su',
      body,
    })
    await expect(radio().scan()).resolves.toEqual({ ok: false, reason: 'no-permission-for-bluetoothd' })
    await mock.stop()
  })

  it('without bluetoothd is named', async () => {
    mock = await startBluezMock()
    await expect(radio().scan()).resolves.toEqual({ ok: false, reason: 'no-bluetoothd' })
    await mock.stop()
  })

  it('that goes away ends the link', async () => {
    mock = await startBluezMock()
    await mock.startBluetoothd()
    await mock.addAdapter('hci0')
    await mock.addDevice(ADDRESS)
    const to = listener()
    await connected(to)
    await mock.stop()
    await expect(to.closed).resolves.toMatch(/^(system-bus-gone|bluetoothd-gone)$/)
  }, 20_000)

  it.each(['tcp:host=10.0.0.1,port=1', 'unixexec:path=/bin/sh', 'unix:path=/a;tcp:host=b,port=1'])(
    'has to be of this machine: %s',
    (busAddress) => {
      expect(() => createBluezRadio({ clock: systemClock, onNotice: () => undefined, busAddress })).toThrow(
        ConfigError,
      )
    },
  )
})
