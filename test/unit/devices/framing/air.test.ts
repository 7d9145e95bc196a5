import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import {
  airSocketName,
  encodeAirMessage,
  fitsSocketPath,
  isAirSocketName,
  parseAirMessage,
  type AirMessage,
} from '../../../../devices/framing/air.ts'

const MESSAGES: readonly AirMessage[] = [
  { kind: 'scan' },
  {
    kind: 'advertisement',
    advertisement: {
      address: 'C0:FF:EE:00:00:01',
      addressType: 'random',
      name: 'Strap',
      rssiDbm: -61,
      services: ['180D'],
      appearance: 0x0340,
    },
  },
  { kind: 'connect' },
  { kind: 'connected' },
  { kind: 'disconnect', reason: 'connection-timeout' },
  { kind: 'pair' },
  { kind: 'paired', outcome: 'bonded' },
  { kind: 'encryption', level: 'authenticated' },
]

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

describe('control channel of the simulated radio', () => {
  it.each(MESSAGES)('carries $kind', (message) => {
    expect(parseAirMessage(encodeAirMessage(message))).toEqual(message)
  })

  it.each([
    { name: 'no object', value: 7 },
    { name: 'a list', value: [] },
    { name: 'an unknown kind', value: { kind: 'explode' } },
    { name: 'a kind every object has', value: { kind: 'toString' } },
    { name: 'an unknown security level', value: { kind: 'encryption', level: 'constructor' } },
    { name: 'an unknown reason', value: { kind: 'disconnect', reason: 'bored' } },
    { name: 'an outcome that is no word', value: { kind: 'paired', outcome: 1 } },
    { name: 'an advertisement without content', value: { kind: 'advertisement' } },
    {
      name: 'an advertisement of a false address',
      value: {
        kind: 'advertisement',
        advertisement: { address: '../x', addressType: 'random', name: '', rssiDbm: 0, services: [] },
      },
    },
  ])('refuses $name', ({ value }) => {
    expect(parseAirMessage(json(value))).toBeUndefined()
  })

  it('never throws, whatever the octets', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => new TextEncoder().encode(text)),
        ),
        (bytes) => {
          expect(parseAirMessage(bytes)).toBeUndefined()
        },
      ),
      { seed: 5, numRuns: 1000 },
    )
  })
})

describe('sockets of the simulated radio', () => {
  it('are named by the address', () => {
    expect(airSocketName('C0:FF:EE:00:00:01')).toBe('c0ffee000001.air')
    expect(isAirSocketName('c0ffee000001.air')).toBe(true)
    expect(isAirSocketName('notes.txt')).toBe(false)
  })

  it.each(['', 'C0FFEE000001', 'C0:FF:EE:00:00', '../../etc/passwd', 'C0:FF:EE:00:00:01\n'])(
    'refuse the address %p',
    (address) => {
      expect(airSocketName(address)).toBeUndefined()
    },
  )

  it('fit a path of 107 bytes and not one of 108, counted in bytes', () => {
    const nameBytes = '/c0ffee000001.air'.length
    expect(fitsSocketPath('d'.repeat(107 - nameBytes))).toBe(true)
    expect(fitsSocketPath('d'.repeat(108 - nameBytes))).toBe(false)
    expect(fitsSocketPath('ä'.repeat(46))).toBe(false)
  })
})
