/** The `web` part of a configuration. */

import { afterAll, describe, expect, it } from '@jest/globals'
import { readConfig } from '../../../gateway/config/load-config.ts'
import { makeConfigDirectory } from './config-fixture.ts'

const directory = makeConfigDirectory()
afterAll(() => directory.remove())

const BROKER = 'broker: { listen: [ { host: 127.0.0.1, port: 8883 } ] }'
const LISTEN = 'listen: [ { host: 127.0.0.1, port: 8443 } ]'

function read(web: string, rest = BROKER) {
  const file = directory.write('ward.yaml', `gateway: gw-1\nstate: ./state\n${rest}\n${web}\n`)
  const { config, faults } = readConfig(file, { environment: {} })
  return { web: config?.web, faults: faults?.map(({ where, message }) => `${where}: ${message}`) }
}

describe('HTTPS', () => {
  it('is not served when it is not configured', () => {
    expect(read('')).toEqual({ web: undefined, faults: undefined })
  })

  it('is served where it is configured, for its own pages alone', () => {
    expect(read(`web: { ${LISTEN} }`).web).toEqual({
      listen: [{ host: '127.0.0.1', port: 8443 }],
      origins: [],
    })
  })

  it.each([
    'https://station.test',
    'https://station.test:8443',
    'https://10.0.0.7',
    'https://[fd00::7]:8444',
  ])('may be used by the pages of %s', (origin) => {
    expect(read(`web: { ${LISTEN}, origins: ["${origin}"] }`).web?.origins).toEqual([origin])
  })

  it.each([
    ['nowhere', 'web: { listen: [] }', /web.listen: at least one entry is needed/],
    [
      'on a public address',
      'web: { listen: [ { host: 8.8.8.8, port: 8443 } ] }',
      /web.listen\[0\].host: 8.8.8.8 is public; only loopback, private, unspecified addresses may stand here/,
    ],
    ...[80, 8080, 1883].map(
      (port) =>
        [
          `on the plaintext port ${port}`,
          `web: { listen: [ { host: 127.0.0.1, port: ${port} } ] }`,
          new RegExp(
            `web.listen\\[0\\].port: ${port} means .* without encryption to every client; write 8443`,
          ),
        ] as const,
    ),
    [
      'on the port of MQTT',
      'web: { listen: [ { host: 127.0.0.1, port: 8883 } ] }',
      /web.listen\[0\].port: listening address 127.0.0.1 port 8883 stands in the file already/,
    ],
    [
      'with an older TLS',
      'web: { listen: [ { host: 127.0.0.1, port: 8443, tls: "1.2" } ] }',
      /web.listen\[0\]: unknown key 'tls'; known keys here: host, port/,
    ],
    [
      'for a page without encryption',
      `web: { ${LISTEN}, origins: ["http://station.test"] }`,
      /web.origins\[0\]: 'http:.*' is not an origin; write https:\/\/name or https:\/\/name:port, in lower case/,
    ],
    [
      'for a page with a path',
      `web: { ${LISTEN}, origins: ["https://Station.test/x"] }`,
      /web.origins\[0\]: .* is not an origin; write https:\/\/station.test$/,
    ],
    ['for everybody', `web: { ${LISTEN}, origins: ["*"] }`, /web.origins\[0\]: '\*' is not an origin/],
    ['for a file', `web: { ${LISTEN}, origins: ["null"] }`, /web.origins\[0\]: 'null' is not an origin/],
  ])('cannot be served %s', (_name, web, expected) => {
    const { faults } = read(web)
    expect(faults).toEqual([expect.stringMatching(expected)])
  })

  it('cannot be served without a broker', () => {
    const box =
      'bedside: { id: b, broker: mqtts://10.0.0.1, devices: [ { id: a, protocol: nonin-df2, link: serial, path: /dev/a } ] }'
    expect(read(`web: { ${LISTEN} }`, box).faults).toEqual([
      expect.stringContaining(
        "web: HTTPS serves the clients of the broker of this process; add 'broker' as well",
      ),
    ])
  })
})
