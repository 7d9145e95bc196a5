import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { noninDf2 } from '../../../devices/nonin-df2.ts'
import { noninDf7 } from '../../../devices/nonin-df7.ts'
import { type PacketSpec, df2Packet, df7Packet } from '../../support/nonin-frames.ts'
import { decodeChunks, discardedBytes, withoutDiscards } from '../../support/stream-vectors.ts'

const SEED = 20_260_920
const FRAME_BYTES = 5

const formats = [
  { name: 'DF2', protocol: noninDf2, packet: df2Packet, statusAt: 1 },
  { name: 'DF7', protocol: noninDf7, packet: df7Packet, statusAt: 0 },
]

describe.each(formats)('Nonin $name', ({ protocol, packet, statusAt }) => {
  const decode = (...chunks: readonly Uint8Array[]) => decodeChunks(protocol, chunks)
  const numericsOf = (spec: PacketSpec) =>
    decode(packet(spec))
      .filter(({ kind }) => kind === 'numeric')
      .map(({ value, q, why }) => ({ value, q, why }))
  const textOf = (spec: PacketSpec, name: string) =>
    decode(packet(spec)).find(({ kind, ref }) => kind === 'text' && ref === name)?.['value']

  it('reads every pulse rate and saturation that an oximeter can send', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 350 }), fc.integer({ min: 0, max: 100 }), (heartRate, spo2) => {
        expect(numericsOf({ heartRate, spo2 })).toEqual([
          { value: heartRate, q: 'valid', why: undefined },
          { value: spo2, q: 'valid', why: undefined },
        ])
      }),
      { seed: SEED, numRuns: 100 },
    )
  })

  it('lets reserved bits and slots hold anything', () => {
    const plain = decode(packet({ status: () => 0x80 }))
    const reserved = decode(packet({ status: () => 0xc0, slot: (frame) => (frame > 8 ? 0x7f : 0) }))
    expect(reserved).toEqual(plain)
    const high = packet({ heartRate: 300 })
    high[3] = (high[3] ?? 0) | 0x7c
    high[4] = ((high[4] ?? 0) + 0x7c) & 0xff
    expect(decode(high)).toEqual(decode(packet({ heartRate: 300 })))
  })

  it('gives no number for a marker, each for itself', () => {
    expect(numericsOf({ heartRate: 511 })).toEqual([
      { value: null, q: 'absent', why: ['missing'] },
      { value: 97, q: 'valid', why: undefined },
    ])
    expect(numericsOf({ spo2: 127 })[1]).toEqual({ value: null, q: 'absent', why: ['missing'] })
  })

  it.each([
    ['out of track', 0x10, 'questionable', ['out_of_track']],
    ['artifact', 0x20, 'questionable', ['artifact']],
    ['red perfusion', 0x04, 'questionable', ['low_perfusion']],
    ['yellow perfusion', 0x06, 'valid', ['marginal_perfusion']],
    ['green perfusion', 0x02, 'valid', undefined],
    ['sensor alarm', 0x08, 'invalid', ['probe_off']],
  ])('takes %s in one single frame for the packet', (_, bits, q, why) => {
    for (const flagged of [1, 2, 13, 25]) {
      const spec = { status: (frame: number) => (frame === flagged ? 0x80 | bits : 0x80) }
      expect(numericsOf(spec)).toEqual([
        { value: 72, q, why },
        { value: 97, q, why },
      ])
    }
  })

  it('says probe off when the markers come with the sensor alarm', () => {
    expect(numericsOf({ heartRate: 511, status: () => 0x88 })[0]).toEqual({
      value: null,
      q: 'absent',
      why: ['probe_off'],
    })
  })

  it('reads revision, timer and battery from their slots', () => {
    const slot = (frame: number) => ({ 4: 48, 6: 0x01, 7: 0x61, 8: 0x01 })[frame] ?? 0
    expect(textOf({ slot }, 'firmware_revision')).toBe(48)
    expect(textOf({ slot }, 'timer_ticks')).toBe(225)
    expect(textOf({ slot }, 'low_battery')).toBe(true)
    expect(textOf({ slot }, 'smartpoint')).toBe(false)
  })

  it.each([101, 120, 126])('drops a packet with saturation %i, whatever its checksums say', (spo2) => {
    expect(decode(packet({ spo2 }))).toEqual([
      { kind: 'discarded', reason: 'out-of-range', bytes: Buffer.from(packet({ spo2 })).toString('hex') },
    ])
  })

  it('drops a packet with any bit flipped in any checked byte, as one checksum fault, and reads the next', () => {
    fc.assert(
      fc.property(fc.integer({ min: FRAME_BYTES, max: 124 }), fc.nat(7), (at, bit) => {
        const bad = packet({ heartRate: 60 })
        bad[at] = (bad[at] ?? 0) ^ (1 << bit)
        const lines = decode(bad, packet())
        expect(withoutDiscards(lines)).toEqual(decode(packet()))
        expect(lines[0]).toMatchObject({ kind: 'discarded', reason: 'checksum' })
        expect(discardedBytes(lines)).toBe(bad.length)
      }),
      { seed: SEED, numRuns: 200 },
    )
  })

  it('calls a damaged first frame a checksum fault where a packet was due', () => {
    const bad = packet({ heartRate: 60 })
    bad[statusAt + 2] = (bad[statusAt + 2] ?? 0) ^ 0x04
    const bytes = Buffer.from(bad).toString('hex')
    expect(decode(packet(), bad, packet()).filter(({ kind }) => kind === 'discarded')).toEqual([
      { kind: 'discarded', reason: 'checksum', bytes },
    ])
  })

  it('finds a good packet that begins inside a bad frame', () => {
    for (let size = 1; size < 125; size += 1) {
      const lines = decode(packet({ heartRate: 60 }).subarray(0, size), packet())
      expect(withoutDiscards(lines)).toEqual(decode(packet()))
      expect(discardedBytes(lines)).toBe(size)
    }
  })

  it('finds a good packet behind bytes that imitate the start of one', () => {
    const imitation = packet({ heartRate: 60 }).subarray(0, FRAME_BYTES)
    for (const shift of [1, 2, 3, 4]) {
      const noise = Buffer.concat([imitation, imitation.subarray(0, shift)])
      expect(withoutDiscards(decode(noise, packet()))).toEqual(decode(packet()))
    }
  })

  it('waits for the next packet when the line is opened in the middle of one', () => {
    const lines = decode(packet().subarray(8 * FRAME_BYTES), packet())
    expect(lines[0]).toMatchObject({ kind: 'discarded', reason: 'noise' })
    expect(withoutDiscards(lines)).toEqual(decode(packet()))
  })

  it('gives nothing for frames without a packet of their own', () => {
    const lines = decode(packet().subarray(FRAME_BYTES), packet().subarray(FRAME_BYTES))
    expect(withoutDiscards(lines)).toEqual([])
    expect(discardedBytes(lines)).toBe(240)
  })
})

describe('Nonin pleth', () => {
  it('has 8 bits in DF2 and 16 bits, high byte first, in DF7, at 75 Hz', () => {
    const df2 = decodeChunks(noninDf2, [df2Packet()]).find(({ kind }) => kind === 'waveform')
    const df7 = decodeChunks(noninDf7, [df7Packet()]).find(({ kind }) => kind === 'waveform')
    const frames = Array.from({ length: 25 }, (_, index) => index + 1)
    expect(df2).toMatchObject({ channel: 'pleth', rateHz: 75, samples: frames.map((frame) => 0x40 + frame) })
    expect(df7).toMatchObject({
      channel: 'pleth',
      rateHz: 75,
      samples: frames.map((frame) => 0x7500 + frame),
    })
  })
})
