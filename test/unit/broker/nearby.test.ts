import { describe, expect, it } from '@jest/globals'
import { farEnd } from '../../../gateway/broker/nearby.ts'

describe('farEnd', () => {
  const near = [
    ['127.0.0.1', '127.0.0.1'],
    ['10.0.4.2', '192.168.7.9'],
    ['::ffff:10.0.4.2', '::ffff:10.0.4.9'],
    ['fd00::1', 'fe80::2'],
  ] as const
  it.each(near)('admits %s and %s', (localAddress, remoteAddress) => {
    expect(farEnd({ localAddress, remoteAddress })).toBeUndefined()
  })

  const far = [
    ['203.0.113.9', '10.0.0.2', '203.0.113.9'],
    ['10.0.0.2', '8.8.8.8', '8.8.8.8'],
    ['::ffff:10.0.0.2', '::ffff:8.8.8.8', '::ffff:8.8.8.8'],
    ['fd00::1', '2001:4860:4860::8888', '2001:4860:4860::8888'],
    ['fd00::1', '2002:0a00:0002::1', '2002:0a00:0002::1'],
    ['10.0.0.2', '', ''],
  ] as const
  it.each(far)('refuses local %s with remote %s', (localAddress, remoteAddress, expected) => {
    expect(farEnd({ localAddress, remoteAddress })).toBe(expected)
  })
})
