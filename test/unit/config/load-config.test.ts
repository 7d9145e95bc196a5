import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { loadConfig, readConfig } from '../../../gateway/config/load-config.ts'
import { ConfigError } from '../../../gateway/errors.ts'
import { makeConfigDirectory, type ConfigDirectory } from './config-fixture.ts'

const environment = {}
let directory: ConfigDirectory

beforeAll(() => {
  directory = makeConfigDirectory()
  directory.write('ca.pem', '')
})

afterAll(() => {
  directory.remove()
})

/** What is said of a text, as `line:column message`. */
function faultsOf(text: string, env: Readonly<Record<string, string>> = environment): readonly string[] {
  const { faults = [] } = readConfig(directory.write('ward.yaml', text), { environment: env })
  return faults.map(({ line, column, where, message }) => {
    const place = line === undefined ? where : `${line}:${column ?? 0}`
    return `${place} ${message}`
  })
}

const WARD = `gateway: gw-1
state: ./state
broker:
  listen:
    - { host: 127.0.0.1, port: 8883 }
`

function ward(more: string): string {
  return `${WARD}${more}`
}

const LISTEN = 'broker: { listen: [ { host: 127.0.0.1, port: 8883 } ] }'

/** A bedside box with one device, which is written on line 6. */
function box(device: string): string {
  return `gateway: gw-1
state: ./state
${LISTEN}
bedside:
  id: box-1
  devices: [ { ${device} } ]
`
}

/** An uplink with one key more, which is written on line 12. */
function uplink(keys: Readonly<Record<string, string>>): string {
  const { url = 'mqtts://10.0.0.1', topics = '["vitals/v1/#"]', ca = './ca.pem', ...others } = keys
  const lines = Object.entries({ url, topics, ca, identity: 'up-1', ...others })
  return ward(`uplinks:
  - id: hospital
${lines.map(([key, value]) => `    ${key}: ${value}`).join('\n')}
`)
}

describe('the documented example', () => {
  const example = readFileSync(new URL('../../../docs/wardgate.example.yaml', import.meta.url), 'utf8')

  it('is a good configuration, with paths that start at its file', () => {
    const file = directory.write('wardgate.example.yaml', example)
    directory.write('hospital-ca.pem', '')
    const config = loadConfig(file, { environment })
    expect(config).toMatchObject({
      file,
      gateway: 'gw-1',
      state: join(directory.path, 'state'),
      broker: { listen: [{ host: '127.0.0.1', port: 8883, tls: '1.3' }] },
      bedside: {
        devices: [
          { path: '/dev/ttyUSB0' },
          { port: 4001 },
          { paths: ['/dev/serial/by-id/*'], line: { baudRate: 19_200 } },
          { air: join(directory.path, 'air') },
          { radio: 'bluez' },
        ],
      },
      uplinks: [{ ca: join(directory.path, 'hospital-ca.pem'), prefix: 'gw-1/' }],
    })
  })
})

describe('a good configuration', () => {
  it('gets its defaults', () => {
    const config = loadConfig(directory.write('ward.yaml', WARD), { environment })
    expect(config).toMatchObject({
      log: { level: 'info' },
      broker: { listen: [{ tls: '1.3' }] },
      uplinks: [],
    })
    expect(config.health).toBeUndefined()
  })

  it('is frozen all the way down', () => {
    const config = loadConfig(directory.write('ward.yaml', WARD), { environment })
    expect([config, config.log, config.broker?.listen, config.broker?.listen[0]].every(Object.isFrozen)).toBe(
      true,
    )
  })

  it('takes state directory and log level from the environment before the file', () => {
    const file = directory.write('ward.yaml', WARD)
    const config = loadConfig(file, {
      environment: { WARDGATE_STATE: 'elsewhere', WARDGATE_LOG_LEVEL: 'debug' },
    })
    expect([config.state, config.log.level]).toEqual([resolve('elsewhere'), 'debug'])
  })

  it('may be a bedside box alone, with the ward gateway elsewhere', () => {
    const text = box('id: a, protocol: nonin-df2, link: serial, path: /dev/ttyS0')
      .replace(LISTEN, '')
      .replace('  id: box-1', '  id: box-1\n  broker: mqtts://ward.internal')
    expect(faultsOf(text)).toEqual([])
  })

  it.each([
    { url: 'mqtts://broker.hospital.internal' },
    { url: '"mqtts://[fd00::1]:8884"', allow: '["fd00::/8"]' },
    { topics: '["vitals/v1/icu/+/+/numeric", "vitals/v1/+/b01/#"]', prefix: 'site-a/gw.1/' },
  ])('may have the uplink %j', (keys) => {
    expect(faultsOf(uplink(keys))).toEqual([])
  })
})

