import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readConfig } from '../../../gateway/config/load-config.ts'
import type { DeviceConfig } from '../../../gateway/config/config.ts'
import { fakeProtocol } from '../../support/fake-device.ts'
import { makeConfigDirectory, type ConfigDirectory } from './config-fixture.ts'

const PROTOCOLS = [
  fakeProtocol({ id: 'on-a-wire' }),
  fakeProtocol({ id: 'in-datagrams', link: { kind: 'udp', port: 24_105 } }),
  fakeProtocol({ id: 'that-calls', link: { kind: 'tcp-caller' } }),
  fakeProtocol({ id: 'on-air', link: { kind: 'gatt', service: '180D', security: 'none' } }),
]

let directory: ConfigDirectory

beforeAll(() => {
  directory = makeConfigDirectory()
})

afterAll(() => {
  directory.remove()
})

function read(...rows: readonly string[]) {
  const text = `gateway: gw-1
state: ./state
broker: { listen: [ { host: 127.0.0.1, port: 8883 } ] }
bedside:
  id: box-1
  devices:
${rows.map((row, index) => `    - { id: d-${index}, ${row} }`).join('\n')}
`
  return readConfig(directory.write('ward.yaml', text), { environment: {}, protocols: PROTOCOLS })
}

function devicesOf(...rows: readonly string[]): readonly DeviceConfig[] {
  const { config, faults } = read(...rows)
  if (config === undefined) throw new Error(JSON.stringify(faults))
  return config.bedside?.devices ?? []
}

function faultsOf(...rows: readonly string[]): readonly string[] {
  return (read(...rows).faults ?? []).map(({ message }) => message)
}

const SERIAL = 'protocol: on-a-wire, link: serial'
const UDP = 'protocol: in-datagrams, link: udp'
const CALLER = 'protocol: that-calls, link: tcp-listen'

