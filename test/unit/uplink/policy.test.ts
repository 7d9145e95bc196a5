import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { isSameAddress } from '../../../gateway/uplink/address-class.ts'
import { decideUplink, decideUrl } from '../../../gateway/uplink/policy.ts'
import { UPLINK_REFUSALS } from '../../../gateway/uplink/refusals.ts'
import { HOSTILE_ADDRESSES, HOSTILE_URLS } from './hostile-destinations.ts'

const environment = {}
const NAMED = 'mqtts://broker.hospital.internal'

function decide(addresses: readonly string[], allowedRanges?: readonly string[], url = NAMED): unknown {
  const decision = decideUplink({ url, addresses, allowedRanges, environment })
  return decision.allowed ? decision.addresses : decision.reason
}

function literal(address: string): string {
  return address.includes(':') ? `mqtts://[${address}]` : `mqtts://${address}`
}

describe('a URL', () => {
  it.each(HOSTILE_URLS)('%j is refused as %s', (url, reason) => {
    const decision = decideUplink({ url, addresses: ['10.0.0.1'], environment })
    expect(decision).toMatchObject({ allowed: false, reason })
    expect(decideUrl({ url, environment })).toMatchObject({ allowed: false, reason })
  })

  it.each([
    ['mqtts://10.0.0.1', '10.0.0.1', 8883],
    ['mqtts://10.0.0.1/', '10.0.0.1', 8883],
    ['MQTTS://10.0.0.1:1', '10.0.0.1', 1],
    ['mqtts://127.0.0.1:65535', '127.0.0.1', 65_535],
    ['mqtts://[::1]:8883', '::1', 8883],
    ['mqtts://[fd12:3456::1]', 'fd12:3456::1', 8883],
    ['mqtts://192.168.255.254', '192.168.255.254', 8883],
    ['mqtts://172.31.255.255', '172.31.255.255', 8883],
  ])('%j leads to %s port %i', (url, host, port) => {
    expect(decideUplink({ url, addresses: [], environment })).toEqual({
      allowed: true,
      host,
      port,
      addresses: [host],
    })
  })

  it('names a host without the dot that ends an absolute name', () => {
    const url = 'mqtts://broker.hospital.internal.:8884'
    expect(decideUplink({ url, addresses: ['10.1.2.3'], environment })).toMatchObject({
      host: 'broker.hospital.internal',
      port: 8884,
    })
  })

  it('that is an address is judged by that address, whatever a resolver would say', () => {
    expect(decide(['10.0.0.1'], undefined, 'mqtts://8.8.8.8')).toBe('public-address')
    expect(decide(['8.8.8.8'], undefined, 'mqtts://10.0.0.1')).toEqual(['10.0.0.1'])
  })
})

describe('an address', () => {
  it.each(HOSTILE_ADDRESSES)('%s is refused as %s', (address, reason) => {
    expect(decide([address])).toBe(reason)
    expect(decide([], undefined, literal(address))).toBe(reason)
  })

  it.each(HOSTILE_ADDRESSES)('%s among good ones spoils the answer', (address) => {
    expect(decide(['10.0.0.1', address])).toBe('mixed-addresses')
    expect(decide([address, '10.0.0.1'])).toBe('mixed-addresses')
  })

  it.each(HOSTILE_ADDRESSES)('%s cannot be allowed by configuration', (address) => {
    const width = address.includes(':') ? 128 : 32
    expect(decide([address], [`${address}/${width}`])).toBe('invalid-range')
  })

  it.each(['fe80::1%eth0', '127.0.0.1%lo', 'fd00::1%1', '10.0.0.1 ', '010.0.0.1', '127.1', '', 'localhost'])(
    '%j from a resolver is refused',
    (address) => {
      expect(['invalid-address', 'link-local-address']).toContain(decide([address]))
    },
  )

  it.each([
    '10.0.0.0',
    '10.255.255.255',
    '172.16.0.1',
    '192.168.1.1',
    '127.0.0.1',
    '::1',
    'fc00::1',
    'fdff::1',
  ])('%s is private and allowed', (address) => {
    expect(decide([address])).toEqual([address])
  })
})

describe('the answer of a resolver', () => {
  it('has to hold an address', () => {
    expect(decide([])).toBe('no-address')
  })

  it('keeps its order and loses its repeats', () => {
    expect(decide(['10.0.0.2', '10.0.0.1', '10.0.0.2'])).toEqual(['10.0.0.2', '10.0.0.1'])
  })

  it('of refused addresses alone is refused for the first of them', () => {
    expect(decide(['169.254.1.1', '8.8.8.8'])).toBe('link-local-address')
  })
})

