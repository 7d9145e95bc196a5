import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import type { SerialLine } from '../../../devices/protocol.ts'
import { throughUart } from '../../../simulators/uart.ts'

const line = (baudRate: number, parity: SerialLine['parity'] = 'none', dataBits: 7 | 8 = 8): SerialLine => ({
  kind: 'serial',
  baudRate,
  dataBits,
  parity,
  stopBits: 1,
  flowControl: 'none',
})

const EVERY_LINE = [
  line(9600),
  line(19_200, 'even'),
  line(4800, 'odd'),
  { ...line(1200), stopBits: 2 as const },
]

describe('a UART', () => {
  it.each(EVERY_LINE)('passes every byte when both ends are set alike (%o)', (settings) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect([...throughUart(bytes, settings, settings).bytes]).toEqual([...bytes])
      }),
      { seed: 7, numRuns: 40 },
    )
  })

  it('passes every byte when the two speeds differ by two percent', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, value) => value)
    expect([...throughUart(bytes, line(9600), line(9792)).bytes]).toEqual([...bytes])
  })

  it('gives other bytes, and another number of them, at half and at twice the speed', () => {
    const bytes = Uint8Array.of(0x55, 0xaa, 0x01, 0x80)
    expect(throughUart(bytes, line(9600), line(4800)).bytes.length).toBeLessThan(4)
    expect(throughUart(bytes, line(9600), line(19_200)).bytes.length).toBeGreaterThan(4)
  })

  it('hands on the bytes of a sender with parity to a reader without, and counts the stop bits it misses', () => {
    const odd = Uint8Array.of(0x07, 0x01)
    const even = Uint8Array.of(0x03, 0x05)
    const sender = line(9600, 'even')
    // Three ones, or one: the parity bit is 1 and passes for a stop bit.
    expect(throughUart(odd, sender, line(9600))).toEqual({ bytes: odd, parityErrors: 0, framingErrors: 0 })
    expect(throughUart(even, sender, line(9600))).toEqual({ bytes: even, parityErrors: 0, framingErrors: 2 })
  })

  it('counts every byte of the other parity', () => {
    const bytes = Uint8Array.of(1, 2, 3)
    expect(throughUart(bytes, line(9600, 'even'), line(9600, 'odd'))).toEqual({
      bytes,
      parityErrors: 3,
      framingErrors: 0,
    })
  })

  it('loses its place where it waits for a parity bit that does not come', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
    const reading = throughUart(bytes, line(9600), line(9600, 'even'))
    expect([...reading.bytes]).not.toEqual([...bytes])
    expect(reading.framingErrors).toBeGreaterThan(0)
  })

  it('reads the top data bit of an eight-bit sender as nothing when set to seven bits', () => {
    expect(throughUart(Uint8Array.of(0xc1), line(9600), line(9600, 'none', 7)).bytes[0]).toBe(0x41)
  })

  it('is silent where nothing is sent', () => {
    expect(throughUart(Uint8Array.of(), line(9600), line(115_200)).bytes.length).toBe(0)
  })
})
