import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import type { Command, SendRule } from '../../../../devices/protocol.ts'
import { isPermitted } from '../../../../gateway/stages/permit-command.ts'

const RULES: readonly SendRule[] = [
  { kind: 'send', prefixHex: 'E1 00', maxBytes: 4, meaning: 'poll' },
  { kind: 'read', characteristic: '2A5E', meaning: 'features' },
  { kind: 'subscribe', characteristic: '2A37', meaning: 'heart rate' },
  { kind: 'write', characteristic: '2A52', prefixHex: '0101', maxBytes: 2, meaning: 'all records' },
]

const send = (...bytes: number[]): Command => ({ kind: 'send', bytes: Uint8Array.from(bytes) })
const write = (characteristic: string, ...bytes: number[]): Command => ({
  kind: 'write',
  characteristic,
  bytes: Uint8Array.from(bytes),
})

describe('the closed list of what a driver may send', () => {
  it.each<{ name: string; command: Command }>([
    { name: 'bytes with the prefix', command: send(0xe1, 0x00, 0x07) },
    { name: 'exactly the prefix', command: send(0xe1, 0x00) },
    { name: 'a listed read', command: { kind: 'read', characteristic: '2A5E' } },
    { name: 'a listed subscription', command: { kind: 'subscribe', characteristic: '2A37' } },
    { name: 'a listed write', command: write('2A52', 0x01, 0x01) },
  ])('permits $name', ({ command }) => {
    expect(isPermitted(command, RULES)).toBe(true)
  })

  it.each<{ name: string; command: Command }>([
    { name: 'no bytes at all', command: send() },
    { name: 'less than the prefix', command: send(0xe1) },
    { name: 'another prefix', command: send(0xe1, 0x01) },
    { name: 'the prefix in another place', command: send(0x00, 0xe1, 0x00) },
    { name: 'more bytes than listed', command: send(0xe1, 0, 1, 2, 3) },
    { name: 'the bytes of a write as bytes of a line', command: send(0x01, 0x01) },
    { name: 'a read of what may only be subscribed', command: { kind: 'read', characteristic: '2A37' } },
    {
      name: 'a subscription of what may only be read',
      command: { kind: 'subscribe', characteristic: '2A5E' },
    },
    { name: 'a write to another characteristic', command: write('2A37', 0x01, 0x01) },
    { name: 'another value', command: write('2A52', 0x02, 0x01) },
    { name: 'a listed value with more behind it', command: write('2A52', 0x01, 0x01, 0x00) },
  ])('refuses $name', ({ command }) => {
    expect(isPermitted(command, RULES)).toBe(false)
  })

  it('refuses everything when the list is empty', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
        expect(isPermitted({ kind: 'send', bytes }, [])).toBe(false)
      }),
      { seed: 5, numRuns: 100 },
    )
  })

  it('never takes an empty prefix for a permission of everything', () => {
    const open: readonly SendRule[] = [{ kind: 'send', prefixHex: ' ', maxBytes: 100, meaning: 'anything' }]
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
        expect(isPermitted({ kind: 'send', bytes }, open)).toBe(false)
      }),
      { seed: 5, numRuns: 100 },
    )
  })
})