describe('a device row', () => {
  it('may name some settings of its line and leave the others to the protocol', () => {
    const [device] = devicesOf(`${SERIAL}, path: /dev/ttyS0, line: { baudRate: 19200, parity: even }`)
    expect(device).toMatchObject({ line: { baudRate: 19_200, parity: 'even' } })
  })

  it('may name several terminals of a device that is known by its identity, relative to the file', () => {
    const [device] = devicesOf(`${SERIAL}, paths: [ "/dev/ttyUSB*", "tty/x" ], identity: "2000123456"`)
    expect(device).toMatchObject({ paths: ['/dev/ttyUSB*', `${directory.path}/tty/x`] })
  })

  it('may leave out the port of a device in datagrams', () => {
    expect(devicesOf(`${UDP}, host: 10.0.4.9`, `${UDP}, host: 10.0.4.10, port: 24106`)).toMatchObject([
      { host: '10.0.4.9' },
      { port: 24_106 },
    ])
  })

  it('may say by address and by network who calls', () => {
    const [device] = devicesOf(
      `${CALLER}, host: 127.0.0.1, port: 2575, from: [ 10.0.4.20, 192.168.0.0/16, "fd00::1" ]`,
    )
    expect(device).toMatchObject({ from: ['10.0.4.20', '192.168.0.0/16', 'fd00::1'] })
  })

  it.each([
    { name: 'datagrams on a wire', row: `protocol: in-datagrams, link: serial, path: /dev/a`, write: 'udp' },
    {
      name: 'datagrams to a device server',
      row: 'protocol: in-datagrams, link: tcp, host: 10.0.0.1, port: 1',
      write: 'udp',
    },
    {
      name: 'a serial device in datagrams',
      row: 'protocol: on-a-wire, link: udp, host: 10.0.0.1',
      write: 'serial or tcp',
    },
    {
      name: 'a caller that is called',
      row: 'protocol: that-calls, link: tcp, host: 10.0.0.1, port: 1',
      write: 'tcp-listen',
    },
    {
      name: 'a radio device that calls',
      row: 'protocol: on-air, link: tcp-listen, host: 10.0.0.1, port: 1, from: [ 10.0.0.2 ]',
      write: 'ble',
    },
  ])('is refused with what to write instead: $name', ({ row, write }) => {
    expect(faultsOf(row)).toEqual([
      expect.stringMatching(new RegExp(`does not run over .*; write ${write}$`)),
    ])
  })

  it.each([
    [
      'a caller without a list of who may call',
      `${CALLER}, host: 127.0.0.1, port: 2575`,
      /'from' is missing/,
    ],
    [
      'an empty list of callers',
      `${CALLER}, host: 127.0.0.1, port: 2575, from: []`,
      /from: at least one entry/,
    ],
    [
      'a public caller',
      `${CALLER}, host: 127.0.0.1, port: 2575, from: [ 8.8.8.8 ]`,
      /from\[0\]: .*private network/,
    ],
    [
      'everybody',
      `${CALLER}, host: 127.0.0.1, port: 2575, from: [ 0.0.0.0/0 ]`,
      /from\[0\]: .*private network/,
    ],
    [
      'a caller by name',
      `${CALLER}, host: 127.0.0.1, port: 2575, from: [ ehr.local ]`,
      /from\[0\]: .*not a network/,
    ],
    [
      'a public address to listen on',
      `${CALLER}, host: 8.8.8.8, port: 2575, from: [ 10.0.0.1 ]`,
      /host: 8.8.8.8 is public/,
    ],
    [
      'every address to listen on',
      `${CALLER}, host: 0.0.0.0, port: 2575, from: [ 10.0.0.1 ]`,
      /host: 0.0.0.0 is unspecified/,
    ],
    ['a public device', `${UDP}, host: 8.8.8.8`, /host: 8.8.8.8 is public/],
    ['a device by name', `${UDP}, host: monitor.local`, /is not an IP address/],
    ['a mapped address', `${UDP}, host: "::ffff:10.0.0.1"`, /host: .*mapped/],
    ['no terminal at all', SERIAL, /'path' is missing; add path: "\/dev\/ttyUSB0"/],
    [
      'several terminals without an identity',
      `${SERIAL}, paths: [ "/dev/ttyUSB*" ]`,
      /'identity' is missing/,
    ],
    [
      'a wildcard in a directory',
      `${SERIAL}, paths: [ "/dev/*/a" ], identity: x`,
      /paths\[0\]: .*wildcard in a directory/,
    ],
    [
      'a pattern as the only path',
      `${SERIAL}, path: "/dev/ttyUSB*"`,
      /path: .*is a pattern; write it under paths:/,
    ],
    ['no paths', `${SERIAL}, paths: [], identity: x`, /paths: at least one entry/],
    ['an empty identity', `${SERIAL}, path: /dev/a, identity: ""`, /identity: is empty/],
    [
      'six data bits',
      `${SERIAL}, path: /dev/a, line: { dataBits: 6 }`,
      /line.dataBits: 6 is not known; write 7 or 8/,
    ],
    ['mark parity', `${SERIAL}, path: /dev/a, line: { parity: mark }`, /line.parity: "mark" is not known/],
    ['half a baud', `${SERIAL}, path: /dev/a, line: { baudRate: 9600.5 }`, /line.baudRate: .*whole number/],
    [
      'a misspelt setting',
      `${SERIAL}, path: /dev/a, line: { baudrate: 9600 }`,
      /unknown key 'baudrate'; did you mean 'baudRate'/,
    ],
    [
      'a line of a device server',
      'protocol: on-a-wire, link: tcp, host: 10.0.0.1, port: 1, line: {}',
      /unknown key 'line'/,
    ],
  ])('is refused when it has %s', (_name, row, message) => {
    expect(faultsOf(row)).toEqual([expect.stringMatching(message)])
  })

  it('may not share its port or its device with another', () => {
    const caller = `${CALLER}, host: 127.0.0.1, port: 2575, from: [ 10.0.0.1 ]`
    expect(faultsOf(caller, caller)).toEqual([expect.stringMatching(/listening address .*already/)])
    expect(faultsOf(`${UDP}, host: 10.0.0.1`, `${UDP}, host: 10.0.0.1`)).toEqual([
      expect.stringMatching(/device address .*already/),
    ])
  })

  it('may not listen where the broker does', () => {
    expect(faultsOf(`${CALLER}, host: 127.0.0.1, port: 8883, from: [ 10.0.0.1 ]`)).toEqual([
      expect.stringMatching(/listening address 127.0.0.1 port 8883 stands in the file already/),
    ])
  })
})
