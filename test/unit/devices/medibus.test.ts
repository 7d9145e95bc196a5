import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { CODE } from '../../../devices/medibus/codes.ts'
import { decodeWhole, encodeMessage } from '../../../devices/medibus/message.ts'
import { medibus } from '../../../devices/medibus.ts'
import type { Driver, DriverOutput } from '../../../devices/protocol.ts'
import { isPermitted } from '../../../gateway/stages/permit-command.ts'

const SEED = 20_260_920

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex')

const command = (code: number, data = ''): Uint8Array => encodeMessage({ kind: 'command', code, data })
const answer = (code: number, data = ''): Uint8Array => encodeMessage({ kind: 'response', code, data })

function sentBy(outputs: readonly DriverOutput[]): readonly string[] {
  return outputs.flatMap((output) =>
    output.kind === 'send' ? [Buffer.from(output.bytes).toString('hex')] : [],
  )
}

const hexOf = (message: Uint8Array): string => Buffer.from(message).toString('hex')

const hear = (driver: Driver, message: Uint8Array, atMs: number): readonly string[] =>
  sentBy(driver.receive({ kind: 'bytes', bytes: message }, atMs))

/** A driver that was answered at 0 and asks its first question at 200. */
function linked(): Driver {
  const driver = medibus.createDriver()
  driver.receive({ kind: 'opened' }, 0)
  hear(driver, answer(CODE.icc), 0)
  expect(sentBy(driver.tick?.(200) ?? [])).toEqual([hexOf(command(CODE.deviceId))])
  return driver
}

describe('the conversation of MEDIBUS', () => {
  it('calls every three seconds until the device answers', () => {
    const driver = medibus.createDriver()
    expect(sentBy(driver.receive({ kind: 'opened' }, 0))).toEqual(['1b5136430d'])
    expect(sentBy(driver.tick?.(2999) ?? [])).toEqual([])
    expect(sentBy(driver.tick?.(3000) ?? [])).toEqual(['1b5136430d'])
  })

  it('answers a call and the question who is there, and waits 200 ms before its own questions', () => {
    const driver = medibus.createDriver()
    driver.receive({ kind: 'opened' }, 0)
    expect(hear(driver, command(CODE.icc), 1000)).toEqual([hexOf(answer(CODE.icc))])
    const [id = ''] = hear(driver, command(CODE.deviceId), 1100)
    expect(decodeWhole(bytes(id))).toMatchObject({ kind: 'response', data: "0161'wardgate'01.00:03.00" })
    expect(sentBy(driver.tick?.(1299) ?? [])).toEqual([])
    expect(sentBy(driver.tick?.(1300) ?? [])).toEqual([hexOf(command(CODE.deviceId))])
  })

  it('asks one question at a time', () => {
    const driver = linked()
    expect(sentBy(driver.tick?.(300) ?? [])).toEqual([])
    expect(hear(driver, answer(CODE.deviceId), 400)).toEqual([hexOf(command(CODE.measured1))])
    // An answer to another question does not release the next one.
    expect(hear(driver, answer(CODE.settings), 500)).toEqual([])
  })

  it('answers each command of the device, also one that it does not know', () => {
    const driver = linked()
    for (const code of [0x30, 0x24, 0x49, 0x4a, 0x56, 0x6a])
      expect(hear(driver, command(code, 'xyz'), 300)).toEqual([hexOf(answer(code))])
  })

  it('refuses a command whose sum is wrong', () => {
    expect(hear(linked(), bytes('1b 30 34 43 0d'), 300)).toEqual(['011531360d'])
  })

  it('keeps the line alive while it waits for an answer', () => {
    const driver = linked()
    // The device is busy with a long answer.
    hear(driver, bytes('01 52'), 2000)
    expect(sentBy(driver.tick?.(2200) ?? [])).toEqual([hexOf(command(CODE.nop))])
  })

  it('calls again after three seconds of silence, whatever the curves do', () => {
    const driver = linked()
    hear(driver, bytes('d3 91 81 8d 83'), 3100)
    expect(sentBy(driver.tick?.(3200) ?? [])).toEqual(['1b5136430d'])
  })

  it('repeats a question three times, ten seconds apart, and then calls again', () => {
    const driver = linked()
    const sent: string[] = []
    for (let atMs = 1000; atMs <= 45_000; atMs += 500) {
      sent.push(...hear(driver, answer(CODE.nop), atMs), ...sentBy(driver.tick?.(atMs) ?? []))
    }
    const nop = hexOf(command(CODE.nop))
    expect(sent.filter((hex) => hex !== nop).slice(0, 4)).toEqual([
      ...Array.from({ length: 3 }, () => hexOf(command(CODE.deviceId))),
      '1b5136430d',
    ])
  })

  it('asks no more what was refused four times', () => {
    const driver = linked()
    let sent = hear(driver, bytes('011531360d'), 300)
    for (let refusal = 0; refusal < 2; refusal += 1) {
      expect(sent).toEqual([hexOf(command(CODE.deviceId))])
      sent = hear(driver, bytes('011531360d'), 400)
    }
    expect(sent).toEqual([hexOf(command(CODE.deviceId))])
    expect(hear(driver, bytes('011531360d'), 500)).toEqual([hexOf(command(CODE.measured1))])
  })

  it('is silent while it is suspended, for three seconds at most', () => {
    const driver = linked()
    hear(driver, bytes('11'), 300)
    expect(hear(driver, answer(CODE.deviceId), 400)).toEqual([])
    expect(hear(driver, bytes('13'), 500)).toEqual([])
    expect(sentBy(driver.tick?.(500) ?? [])).toEqual([hexOf(command(CODE.measured1))])
  })

  it('says nothing more when the device stops the link, until it is called', () => {
    const driver = linked()
    expect(hear(driver, command(CODE.stop), 300)).toEqual([hexOf(answer(CODE.stop))])
    expect(sentBy(driver.tick?.(1000) ?? [])).toEqual([])
    expect(hear(driver, command(CODE.icc), 1500)).toEqual([hexOf(answer(CODE.icc))])
  })
})

