/**
 * bluetoothd as python-dbusmock plays it, on a bus of its own. The template knows adapters and devices; services and
 * characteristics are added here. Connect() of the template is replaced: it never resolves services.
 */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../gateway/clock.ts'
import { openDbus, type DbusConnection } from '../../gateway/transport/dbus-connection.ts'
import type { DbusMessage } from '../../gateway/transport/dbus-messages.ts'
import { variant, type DbusVariant } from '../../gateway/transport/dbus-values.ts'
import { tempDir } from './temp-dir.ts'

// Not whatever `python3` is first: the module belongs to the interpreter of the distribution.
const PYTHON = '/usr/bin/python3'
const MOCK = 'org.freedesktop.DBus.Mock'
const DEVICE = 'org.bluez.Device1'
const SERVICE = 'org.bluez.GattService1'
const CHARACTERISTIC = 'org.bluez.GattCharacteristic1'
const CALL_TIMEOUT_MS = 5_000

type MockProperties = Readonly<Record<string, DbusVariant>>

interface MockCharacteristic {
  readonly uuid: string
  readonly flags: readonly string[]
  readonly value?: Uint8Array
}

export interface BluezMock {
  readonly busAddress: string
  addAdapter(name: string): Promise<string>
  addDevice(address: string, name?: string): Promise<string>
  /** Answers the paths of the characteristics, in their order. */
  addService(
    devicePath: string,
    uuid: string,
    characteristics: readonly MockCharacteristic[],
  ): Promise<readonly string[]>
  set(path: string, interfaceName: string, properties: MockProperties): Promise<void>
  /** Python that takes the place of a method; `self` is the object, `ret` the answer. */
  replace(path: string, interfaceName: string, method: MockMethod): Promise<void>
  notify(path: string, bytes: Uint8Array): Promise<void>
  emit(path: string, interfaceName: string, signal: MockSignal): Promise<void>
  call(path: string, interfaceName: string, call: MockSignal): Promise<readonly unknown[]>
  /** Names of the methods called on an object since the beginning of the test. */
  methodsCalled(path: string): Promise<readonly unknown[]>
  argumentsOf(path: string, methodName: string): Promise<readonly unknown[]>
  hasCalled(path: string, methodName: string): Promise<void>
  /** Tells of the services and characteristics, as bluetoothd does when it has found them. */
  announce(): Promise<void>
  /** Everyone who is on the bus. */
  clients(): Promise<readonly string[]>
  reset(): Promise<void>
  startBluetoothd(): Promise<void>
  stopBluetoothd(): Promise<void>
  stop(): Promise<void>
}

export interface MockMethod {
  readonly name: string
  readonly takes: string
  readonly gives: string
  readonly code: string
}

interface MockSignal {
  readonly name: string
  readonly signature: string
  readonly body: readonly unknown[]
}

/** Undefined where everything is there; otherwise what to install. */
export function missingForMock(): string | undefined {
  if (spawnSync('dbus-daemon', ['--version']).status !== 0) return 'dbus'
  return spawnSync(PYTHON, ['-c', 'import dbusmock']).status === 0 ? undefined : 'python3-dbusmock'
}

