import { BlockList } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, it } from '@jest/globals'
import { CertificateError } from '../../../certs/errors.ts'
import { addressBytes, readHostName, readHostNames } from '../../../certs/host-name.ts'

describe('the name of a server', () => {
  it.each([
    ['localhost', 'dns'],
    ['gw-1.icu.example.org', 'dns'],
    ['1st.example', 'dns'],
    ['10.0.0.7', 'ip'],
    ['::1', 'ip'],
    ['fd00:1::ff', 'ip'],
  ])('%s is of kind %s', (name, kind) => {
    expect(readHostName(name)).toEqual({ kind, name })
  })

  it('is written in lower case', () => {
    expect(readHostName('GW-1.Example')).toEqual({ kind: 'dns', name: 'gw-1.example' })
  })

  it.each([
    ['', 'neither'],
    ['*.example.org', 'wildcard'],
    ['0.0.0.0', 'every address'],
    ['::', 'every address'],
    ['0:0:0:0:0:0:0:0', 'every address'],
    ['fe80::1%eth0', 'zone'],
    ['10.0.0.256', 'ends in a number'],
    ['0177.0.0.1', 'ends in a number'],
    ['gw.0x7f', 'ends in a number'],
    ['gw_1', 'neither'],
    ['-gw', 'neither'],
    ['gw.', 'neither'],
    ['gw..org', 'neither'],
    ['gw 1', 'neither'],
    ['gw,DNS:evil', 'neither'],
    ['gw\0.example', 'neither'],
    ['mqtts://gw', 'neither'],
    ['gw:8883', 'neither'],
    ['a'.repeat(64), 'neither'],
    [`${'a.'.repeat(127)}aa`, 'neither'],
  ])('%j is refused with the reason', (name, reason) => {
    expect(readHostName(name)).toMatchObject({ kind: 'refused', reason: expect.stringContaining(reason) })
  })

  it('never throws, and what it takes is safe between commas', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.domain(), fc.ipV4(), fc.ipV6()), (text) => {
        const name = readHostName(text)
        if (name.kind !== 'refused') expect(name.name).toMatch(/^[a-z0-9.:-]+$/)
      }),
      { seed: 4, numRuns: 1000 },
    )
  })
})

describe('the names of a server', () => {
  it('are kept once each and by kind', () => {
    expect(readHostNames(['gw', 'GW', '10.0.0.7', 'gw'])).toEqual({
      dnsNames: ['gw'],
      ipAddresses: ['10.0.0.7'],
    })
  })

  it('are refused as a whole for one bad name, which is named', () => {
    expect(() => readHostNames(['gw', '*.org'])).toThrow(CertificateError)
    expect(() => readHostNames(['gw', '*.org'])).toThrow("'*.org' cannot be a server name")
  })
})

describe('the bytes of an address', () => {
  it.each([
    ['10.0.0.7', '0a 00 00 07'],
    ['::1', '00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01'],
    ['fd00:1:2:3:4:5:6:7', 'fd 00 00 01 00 02 00 03 00 04 00 05 00 06 00 07'],
    ['fe80::', 'fe 80 00 00 00 00 00 00 00 00 00 00 00 00 00 00'],
    ['::ffff:10.0.0.7', '00 00 00 00 00 00 00 00 00 00 ff ff 0a 00 00 07'],
  ])('of %s are %s', (address, hex) => {
    expect(Buffer.from(addressBytes(address)).toString('hex')).toBe(hex.replaceAll(' ', ''))
  })

  it('mean the same address to the system', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const groups = Buffer.from(addressBytes(address)).toString('hex').match(/.{4}/g) ?? []
        const list = new BlockList()
        list.addAddress(address, 'ipv6')
        expect(groups).toHaveLength(8)
        expect(list.check(groups.join(':'), 'ipv6')).toBe(true)
      }),
      { seed: 5, numRuns: 300 },
    )
  })
})
