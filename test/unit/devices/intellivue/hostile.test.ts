import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { readdirSync, readFileSync } from 'node:fs'
import { decodedLines } from '../../../../cli/decoded-line.ts'
import { MAX_DISCARD_BYTES } from '../../../../devices/framing/discard-run.ts'
import { readSession } from '../../../../devices/intellivue/association.ts'
import { Interpreter } from '../../../../devices/intellivue/interpreter.ts'
import { isPollListSound } from '../../../../devices/intellivue/message.ts'
import { ObjectMemory } from '../../../../devices/intellivue/object-memory.ts'
import { WireReader } from '../../../../devices/intellivue/wire-reader.ts'
import { list, u16, type Octets } from '../../../../simulators/intellivue-octets.ts'
import {
  decodeAll,
  numericAttribute,
  resultOf,
  waveData,
  waveSpec,
} from '../../../support/intellivue-messages.ts'

const SEED = 20_260_920

const root = new URL('../../../vectors/intellivue-lan/', import.meta.url)
const captured = readdirSync(root).flatMap((folder) =>
  readFileSync(new URL(`${folder}/input.hex`, root), 'utf8')
    .trim()
    .split('\n')
    .map((line) => Uint8Array.from(Buffer.from(line.replaceAll(/\s/g, ''), 'hex'))),
)

const READINGS = ['live', 'capture'] as const

describe('an interpreter', () => {
  it.each(READINGS)('takes damaged captures without throwing, and gives short discards (%s)', (reading) => {
    const damage = fc.array(fc.tuple(fc.nat(900), fc.nat(255)), { minLength: 1, maxLength: 6 })
    const message = fc
      .tuple(fc.constantFrom(...captured), damage)
      .map(([bytes, edits]) =>
        edits.reduce<Uint8Array>((before, [at, value]) => before.with(at % before.length, value), bytes),
      )
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), (messages) => {
        const interpreter = new Interpreter(reading)
        for (const bytes of messages)
          for (const output of interpreter.interpret(bytes).outputs) {
            expect(output.kind).not.toBe('send')
            if (output.kind === 'discarded')
              expect(output.bytes.length).toBeLessThanOrEqual(MAX_DISCARD_BYTES)
            if (output.kind === 'alert') expect(output.code).toMatch(/^[a-z0-9-]{1,32}$/)
            if (output.kind === 'waveform') expect(output.channel).toMatch(/^[a-z0-9-]{1,32}$/)
            expect(() => JSON.stringify(decodedLines(output))).not.toThrow()
          }
      }),
      { seed: SEED, numRuns: 600 },
    )
  })

  it.each(READINGS)('takes any bytes behind a good beginning (%s)', (reading) => {
    const front = fc.constantFrom(
      'e1000002',
      'e10000020002',
      'e10000020005',
      'e100000200010040000100010038002100000000',
      '00000100',
      '0d',
      '0e',
      '0eff',
      '0c',
      '19',
    )
    fc.assert(
      fc.property(front, fc.uint8Array({ maxLength: 120 }), (hex, bytes) => {
        const interpreter = new Interpreter(reading)
        interpreter.interpret(Uint8Array.from([...Buffer.from(hex, 'hex'), ...bytes]))
      }),
      { seed: SEED, numRuns: 1000 },
    )
  })

  it('reads none of a result whose nested lengths do not agree', () => {
    const good = resultOf([numericAttribute({ physioId: 0x4182 }), ...waveSpec()])
    // Everything from the number of contexts to the first attribute.
    for (let at = 46; at < 62; at += 2) {
      const changed = good.with(at + 1, (good[at + 1] ?? 0) ^ 0x03)
      const kinds = decodeAll(changed).map(({ kind }) => kind)
      const isOnlyAName = at === 50 || at === 56
      expect([at, kinds[0]]).toEqual([at, isOnlyAName ? 'numeric' : 'discarded'])
    }
  })

  it('never lets a patient’s name out, whoever asked for it', () => {
    const message = resultOf([numericAttribute({ physioId: 0x4182 })], { objectCode: 0x2a })
    expect(decodeAll(message)).toEqual([])
  })

  it('answers counts without end with no', () => {
    const lists = [u16(0xffff), u16(8), u16(0), u16(0xffff), u16(0)].flat()
    expect(isPollListSound(Uint8Array.from(lists))).toBe(false)
  })
})

describe('a list of a poll result', () => {
  const object = (attributes: readonly Octets[]): Octets => [...u16(1), ...list(attributes)]
  const context = (objects: readonly Octets[]): Octets => [...u16(0), ...list(objects)]
  const sound = list([context([object([[...u16(0x0950), ...u16(2), 1, 2]]), object([])]), context([])])

  it('is sound when all of it agrees, and in no shorter or longer form', () => {
    expect(isPollListSound(Uint8Array.from(sound))).toBe(true)
    for (let size = 0; size < sound.length; size += 1)
      expect(isPollListSound(Uint8Array.from(sound.slice(0, size)))).toBe(false)
    expect(isPollListSound(Uint8Array.from([...sound, 0]))).toBe(false)
  })

  it('is never read beyond its end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const reader = new WireReader(bytes)
        isPollListSound(bytes)
        reader.enter(bytes.length + 1)
        expect(reader.left).toBe(0)
        expect([reader.u8(), reader.u16(), reader.u32(), reader.view(3).length]).toEqual([0, 0, 0, 0])
        expect(reader.isBroken).toBe(true)
      }),
      { seed: SEED },
    )
  })
})

describe('an association', () => {
  const accept = captured.find(([first]) => first === 0x0e) ?? new Uint8Array()

  it('is accepted with its user information wherever it stands', () => {
    const moved = Uint8Array.from([0x0e, accept.length - 2 + 5, 1, 2, 3, 4, 5, ...accept.slice(2)])
    expect(readSession(moved)).toEqual(readSession(accept))
    expect(readSession(accept)).toEqual({
      phase: 'accept',
      profile: { minPollPeriodTicks: 320_000, maxReceiveBytes: 1456, extendedOptions: 0x8c000000 },
    })
  })

  it('without user information is none', () => {
    expect(readSession(Uint8Array.of(0x0e, 3, 1, 2, 3))).toEqual({ reason: 'malformed' })
  })

  it('may have a long length', () => {
    const long = Uint8Array.from([0x0e, 0xff, 0, accept.length - 2, ...accept.slice(2)])
    expect(readSession(long)).toEqual(readSession(accept))
  })
})

describe('the memory of objects', () => {
  it('is bounded, whatever handles come', () => {
    const memory = new ObjectMemory()
    for (let handle = 0; handle < 5000; handle += 1) memory.of(handle % 7, handle)
    expect(memory.size).toBe(512)
  })

  it('keeps the two contexts of one handle apart', () => {
    const other = resultOf([...waveSpec(8, 8)], { context: 1, ticks: 0 })
    const wave = resultOf([[...u16(0x096e), ...u16(8), ...waveData([0, 9])]])
    const lines = decodeAll(resultOf(waveSpec(), { ticks: 0 }), other, wave)
    expect(lines.at(-1)?.['samples']).toEqual([9])
  })
})