describe('what the schema finds', () => {
  it.each([
    ['an unknown key', ward('bedsid: {}'), "6:1 unknown key 'bedsid'; did you mean 'bedside'?"],
    [
      'an unknown key that is like none',
      ward('whatever: 1'),
      "6:1 unknown key 'whatever'; known keys here: gateway, state, site, log, broker, web, health, bedside, uplinks",
    ],
    [
      'a key that would switch a protection off',
      uplink({ insecure: 'true' }),
      /12:5 uplinks\[0\]: unknown key 'insecure'/,
    ],
    ['a key that is no word', ward('? [a]\n: 1'), /unknown key/],
    [
      'an inherited name',
      ward('__proto__: 1'),
      "6:1 unknown key '__proto__'; known keys here: gateway, state, site, log, broker, web, health, bedside, uplinks",
    ],
    ['a missing key', 'state: ./s', /^1:1 'gateway' is missing; add gateway: "gw-1"/],
    ['a wrong type', ward('log: [1]'), /^6:6 log: a list stands here, but this has to be a group of keys/],
    [
      'an empty group',
      ward('health:'),
      /^6:8 health: there is nothing here, but this has to be a group of keys/,
    ],
    [
      'a version without quotes',
      WARD.replace('8883', '8883, tls: 1.2'),
      '5:43 broker.listen[0].tls: 1.2 is read as a number; put it in quotes: "1.2"',
    ],
    [
      'a version that is too old',
      WARD.replace('8883', '8883, tls: "1.1"'),
      /^5:43 broker.listen\[0\].tls: "1.1" is not known; write "1.3" or "1.2"/,
    ],
    [
      'a word that is misspelt',
      ward('log: { level: inf }'),
      /^6:15 log.level: "inf" is not known; .*did you mean "info"\?/,
    ],
    [
      'an id with capitals',
      WARD.replace('gw-1', 'GW 1'),
      /^1:10 gateway: "GW 1" does not fit .*write for example "gw-1"/,
    ],
    [
      'a port out of range',
      WARD.replace('8883', '65536'),
      /^5:32 broker.listen\[0\].port: 65536 is above 65535; write for example 8883/,
    ],
    ['a negative port', WARD.replace('8883', '-1'), /^5:32 broker.listen\[0\].port: -1 is below 0/],
    [
      'a port in words',
      WARD.replace('8883', 'mqtts'),
      /^5:32 broker.listen\[0\].port: "mqtts" stands here, but this has to be a whole number/,
    ],
    [
      'an empty list',
      'gateway: g\nstate: s\nbroker: { listen: [] }',
      /^3:19 broker.listen: at least one entry is needed/,
    ],
    ['an empty text', WARD.replace('./state', '""'), /^2:8 state: is empty; write for example/],
    [
      'a link that does not exist',
      box('id: a, protocol: nonin-df2, link: usb'),
      '6:50 bedside.devices[0].link: "usb" is not known; write "serial" or "tcp" or "udp" or "tcp-listen" or "ble"',
    ],
    [
      'a device without link',
      box('id: a, protocol: nonin-df2'),
      '6:14 bedside.devices[0]: \'link\' is missing; add link: "serial" or "tcp" or "udp" or "tcp-listen" or "ble"',
    ],
    [
      'a serial device without line',
      box('id: a, protocol: nonin-df2, link: serial'),
      /^6:14 bedside.devices\[0\]: 'path' is missing; add path: "\/dev\/ttyUSB0"/,
    ],
    [
      'a key of another link',
      box('id: a, protocol: nonin-df2, link: serial, path: /dev/a, port: 1'),
      /^6:72 bedside.devices\[0\]: unknown key 'port'; known keys here: id, protocol, parts, link, path, paths, identity, line$/,
    ],
    [
      'a part that is no word',
      box('id: a, protocol: nonin-df2, link: serial, path: /dev/a, parts: { Pump 14: b }'),
      /bedside.devices\[0\].parts: "Pump 14" does not fit/,
    ],
    [
      'a part that is mapped to no id',
      box('id: a, protocol: nonin-df2, link: serial, path: /dev/a, parts: { pump-14: B }'),
      /bedside.devices\[0\].parts.pump-14: "B" does not fit/,
    ],
    [
      'a Bluetooth address in small letters',
      box(
        'id: a, protocol: ble-heart-rate, link: ble, radio: simulated, air: ./air, address: "c0:ff:ee:00:00:05"',
      ),
      /bedside.devices\[0\].address: "c0:ff:ee:00:00:05" does not fit/,
    ],
    [
      'a topic outside the trusted tree',
      uplink({ topics: '["ops/#"]' }),
      /uplinks\[0\].topics\[0\]: "ops\/#" does not fit/,
    ],
    ['a filter that hides in the trusted tree', uplink({ topics: '["vitals/v1/#/x"]' }), /does not fit/],
    ['a prefix with a wildcard', uplink({ prefix: '"+/"' }), /uplinks\[0\].prefix: "\+\/" does not fit/],
    ['an uplink without CA', uplink({}).replace(/.*ca: .*\n/, ''), /uplinks\[0\]: 'ca' is missing; add ca:/],
    ['nothing at all', '', /^1:1 there is nothing here, but this has to be a group of keys/],
  ] as const)('%s', (_name, text, expected) => {
    const faults = faultsOf(text)
    expect(faults).toHaveLength(1)
    if (typeof expected === 'string') expect(faults[0]).toBe(expected)
    else expect(faults[0]).toMatch(expected)
  })
})

