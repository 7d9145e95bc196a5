import { describe, expect, it } from '@jest/globals'
import { anything, array, assert, constantFrom, property } from 'fast-check'
import { chooseAdapter, findDevice } from '../../../../gateway/transport/bluez-adapter.ts'
import { bluezReason, disconnectReason } from '../../../../gateway/transport/bluez-faults.ts'
import { agentReply } from '../../../../gateway/transport/bluez-pairing.ts'
import { isBonded, provenSecurity } from '../../../../gateway/transport/bluez-security.ts'
import { readServices } from '../../../../gateway/transport/bluez-services.ts'
import {
  ADAPTER,
  createBluezTree,
  DEVICE,
  OBJECT_MANAGER,
  PROPERTIES,
} from '../../../../gateway/transport/bluez-tree.ts'
import { createBluezValues } from '../../../../gateway/transport/bluez-values.ts'
import type { GattCharacteristic } from '../../../../gateway/transport/gatt-central.ts'
import { adviceOn } from '../../../../gateway/transport/gatt-advice.ts'

const signalOf = (path: string, interfaceName: string, member: string, body: readonly unknown[]) => ({
  sender: ':1.1',
  path,
  interface: interfaceName,
  member,
  body,
})

describe('the objects of bluetoothd', () => {
  it('follow the signals', () => {
    const tree = createBluezTree()
    tree.load({ '/a': { [DEVICE]: { Connected: false, RSSI: -3 } } })
    tree.apply(signalOf('/a', PROPERTIES, 'PropertiesChanged', [DEVICE, { Connected: true }, ['RSSI']]))
    expect(tree.properties('/a', DEVICE)).toEqual({ Connected: true })
    tree.apply(signalOf('/', OBJECT_MANAGER, 'InterfacesAdded', ['/b', { [DEVICE]: {}, x: {} }]))
    expect(tree.paths(DEVICE)).toEqual(['/a', '/b'])
    tree.apply(signalOf('/', OBJECT_MANAGER, 'InterfacesRemoved', ['/b', [DEVICE]]))
    expect(tree.properties('/b', DEVICE)).toBeUndefined()
    expect(tree.properties('/b', 'x')).toEqual({})
  })

  it('do not come into being by a change of what was never announced', () => {
    const tree = createBluezTree()
    tree.apply(signalOf('/a', PROPERTIES, 'PropertiesChanged', [DEVICE, { Connected: true }, []]))
    expect(tree.paths(DEVICE)).toEqual([])
  })

  it('are not more than a bound, whoever advertises', () => {
    const tree = createBluezTree()
    for (let count = 0; count < 5_000; count++)
      tree.apply(signalOf('/', OBJECT_MANAGER, 'InterfacesAdded', [`/d${count}`, { [DEVICE]: {} }]))
    expect(tree.paths(DEVICE)).toHaveLength(4_096)
  })

  it('survive any signal', () => {
    assert(
      property(
        constantFrom(PROPERTIES, OBJECT_MANAGER, 'x'),
        constantFrom('PropertiesChanged', 'InterfacesAdded', 'InterfacesRemoved'),
        array(anything()),
        (interfaceName, member, body) => {
          const tree = createBluezTree()
          tree.load({ '/a': { [DEVICE]: {} } })
          tree.apply(signalOf('/a', interfaceName, member, body))
          readServices(tree, '/a')
          findDevice(tree, '/', 'x')
        },
      ),
      { seed: 7 },
    )
  })
})

describe('the adapter', () => {
  const adapters = (powered: Readonly<Record<string, boolean>>) => {
    const tree = createBluezTree()
    tree.load(
      Object.fromEntries(
        Object.entries(powered).map(([name, on]) => [`/org/bluez/${name}`, { [ADAPTER]: { Powered: on } }]),
      ),
    )
    return tree
  }

  it.each([
    { name: 'none', powered: {}, wanted: undefined, expected: 'no-adapter' },
    {
      name: 'none that is on',
      powered: { hci0: false, hci1: false },
      wanted: undefined,
      expected: 'adapter-off',
    },
    {
      name: 'the first that is on',
      powered: { hci10: true, hci2: true, hci0: false },
      wanted: undefined,
      expected: '/org/bluez/hci2',
    },
    {
      name: 'the named one',
      powered: { hci0: true, hci1: true },
      wanted: 'hci1',
      expected: '/org/bluez/hci1',
    },
    {
      name: 'the named one though it is off',
      powered: { hci0: true, hci1: false },
      wanted: 'hci1',
      expected: 'adapter-off',
    },
    {
      name: 'a named one that is not there',
      powered: { hci0: true },
      wanted: 'hci1',
      expected: 'adapter-not-found',
    },
    {
      name: 'no other with the same ending',
      powered: { hci10: true },
      wanted: 'hci0',
      expected: 'adapter-not-found',
    },
  ])('is $name', ({ powered, wanted, expected }) => {
    const chosen = chooseAdapter(adapters(powered), wanted)
    expect(chosen.ok ? chosen.value : chosen.reason).toBe(expected)
  })
})

