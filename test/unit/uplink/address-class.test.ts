import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { classifyAddress, isSameAddress } from '../../../gateway/uplink/address-class.ts'

describe('an IPv6 address that carries an IPv4 one', () => {
  it.each([
    ['::ffff:10.0.0.1', 'private', 'mapped', '10.0.0.1'],
    ['::ffff:8.8.8.8', 'public', 'mapped', '8.8.8.8'],
    ['::ffff:7f00:1', 'loopback', 'mapped', '127.0.0.1'],
    ['::169.254.169.254', 'link-local', 'compatible', '169.254.169.254'],
    ['::ffff:0:100.64.0.1', 'cgnat', 'translated', '100.64.0.1'],
    ['64:ff9b::192.168.1.1', 'private', 'nat64', '192.168.1.1'],
    ['64:ff9b:1:2::8.8.4.4', 'public', 'nat64', '8.8.4.4'],
    ['2002:c000:204::1', 'documentation', '6to4', '192.0.2.4'],
    ['2001:0:4136:e378:8000:63bf:3fff:fdd2', 'documentation', 'teredo', '192.0.2.45'],
  ])('%s is classified by it', (address, kind, embedding, carries) => {
    expect(classifyAddress(address)).toEqual({ kind, embedding, carries })
  })
})

describe('what is not written as an address', () => {
  it.each([
    '',
    '10.0.0',
    '10.0.0.01',
    '0x0a.0.0.1',
    '167772161',
    ' 10.0.0.1',
    '10.0.0.1/8',
    '[::1]',
    ':::',
    '::1%lo',
  ])('%j is invalid', (text) => {
    expect(classifyAddress(text)).toEqual({ kind: 'invalid' })
  })

  it('never throws', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.ipV4Extended(),
      fc.ipV6(),
      fc.ipV6().map((ip) => `${ip}%1`),
    )
    fc.assert(
      fc.property(texts, (text) => typeof classifyAddress(text).kind === 'string'),
      { seed: 4, numRuns: 2_000 },
    )
  })
})

describe('two spellings', () => {
  it.each([
    ['fd00::1', 'FD00:0:0:0:0:0:0:0001'],
    ['10.0.0.1', '10.0.0.1'],
    ['::1', '0:0:0:0:0:0:0:1'],
  ])('%s and %s are the same address', (one, other) => {
    expect(isSameAddress(one, other)).toBe(true)
  })

  it.each([
    ['10.0.0.1', '10.0.0.2'],
    ['10.0.0.1', '::ffff:10.0.0.1'],
    ['127.0.0.1', '::1'],
    ['', ''],
    ['localhost', 'localhost'],
  ])('%s and %s are not', (one, other) => {
    expect(isSameAddress(one, other)).toBe(false)
  })
})