describe('what the text gives away', () => {
  it.each([
    ['a key that stands twice', 'gateway: a\ngateway: b\n', ['2:1 Map keys must be unique']],
    ['an alias that leads nowhere', 'gateway: *a\n', [/Unresolved alias/]],
    ['two documents', `${WARD}---\n${WARD}`, [/multiple documents/i]],
    ['a tag of another program', 'gateway: !!js/function x\n', [/^1:10 Unresolved tag/]],
    [
      'aliases that unfold without end',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f']
        .map((key, index) => {
          const before = `*${'abcdef'[index] ?? 'a'}`
          return `${key}: &${key} [${Array.from({ length: 10 }, () => before).join(',')}]`
        })
        .join('\n')}\n`,
      [/alias/i],
    ],
  ])('%s', (_name, text, expected) => {
    const faults = faultsOf(text)
    expect(faults).toHaveLength(expected.length)
    for (const [index, each] of expected.entries())
      expect(faults[index]).toEqual(typeof each === 'string' ? each : expect.stringMatching(each))
  })

  it('a bracket that is not closed', () => {
    expect(faultsOf('gateway: a\nstate: [x\n')[0]).toMatch(/^\d:\d+ Flow sequence/)
  })
})

describe('what only the whole can tell', () => {
  const DF2 = 'protocol: nonin-df2'
  it.each([
    [
      'nothing to run',
      'gateway: g\nstate: s\n',
      "1:1 neither 'broker' nor 'bedside' is there; add one of them, or there is nothing to run",
    ],
    [
      'an uplink of a box that has no broker',
      uplink({}).replace(
        /broker:[^]*?uplinks/,
        'bedside: { id: b, broker: mqtts://10.0.0.1, devices: [ { id: a, protocol: nonin-df2, link: serial, path: /dev/a } ] }\nuplinks',
      ),
      "5:3 uplinks: an uplink forwards what the broker of this process admitted; add 'broker' as well",
    ],
    [
      'a public listener',
      WARD.replace('127.0.0.1', '8.8.8.8'),
      '5:15 broker.listen[0].host: 8.8.8.8 is public; only loopback, private, unspecified addresses may stand here',
    ],
    [
      'a mapped listener',
      WARD.replace('127.0.0.1', '"::ffff:127.0.0.1"'),
      /host: ::ffff:127.0.0.1 is mapped/,
    ],
    [
      'a listener by name',
      WARD.replace('127.0.0.1', 'localhost'),
      "5:15 broker.listen[0].host: 'localhost' is not an IP address; write one, e.g. 127.0.0.1",
    ],
    [
      'the plaintext port',
      WARD.replace('8883', '1883'),
      /^5:32 broker.listen\[0\].port: 1883 means MQTT without encryption/,
    ],
    [
      'metrics off the machine',
      ward('health: { host: 10.0.0.1, port: 9464 }'),
      '6:17 health.host: 10.0.0.1 is private; only loopback addresses may stand here',
    ],
    [
      'one port twice',
      ward('health: { host: 127.0.0.1, port: 8883 }'),
      /^6:34 health.port: listening address 127.0.0.1 port 8883 stands in the file already/,
    ],
    [
      'an unknown protocol',
      box('id: a, protocol: nonin-df3, link: serial, path: /dev/a'),
      /^6:33 bedside.devices\[0\].protocol: 'nonin-df3' is not known; did you mean 'nonin-df\d+'\?; known are: .*masimo-ascii1/,
    ],
    [
      'a serial protocol on a radio',
      box(`id: a, ${DF2}, link: ble, radio: simulated, air: ./air, address: "C0:FF:EE:00:00:05"`),
      '6:50 bedside.devices[0].link: nonin-df2 does not run over ble; write serial or tcp',
    ],
    [
      'a radio protocol on a line',
      box('id: a, protocol: ble-heart-rate, link: serial, path: /dev/a'),
      '6:55 bedside.devices[0].link: ble-heart-rate does not run over serial; write ble',
    ],
    [
      'a public device server',
      box(`id: a, ${DF2}, link: tcp, host: 8.8.8.8, port: 1`),
      /^6:61 bedside.devices\[0\].host: 8.8.8.8 is public/,
    ],
    [
      'a device twice',
      box(`id: a, ${DF2}, link: serial, path: /dev/a }, { id: a, ${DF2}, link: serial, path: /dev/b`),
      /^6:80 bedside.devices\[1\].id: device a stands in the file already/,
    ],
    [
      'a part that is another device of the file',
      box(
        `id: a, ${DF2}, link: serial, path: /dev/a, parts: { p1: b } }, { id: b, ${DF2}, link: serial, path: /dev/b`,
      ),
      /device b stands in the file already/,
    ],
    [
      'two parts that are one device',
      box(`id: a, ${DF2}, link: serial, path: /dev/a, parts: { p1: b, p2: b }`),
      /bedside.devices\[0\].parts.p2: device b stands in the file already/,
    ],
    [
      'a line twice',
      box(`id: a, ${DF2}, link: serial, path: /dev/a }, { id: b, ${DF2}, link: serial, path: /dev/a`),
      /path: line \/dev\/a stands in the file already/,
    ],
    [
      'a bedside box with nowhere to publish',
      box(`id: a, ${DF2}, link: serial, path: /dev/a`).replace(LISTEN, ''),
      /^5:3 bedside: 'broker' is missing; add broker: "mqtts:/,
    ],
    [
      'a plaintext ward gateway',
      box(`id: a, ${DF2}, link: serial, path: /dev/a`).replace('box-1', 'box-1\n  broker: mqtt://10.0.0.1'),
      /^6:11 bedside.broker: refused \(plaintext-scheme\)/,
    ],
    [
      'renewal in plaintext',
      box(`id: a, ${DF2}, link: serial, path: /dev/a`).replace('box-1', 'box-1\n  renewAt: http://10.0.0.1'),
      /^6:12 bedside.renewAt: refused \(plaintext-scheme\)/,
    ],
    [
      'renewal on a public network',
      box(`id: a, ${DF2}, link: serial, path: /dev/a`).replace('box-1', 'box-1\n  renewAt: https://8.8.8.8'),
      /^6:12 bedside.renewAt: refused \(public-address\)/,
    ],
    [
      'a plaintext uplink',
      uplink({ url: 'ws://10.0.0.1' }),
      /^8:10 uplinks\[0\].url: refused \(plaintext-scheme\)/,
    ],
    [
      'a public uplink',
      uplink({ url: 'mqtts://8.8.8.8' }),
      /^8:10 uplinks\[0\].url: refused \(public-address\)/,
    ],
    [
      'an uplink outside its own range',
      uplink({ url: 'mqtts://10.0.0.1', allow: '[10.1.0.0/16]' }),
      /refused \(outside-allowed-ranges\)/,
    ],
    [
      'a public range',
      uplink({ allow: '[10.0.0.0/8, 0.0.0.0/0]' }),
      /^12:25 uplinks\[0\].allow\[1\]: '0.0.0.0\/0' is not inside a private network/,
    ],
    [
      'a CA file that is not there',
      uplink({ ca: './none.pem' }),
      /^10:9 uplinks\[0\].ca: .*none.pem cannot be read \(ENOENT\)/,
    ],
  ] as const)('%s', (_name, text, expected) => {
    const faults = faultsOf(text)
    expect(faults).toHaveLength(1)
    if (typeof expected === 'string') expect(faults[0]).toBe(expected)
    else expect(faults[0]).toMatch(expected)
  })

  it('never repeats a password that stood in a URL', () => {
    const [fault] = faultsOf(uplink({ url: 'mqtts://u:hunter2@10.0.0.1' }))
    expect(fault).toMatch(/refused \(credentials-in-url\)/)
    expect(fault).not.toContain('hunter2')
  })

  it('refuses every URL while verification is switched off in the environment', () => {
    expect(faultsOf(uplink({}), { NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toEqual([
      expect.stringMatching(/refused \(verification-off\)/),
    ])
  })
})

describe('all faults', () => {
  it('come at once, from top to bottom, each on a line of its own', () => {
    const file = directory.write(
      'bad.yaml',
      'gatway: g\nstate: 5\nbroker: { listen: [ { host: x } ] }\nlog: { level: loud }\n',
    )
    let thrown: unknown
    try {
      loadConfig(file, { environment: { WARDGATE_LOG_LEVEL: 'loud' } })
    } catch (error) {
      thrown = error
    }
    if (!(thrown instanceof ConfigError)) throw new Error('it was accepted')
    const [title, ...lines] = thrown.message.split('\n')
    expect(title).toBe(`${file} has 6 faults`)
    expect(thrown.context['faults']).toBe(6)
    expect(lines.map((line) => line.replace(file, '').split(' ', 1)[0])).toEqual([
      'WARDGATE_LOG_LEVEL:',
      ':1:1:',
      ':1:1:',
      ':2:8:',
      ':3:21:',
      ':4:15:',
    ])
  })

  it('of a file that cannot be read are one', () => {
    const file = join(directory.path, 'none.yaml')
    expect(() => loadConfig(file, { environment })).toThrow(`${file}: cannot be read (ENOENT)`)
    expect(() => loadConfig(directory.path, { environment })).toThrow('cannot be read (EISDIR)')
  })

  it('never change the way the next file is read', () => {
    expect(faultsOf('')).toHaveLength(1)
    expect(faultsOf(WARD)).toEqual([])
  })
})
