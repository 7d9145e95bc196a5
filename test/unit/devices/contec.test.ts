import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { contec5Byte } from '../../../devices/contec-5byte.ts'
import { contecV7 } from '../../../devices/contec-v7.ts'
import type { Driver, DriverOutput } from '../../../devices/protocol.ts'
import { isPermitted } from '../../../gateway/stages/permit-command.ts'
import { createContecTalker } from '../../../simulators/contec-talker.ts'
import { encodeV7 } from '../../../simulators/contec-encoder.ts'
import { Conversation } from '../../support/conversation.ts'
import { decodeChunks, withoutDiscards } from '../../support/stream-vectors.ts'

const SEED = 20_260_920
const command = (code: number): string => `7d81${code.toString(16)}808080808080`

function sentBy(outputs: readonly DriverOutput[]): readonly string[] {
  return outputs.flatMap((output) =>
    output.kind === 'send' ? [Buffer.from(output.bytes).toString('hex')] : [],
  )
}

const tick = (driver: Driver, atMs: number): readonly string[] => sentBy(driver.tick?.(atMs) ?? [])

const live = (
  fields: Partial<Record<'state' | 'wave' | 'bars' | 'rate' | 'spo2' | 'perfusion', number>>,
): Uint8Array => {
  const { state = 5, wave = 20, bars = 3, rate = 70, spo2 = 97, perfusion = 250 } = fields
  return encodeV7(0x01, [state, wave, bars, rate, spo2, perfusion & 0xff, perfusion >>> 8])
}

describe('the conversation with a Contec oximeter', () => {
  it('asks who it is and starts the live stream when the line is opened', () => {
    const driver = contecV7.createDriver()
    const sent = sentBy(driver.receive({ kind: 'opened' }, 0))
    expect(sent).toEqual([command(0xaa), command(0xac), command(0xa1)])
    expect(driver.wakeAtMs).toBe(5000)
  })

  it('keeps a running stream alive every 5 s, and asks a silent one to start again', () => {
    const driver = contecV7.createDriver()
    driver.receive({ kind: 'opened' }, 0)
    driver.receive({ kind: 'bytes', bytes: live({}) }, 4900)
    expect(tick(driver, 4999)).toEqual([])
    expect(tick(driver, 5000)).toEqual([command(0xaf)])
    expect(tick(driver, 10_000)).toEqual([command(0xa1), command(0xaf)])
  })

  it('is not fooled by bytes that are no live packet', () => {
    const driver = contecV7.createDriver()
    driver.receive({ kind: 'opened' }, 0)
    driver.receive({ kind: 'bytes', bytes: new Uint8Array(90).fill(0x81) }, 4900)
    expect(tick(driver, 5000)).toEqual([command(0xa1), command(0xaf)])
  })

  it('says nothing on a closed line, and begins anew on the next one', () => {
    const driver = contecV7.createDriver()
    driver.receive({ kind: 'opened' }, 0)
    driver.receive({ kind: 'closed', reason: 'gone' }, 100)
    expect(driver.wakeAtMs).toBeUndefined()
    expect(tick(driver, 60_000)).toEqual([])
    expect(sentBy(driver.receive({ kind: 'opened' }, 61_000))).toHaveLength(3)
  })

  it.each([0xa2, 0xa6, 0xa7, 0xb0, 0xb1, 0xff])('can never send the command %i', (code) => {
    const bytes = Uint8Array.from(Buffer.from(command(code), 'hex'))
    expect(isPermitted({ kind: 'send', bytes }, contecV7.sends)).toBe(false)
  })

  it('a simulated device is silent until asked, and gives up when nobody keeps it alive', () => {
    const talker = createContecTalker({ seed: 1, serial: '0000000001' })
    expect(talker.wakeAtMs).toBeUndefined()
    talker.hear(Uint8Array.from(Buffer.from(command(0xa1), 'hex')), 0)
    expect(talker.wakeAtMs).toBe(100)
    expect(talker.tick?.(100)?.[0]).toHaveLength(6 * 9)
    expect(Array.from(talker.tick?.(11_000)?.[0] ?? []).at(0)).toBe(0x0d)
    expect(talker.wakeAtMs).toBeUndefined()
  })

  it('runs for ten minutes with one block of pleth and one reading a second', () => {
    const conversation = new Conversation(contecV7, createContecTalker({ seed: 1, serial: '0000000001' }), 0)
    conversation.open()
    conversation.show({ atS: 0, elapsedS: 0, row: { atS: 0, spo2: 97, pulseRate: 70 } })
    conversation.runTo(600_000)
    const count = (kind: string): number =>
      conversation.heard.filter(({ output }) => output.kind === kind).length
    expect(count('discarded')).toBe(0)
    expect(count('waveform')).toBe(600)
    expect(count('observation')).toBe(600)
    expect(conversation.sent).toHaveLength(3 + 120)
  })
})

describe('a packet of V7.0', () => {
  it('carries every number there is', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(127), fc.nat(0xffff), (rate, spo2, perfusion) => {
        const lines = decodeChunks(contecV7, [live({ rate, spo2, perfusion })])
        const isPossible = (spo2 <= 100 || spo2 === 127) && (perfusion <= 10_000 || perfusion === 0xffff)
        const values = lines.filter(({ kind }) => kind === 'numeric').map((line) => line['value'])
        const expected = [
          rate === 255 ? null : rate,
          spo2 === 127 ? null : spo2,
          perfusion === 0xffff ? null : perfusion / 100,
        ]
        expect(values).toEqual(isPossible ? expected : [])
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  it('is lost with any of its bytes, and the next one is not', () => {
    const next = withoutDiscards(decodeChunks(contecV7, [live({ rate: 80 })]))
    for (let at = 0; at < 9; at += 1) {
      const cut = Buffer.concat([live({}).subarray(0, at), live({}).subarray(at + 1)])
      expect(withoutDiscards(decodeChunks(contecV7, [cut, live({ rate: 80 })]))).toEqual(next)
    }
  })
})

describe('a packet of the five-byte stream', () => {
  it('carries every number there is', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(127), fc.nat(127), (rate, spo2, pleth) => {
        const bytes = Uint8Array.of(0x84, pleth, (rate > 127 ? 0x40 : 0) | 0x03, rate & 0x7f, spo2)
        const lines = decodeChunks(contec5Byte, [bytes])
        const values = lines.filter(({ kind }) => kind === 'numeric').map((line) => line['value'])
        const isPossible = spo2 <= 100 || spo2 === 127
        const expected = [rate === 0 || rate === 255 ? null : rate, spo2 === 0 || spo2 === 127 ? null : spo2]
        expect(values).toEqual(isPossible ? expected : [])
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  it('is found on two lines: 4800 and 19200 baud, odd parity', () => {
    expect([contec5Byte.link, ...(contec5Byte.otherLines ?? [])]).toMatchObject([
      { baudRate: 4800, parity: 'odd' },
      { baudRate: 19_200, parity: 'odd' },
    ])
  })
})