/** `policy` are further rules of the bus. */
export async function startBluezMock(policy = ''): Promise<BluezMock> {
  const dir = tempDir()
  const busAddress = `unix:path=${join(dir.path, 'bus')}`
  const configFile = join(dir.path, 'bus.conf')
  writeFileSync(configFile, busConfig(busAddress, policy))
  const daemon = spawn(
    'dbus-daemon',
    [`--config-file=${configFile}`, '--nofork', '--nopidfile', '--print-address'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  await once(daemon.stdout, 'data')
  const owners: string[] = []
  let wake: () => void = () => undefined
  const bus = await connectTo(busAddress, (signal) => {
    if (signal.member !== 'NameOwnerChanged' || signal.body[0] !== 'org.bluez') return
    owners.push(String(signal.body[2]))
    wake()
  })

  const call: BluezMock['call'] = async (path, interfaceName, { name, signature, body }) => {
    const answer = await bus.call({
      destination: path === '/org/freedesktop/DBus' ? 'org.freedesktop.DBus' : 'org.bluez',
      path,
      interface: interfaceName,
      member: name,
      signature,
      body,
      timeoutMs: CALL_TIMEOUT_MS,
    })
    if (!answer.ok) throw new Error(`${name} on ${path}: ${answer.fault.name} ${answer.fault.message}`)
    return answer.body
  }
  const set: BluezMock['set'] = async (path, interfaceName, properties) => {
    await call(path, MOCK, {
      name: 'UpdateProperties',
      signature: 'sa{sv}',
      body: [interfaceName, properties],
    })
  }
  const replace: BluezMock['replace'] = async (path, interfaceName, { name, takes, gives, code }) => {
    const body = [interfaceName, name, takes, gives, code]
    await call(path, MOCK, { name: 'AddMethod', signature: 'sssss', body })
  }
  await call('/org/freedesktop/DBus', 'org.freedesktop.DBus', {
    name: 'AddMatch',
    signature: 's',
    body: ["type='signal',member='NameOwnerChanged',arg0='org.bluez'"],
  })

  const callsOf = async (path: string): Promise<readonly (readonly unknown[])[]> => {
    const [calls] = await call(path, MOCK, { name: 'GetCalls', signature: '', body: [] })
    return Array.isArray(calls)
      ? calls.map((each: unknown) => (Array.isArray(each) ? each.slice(1) : []))
      : []
  }
  const added: (readonly [path: string, interfaceName: string, properties: MockProperties])[] = []
  const addObject = async (
    path: string,
    interfaceName: string,
    properties: MockProperties,
  ): Promise<void> => {
    added.push([path, interfaceName, properties])
    const body = [path, interfaceName, properties, []]
    await call('/', MOCK, { name: 'AddObject', signature: 'ssa{sv}a(ssss)', body })
  }

  let bluetoothd: ChildProcess | undefined
  let serviceCount = 0
  const ownerIs = async (isThere: boolean): Promise<void> => {
    while ((owners.at(-1) ?? '') === '' ? isThere : !isThere)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
  }

  const mock: BluezMock = {
    busAddress,
    call,
    set,
    replace,
    addAdapter: async (name) => {
      const body = [name, 'box']
      return String(
        (await call('/org/bluez', 'org.bluez.Mock', { name: 'AddAdapter', signature: 'ss', body }))[0],
      )
    },
    addDevice: async (address, name = 'Device') => {
      const body = ['hci0', address, name]
      const [added] = await call('/org/bluez', 'org.bluez.Mock', {
        name: 'AddDevice',
        signature: 'sss',
        body,
      })
      const path = String(added)
      await replace(
        path,
        DEVICE,
        method('Connect', `${UPDATE_DEVICE} 'ServicesResolved': dbus.Boolean(True)})`),
      )
      await replace(
        path,
        DEVICE,
        method('Disconnect', `self.UpdateProperties('${DEVICE}', {'Connected': dbus.Boolean(False)})`),
      )
      return path
    },
    addService: async (devicePath, uuid, characteristics) => {
      serviceCount += 1
      const servicePath = `${devicePath}/service${hex(serviceCount * 0x100)}`
      await addObject(servicePath, SERVICE, {
        UUID: variant('s', long(uuid)),
        Primary: variant('b', true),
        Device: variant('o', devicePath),
      })
      const paths: string[] = []
      for (const [index, characteristic] of characteristics.entries()) {
        const path = `${servicePath}/char${hex(serviceCount * 0x100 + 1 + index * 3)}`
        await addObject(path, CHARACTERISTIC, {
          UUID: variant('s', long(characteristic.uuid)),
          Service: variant('o', servicePath),
          Flags: variant('as', characteristic.flags),
          Notifying: variant('b', false),
          Value: variant('ay', characteristic.value ?? new Uint8Array()),
        })
        for (const each of CHARACTERISTIC_METHODS) await replace(path, CHARACTERISTIC, each)
        paths.push(path)
      }
      return paths
    },
    notify: (path, bytes) => set(path, CHARACTERISTIC, { Value: variant('ay', bytes) }),
    emit: async (path, interfaceName, { name, signature, body }) => {
      const values = body.map((value, index) => variant(signature.split(' ')[index] ?? 's', value))
      await call(path, MOCK, {
        name: 'EmitSignal',
        signature: 'sssav',
        body: [interfaceName, name, signature.replaceAll(' ', ''), values],
      })
    },
    methodsCalled: async (path) => (await callsOf(path)).map(([name]) => name),
    argumentsOf: async (path, methodName) =>
      (await callsOf(path)).filter(([name]) => name === methodName).map(([, given]) => given),
    hasCalled: async (path, methodName) => {
      // Asking takes a round trip over the bus; nothing here has to wait longer.
      while (!(await callsOf(path)).some(([name]) => name === methodName));
    },
    announce: async () => {
      for (const [path, interfaceName, properties] of added)
        await mock.emit('/', 'org.freedesktop.DBus.ObjectManager', {
          name: 'InterfacesAdded',
          signature: 'o a{sa{sv}}',
          body: [path, { [interfaceName]: properties }],
        })
    },
    clients: async () => {
      const [names] = await call('/org/freedesktop/DBus', 'org.freedesktop.DBus', {
        name: 'ListNames',
        signature: '',
        body: [],
      })
      return Array.isArray(names) ? names.map(String).filter((name) => name.startsWith(':')) : []
    },
    reset: async () => {
      added.length = 0
      await call('/', MOCK, { name: 'Reset', signature: '', body: [] })
    },
    startBluetoothd: async () => {
      bluetoothd = spawn(PYTHON, ['-m', 'dbusmock', '--system', '--template', 'bluez5'], {
        env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: busAddress },
        stdio: 'ignore',
      })
      await ownerIs(true)
    },
    stopBluetoothd: async () => {
      await end(bluetoothd)
      bluetoothd = undefined
      await ownerIs(false)
    },
    stop: async () => {
      bus.close()
      await end(bluetoothd)
      await end(daemon)
      dir.remove()
    },
  }
  return mock
}

const UPDATE_DEVICE = `self.UpdateProperties('${DEVICE}', {'Connected': dbus.Boolean(True),`

const CHARACTERISTIC_METHODS: readonly MockMethod[] = [
  {
    name: 'ReadValue',
    takes: 'a{sv}',
    gives: 'ay',
    // As bluetoothd does it: the answer is shown as a change too.
    code: `self.UpdateProperties('${CHARACTERISTIC}', {'Value': self.props['${CHARACTERISTIC}']['Value']}); ret = self.props['${CHARACTERISTIC}']['Value']`,
  },
  {
    name: 'WriteValue',
    takes: 'aya{sv}',
    gives: '',
    code: `self.UpdateProperties('${CHARACTERISTIC}', {'Value': args[0]})`,
  },
  method('StartNotify', `self.UpdateProperties('${CHARACTERISTIC}', {'Notifying': dbus.Boolean(True)})`),
  method('StopNotify', `self.UpdateProperties('${CHARACTERISTIC}', {'Notifying': dbus.Boolean(False)})`),
]

/** Without arguments and without an answer. */
export function method(name: string, code: string): MockMethod {
  return { name, takes: '', gives: '', code }
}

/** Python that answers with an error of bluetoothd. */
export function raises(name: string, text = 'no'): string {
  return `raise dbus.exceptions.DBusException('${text}', name='org.bluez.Error.${name}')`
}

async function connectTo(
  busAddress: string,
  onSignal: (signal: DbusMessage) => void,
): Promise<DbusConnection> {
  const opened = await openDbus(
    { busAddress, clock: systemClock },
    {
      onSignal,
      onCall: () => ({ ok: false, fault: { name: 'org.bluez.Error.Rejected', message: '' } }),
      onEnd: () => undefined,
    },
  )
  if (!opened.ok) throw new Error(`the bus of the test: ${opened.reason}`)
  return opened.value
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill()
  await gone
}

function long(uuid: string): string {
  return `0000${uuid.toLowerCase()}-0000-1000-8000-00805f9b34fb`
}

function hex(value: number): string {
  return value.toString(16).padStart(4, '0')
}

function busConfig(address: string, policy: string): string {
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>${address}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>${policy}</policy>
</busconfig>`
}
