import { describe, expect, it } from '@jest/globals'
import { crc16CcittFalse, crc16Mcrf4xx } from '../../../../devices/framing/crc16.ts'

const DIGITS = new TextEncoder().encode('123456789')

describe('CRC-16', () => {
  it('gives the catalogue check values of both variants', () => {
    expect(crc16Mcrf4xx(DIGITS)).toBe(0x6f91)
    expect(crc16CcittFalse(DIGITS)).toBe(0x29b1)
  })

  it('gives the sample of the specification', () => {
    expect(crc16Mcrf4xx(Uint8Array.of(0x3e, 1, 2, 3, 4, 5, 6, 7, 8, 9))).toBe(0x2f01)
    expect(crc16Mcrf4xx(Uint8Array.of(1, 0, 0))).toBe(0x63ef)
  })

  it('leaves the residue 0 over data and CRC', () => {
    expect(crc16Mcrf4xx(Uint8Array.of(...DIGITS, 0x91, 0x6f))).toBe(0)
  })
})