describe('allowed ranges', () => {
  it('narrow what is private', () => {
    expect(decide(['10.20.1.1'], ['10.20.0.0/16'])).toEqual(['10.20.1.1'])
    expect(decide(['10.21.1.1'], ['10.20.0.0/16'])).toBe('outside-allowed-ranges')
    expect(decide(['127.0.0.1'], ['10.20.0.0/16'])).toBe('outside-allowed-ranges')
    expect(decide(['fd00::1'], ['10.20.0.0/16'])).toBe('outside-allowed-ranges')
    expect(decide([], ['10.20.0.0/16'], 'mqtts://10.21.0.1')).toBe('outside-allowed-ranges')
    expect(decide(['10.20.1.1', '10.21.1.1'], ['10.20.0.0/16'])).toBe('mixed-addresses')
  })

  it('that are empty allow nothing', () => {
    expect(decide(['10.0.0.1'], [])).toBe('outside-allowed-ranges')
  })

  it.each([
    '0.0.0.0/0',
    '::/0',
    '8.8.8.0/24',
    '10.0.0.0/7',
    '172.0.0.0/8',
    '192.168.0.0/15',
    '127.0.0.0/7',
    'fc00::/6',
    '169.254.0.0/16',
    '100.64.0.0/10',
    '224.0.0.0/4',
    '::ffff:10.0.0.0/104',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10/8',
    '010.0.0.0/8',
    '10.0.0.0/8/8',
    'fd00::%1/16',
    'hospital',
    '',
  ])('cannot hold %j', (range) => {
    expect(decide(['10.0.0.1'], ['10.0.0.0/8', range])).toBe('invalid-range')
  })
})

describe('the environment', () => {
  it('that switches verification off is refused before anything else', () => {
    const off = { NODE_TLS_REJECT_UNAUTHORIZED: '0' }
    expect(decideUplink({ url: 'mqtts://10.0.0.1', addresses: [], environment: off })).toMatchObject({
      reason: 'verification-off',
    })
  })

  it('that names proxies changes nothing', () => {
    const proxies = { HTTPS_PROXY: 'http://8.8.8.8', ALL_PROXY: 'socks://8.8.8.8', NODE_USE_ENV_PROXY: '1' }
    expect(decideUplink({ url: 'mqtts://10.0.0.1', addresses: [], environment: proxies })).toMatchObject({
      addresses: ['10.0.0.1'],
    })
  })
})

describe('whatever it is asked', () => {
  const octet = fc.integer({ min: 0, max: 255 })
  const isPrivate = ([a, b]: readonly number[]): boolean =>
    a === 10 || a === 127 || (a === 172 && (b ?? 0) >> 4 === 1) || (a === 192 && b === 168)

  it('allows an IPv4 address exactly when it is in a private network', () => {
    fc.assert(
      fc.property(fc.tuple(octet, octet, octet, octet), (octets) => {
        const address = octets.join('.')
        return decideUplink({ url: NAMED, addresses: [address], environment }).allowed === isPrivate(octets)
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('allows an IPv6 address exactly when it is unique local or loopback', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const { allowed } = decideUplink({ url: NAMED, addresses: [address], environment })
        return allowed === (/^f[cd][0-9a-f]{2}:/i.test(address) || isSameAddress(address, '::1'))
      }),
      { seed: 2, numRuns: 500 },
    )
  })

  it('never throws and never allows a URL that is not mqtts', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          fc.string().map((text) => `mqtts://${text}`),
        ),
        (url) => {
          const decision = decideUplink({ url, addresses: ['8.8.8.8'], environment })
          return !decision.allowed || url.toLowerCase().startsWith('mqtts://')
        },
      ),
      { seed: 3, numRuns: 500 },
    )
  })
})

describe('a caller that speaks HTTPS', () => {
  const https = (url: string) => decideUrl({ url, scheme: 'https', environment })

  it('is let out to a private address, by default to the port of the web side', () => {
    expect(https('https://10.0.0.1')).toMatchObject({
      allowed: true,
      target: { host: '10.0.0.1', port: 8443 },
    })
    expect(https('HTTPS://gw.icu.internal:443/')).toMatchObject({ allowed: true, target: { port: 443 } })
  })

  it.each([
    ['http://10.0.0.1', 'plaintext-scheme'],
    ['mqtts://10.0.0.1', 'unsupported-scheme'],
    ['wss://10.0.0.1', 'unsupported-scheme'],
    ['https+unix://x', 'unsupported-scheme'],
    ['https://8.8.8.8', 'public-address'],
    ['https://0177.0.0.1', 'ambiguous-address'],
    ['https://u:p@10.0.0.1', 'credentials-in-url'],
    ['https://10.0.0.1/.well-known/est', 'invalid-url'],
    ['https:10.0.0.1', 'invalid-url'],
  ])('is refused %s: %s', (url, reason) => {
    expect(https(url)).toMatchObject({ allowed: false, reason })
  })
})

it('every refusal is explained in docs/uplink-refusals.md, and nothing else is', () => {
  const page = readFileSync(new URL('../../../docs/uplink-refusals.md', import.meta.url), 'utf8')
  const explained = [...page.matchAll(/^\| `([a-z-]+)` +\|/gm)].map(([, reason]) => reason)
  expect(explained).toEqual([...UPLINK_REFUSALS])
})