describe('the services of a device', () => {
  const UUID = (short: string) => `0000${short}-0000-1000-8000-00805f9b34fb`

  it('are its own primary ones, in the order of their handles', () => {
    const tree = createBluezTree()
    const service = (short: string, primary = true) => ({
      'org.bluez.GattService1': { UUID: UUID(short), Primary: primary },
    })
    const characteristic = (uuid: string, flags: unknown) => ({
      'org.bluez.GattCharacteristic1': { UUID: uuid, Flags: flags },
    })
    tree.load({
      '/d/service0020': service('180a'),
      '/d/service0010': service('180d'),
      '/d/service0030': service('1800', false),
      '/d2/service0010': service('1809'),
      '/d/service0010/char0014': characteristic(UUID('2a38'), ['read', 'encrypt-read', 'toString']),
      '/d/service0010/char0011': characteristic(UUID('2a37'), ['notify']),
      '/d/service0010/char0011/desc0013': { 'org.bluez.GattDescriptor1': {} },
      '/d/service0020/char0021': characteristic('c08ddcac-3d5f-4f1b-a1ad-2ac1d9b1a2e5', 'x'),
      '/d/service0020/char0024': characteristic('nonsense', ['read']),
      '/d/service0020/other': characteristic(UUID('2a29'), ['read']),
    })
    const { services, pathOf } = readServices(tree, '/d')
    expect(services).toEqual([
      {
        uuid: '180d',
        characteristics: [
          { uuid: '2a37', handle: 0x12, properties: ['notify'] },
          { uuid: '2a38', handle: 0x15, properties: ['read'] },
        ],
      },
      {
        uuid: '180a',
        characteristics: [{ uuid: 'c08ddcac3d5f4f1ba1ad2ac1d9b1a2e5', handle: 0x22, properties: [] }],
      },
    ])
    expect([...pathOf.values()]).toEqual([
      '/d/service0010/char0011',
      '/d/service0010/char0014',
      '/d/service0020/char0021',
    ])
  })
})

describe('an error of bluetoothd', () => {
  const reason = (name: string, message = '') => bluezReason({ name, message }, 'read')

  it.each([
    ['org.bluez.Error.Failed', 'Operation failed with ATT error: 0x0e', 'unlikely-error'],
    ['org.bluez.Error.Failed', 'Operation failed with ATT error: 0x80', 'application-0x80'],
    ['org.bluez.Error.Failed', 'Operation failed with ATT error: 0xfe', 'procedure-already-in-progress'],
    ['org.bluez.Error.Failed', 'ATT error: 0x123', 'unlikely-error'],
    ['org.bluez.Error.Novel', '', 'unlikely-error'],
    ['local.timeout', '', 'att-timeout'],
    ['org.bluez.Error.NotPermitted', 'Not paired', 'insufficient-authentication'],
    ['org.bluez.Error.NotPermitted', 'Read not permitted', 'read-not-permitted'],
    ['toString', '', 'unlikely-error'],
  ])('%s %s is %s', (name, message, expected) => {
    expect(reason(name, message)).toBe(expected)
  })

  it('means what it means for what was asked', () => {
    const fault = { name: 'org.bluez.Error.NotPermitted', message: '' }
    expect(bluezReason(fault, 'write')).toBe('write-not-permitted')
    expect(bluezReason(fault, 'pair')).toBe('pairing-refused')
    expect(bluezReason({ name: 'local.timeout', message: '' }, 'connect')).toBe('connect-timeout')
  })

  it('gives the engineer something to do', () => {
    const names = ['ServiceUnknown', 'AccessDenied'].map((each) => `org.freedesktop.DBus.Error.${each}`)
    for (const name of names) expect(adviceOn(reason(name))).not.toMatch(/breaks the rules/)
  })

  it.each([
    ['org.bluez.Reason.Timeout', 'connection-timeout'],
    ['org.bluez.Reason.Remote', 'remote-user-terminated'],
    ['org.bluez.Reason.Unknown', 'disconnected'],
    [7, 'disconnected'],
  ])('the end of a link for %s is %s', (name, expected) => {
    expect(disconnectReason(name)).toBe(expected)
  })
})