describe('what MEDIBUS may send', () => {
  const permitted = (message: Uint8Array): boolean =>
    isPermitted({ kind: 'send', bytes: message }, medibus.sends)

  it.each([
    ['stop', command(CODE.stop)],
    ['a configuration of the data response', command(CODE.configureData, '0178')],
    ['the announcement of another time', command(CODE.timeChanged)],
    ['a device specific command', command(0x6a, '0')],
    ['a question with an argument', command(CODE.settings, '0440.0')],
    ['an answer with data', answer(CODE.measured1, 'EB 98 ')],
    ['an answer with another behind it', Uint8Array.from([...answer(0x30), ...command(CODE.stop)])],
    ['curves that it does not want', command(CODE.realtimeConfigure, '2001')],
    ['another multiplier', command(CODE.realtimeConfigure, '0002')],
    ['five curves', command(CODE.realtimeConfigure, '00010101060107010801')],
    ['no curves', command(CODE.realtimeConfigure)],
    ['an answer to a control character', bytes('01 1b 31 43 0d')],
    ['a sum that is wrong', bytes('01 30 30 30 0d')],
    ['curves of the second four', bytes('d0 c2 c3 c0 c0')],
  ])('is not %s', (_, message) => {
    expect(permitted(message)).toBe(false)
  })

  it('is never exceeded, whatever the device says', () => {
    const said = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .record({
          kind: fc.constantFrom('command' as const, 'response' as const),
          code: fc.nat(0x7f),
          data: fc.string({ maxLength: 40 }),
        })
        .map(encodeMessage),
      fc.constantFrom(answer(CODE.icc), command(CODE.icc), command(CODE.deviceId)),
      fc.constant(answer(CODE.realtimeRequest, '00   16000-  10  10037001   16000- 200  2003E8')),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(said, fc.nat(4000)), { maxLength: 60 }), (steps) => {
        const driver = medibus.createDriver()
        const outputs = [...driver.receive({ kind: 'opened' }, 0)]
        let atMs = 0
        for (const [message, pauseMs] of steps) {
          atMs += pauseMs
          outputs.push(...driver.receive({ kind: 'bytes', bytes: message }, atMs))
          outputs.push(...(driver.tick?.(atMs) ?? []))
        }
        for (const output of outputs)
          if (output.kind === 'send') expect(isPermitted(output, medibus.sends)).toBe(true)
      }),
      { seed: SEED, numRuns: 150 },
    )
  })
})

describe('messages of MEDIBUS', () => {
  it('come back as they were written', () => {
    const text = fc.stringMatching(/^[\x20-\x7e]{0,60}$/)
    fc.assert(
      fc.property(
        fc.constantFrom('command' as const, 'response' as const),
        fc.integer({ min: 0x20, max: 0x7e }),
        text,
        (kind, code, data) => {
          expect(decodeWhole(encodeMessage({ kind, code, data }))).toEqual({ kind, code, data })
        },
      ),
      { seed: SEED, numRuns: 200 },
    )
  })
})