describe('what a bond proves', () => {
  const facts = {
    isConnected: true,
    isBonded: true,
    isPasskeyProven: false,
    isStatedAuthenticated: false,
  }
  it.each([
    [{}, 'encrypted'],
    [{ isPasskeyProven: true }, 'authenticated'],
    [{ isStatedAuthenticated: true }, 'authenticated'],
    [{ isBonded: false, isPasskeyProven: true, isStatedAuthenticated: true }, 'none'],
    [{ isConnected: false, isPasskeyProven: true }, 'none'],
  ])('%j is %s', (difference, expected) => {
    expect(provenSecurity({ ...facts, ...difference })).toBe(expected)
  })

  it.each([
    [{ Paired: true }, true],
    [{ Paired: true, Bonded: false }, false],
    [{ Bonded: true }, true],
    [{ Bonded: 'true' }, false],
    [undefined, false],
  ])('%j is a bond: %s', (device, expected) => {
    expect(isBonded(device)).toBe(expected)
  })
})

describe('the agent', () => {
  const call = (member: string, ...body: unknown[]) => signalOf('/agent', 'org.bluez.Agent1', member, body)

  it('gives the passkey of its device, and of no other', () => {
    expect(agentReply(call('RequestPasskey', '/d'), '/d', 42)).toEqual({
      ok: true,
      signature: 'u',
      body: [42],
    })
    expect(agentReply(call('RequestPasskey', '/e'), '/d', 42).ok).toBe(false)
    expect(agentReply(call('RequestPasskey', '/d'), '/d', undefined).ok).toBe(false)
  })

  it('agrees to nothing that somebody would have to look at', () => {
    for (const member of ['RequestConfirmation', 'RequestPinCode', 'DisplayPasskey', 'AuthorizeService', 'x'])
      expect(agentReply(call(member, '/d', 1), '/d', undefined).ok).toBe(false)
    expect(agentReply(call('RequestAuthorization', '/d'), '/d', undefined).ok).toBe(true)
    expect(agentReply(call('RequestAuthorization', '/d'), '/d', 42).ok).toBe(false)
  })

  it('does not object to being let go', () => {
    expect(agentReply(call('Release'), '/d', 42).ok).toBe(true)
    expect(agentReply(call('Cancel'), '/d', 42).ok).toBe(true)
  })
})

describe('values that change while a read is under way', () => {
  const characteristic: GattCharacteristic = { uuid: '2a37', handle: 3, properties: ['notify'] }
  const feed = () => {
    const heard: number[] = []
    const values = createBluezValues(({ bytes }) => heard.push(...bytes))
    values.subscribe('/c', characteristic)
    return { heard, values }
  }

  it('are all delivered but the echo of the read', () => {
    const { heard, values } = feed()
    values.readBegins('/c')
    for (const byte of [1, 2, 2, 3]) values.changed('/c', Uint8Array.of(byte))
    expect(heard).toEqual([])
    values.readEnds('/c', Uint8Array.of(2))
    expect(heard).toEqual([1, 2, 3])
  })

  it('are all delivered when the read fails', () => {
    const { heard, values } = feed()
    values.readBegins('/c')
    values.changed('/c', Uint8Array.of(1))
    values.readEnds('/c', undefined)
    expect(heard).toEqual([1])
  })

  it('do not pile up', () => {
    const { heard, values } = feed()
    values.readBegins('/c')
    for (let count = 0; count < 1_000; count++) values.changed('/c', Uint8Array.of(7))
    expect(heard.length).toBeGreaterThan(700)
  })

  it('are of nobody when nobody has subscribed', () => {
    const { heard, values } = feed()
    values.unsubscribe('/c')
    values.changed('/c', Uint8Array.of(1))
    expect(heard).toEqual([])
  })
})
