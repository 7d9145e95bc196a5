import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { alarisAsena } from '../../../devices/alaris-asena.ts'
import { baxterAs50 } from '../../../devices/baxter-as50.ts'
import { crc16CcittFalse, crc16Xmodem } from '../../../devices/framing/crc16.ts'
import type { DeviceProtocol } from '../../../devices/protocol.ts'
import { isPermitted } from '../../../gateway/stages/permit-command.ts'
import { createAs50Pump } from '../../../simulators/as50-pump.ts'
import { createAsenaPump } from '../../../simulators/asena-pump.ts'
import { startTalk } from '../../support/talk.ts'

const asena = (text: string): Uint8Array => {
  const check = crc16CcittFalse(Buffer.from(text, 'latin1')).toString(16).toUpperCase().padStart(4, '0')
  return Buffer.from(`!${text}|${check}\r`, 'latin1')
}
const as50 = (text: string): Uint8Array => {
  const check = crc16Xmodem(Buffer.from(text, 'latin1'))
  return Buffer.concat([Buffer.from(text, 'latin1'), Buffer.of(check >>> 8, check & 0xff)])
}
const permits = (protocol: DeviceProtocol, bytes: Uint8Array): boolean =>
  isPermitted({ kind: 'send', bytes }, protocol.sends)

describe('what can be said to an Alaris Asena', () => {
  it('is three questions, byte for byte', () => {
    expect(alarisAsena.sends.map((rule) => (rule.kind === 'send' ? rule.prefixHex : ''))).toEqual([
      '21434f4d4d535f50524f544f434f4c7c453844410d',
      '21494e53545f53455249414c4e4f7c343537440d',
      '21494e467c343936310d',
    ])
  })

  it.each([
    'INF_START',
    'INF_STOP',
    'INF_RATE^12.0',
    'INF_RATE',
    'INF_VTBI',
    'INF_BOLUS',
    'REMOTE_CTRL',
    'REMOTE_CTRL^ENABLED',
    'INF^',
    'inf',
    'INF ',
    '',
  ])('is never %p', (command) => {
    expect(permits(alarisAsena, asena(command))).toBe(false)
  })

  it('is no question with anything before, behind or inside it', () => {
    const question = asena('INF')
    expect(permits(alarisAsena, question)).toBe(true)
    fc.assert(
      fc.property(fc.nat(question.length), fc.uint8Array({ minLength: 1, maxLength: 30 }), (at, extra) => {
        const bytes = Buffer.concat([question.subarray(0, at), extra, question.subarray(at)])
        expect(permits(alarisAsena, bytes)).toBe(false)
      }),
      { seed: 20_260_920, numRuns: 300 },
    )
    for (let size = 0; size < question.length; size += 1)
      expect(permits(alarisAsena, question.subarray(0, size))).toBe(false)
  })
})

describe('what can be said to a Baxter AS50', () => {
  it.each(['[DEV?]', '[PRIRATE?]', '[BOLRAT?]', '[BOLSIZ?]', '[LBOLUS?]', '[STATUS?]'])(
    'is %s',
    (question) => {
      expect(permits(baxterAs50, as50(question))).toBe(true)
    },
  )

  it.each([
    '[PRIRATE=5]',
    '[BOLRAT=5]',
    '[BOLSIZ=1]',
    '[START]',
    '[STOP]',
    '[EXIT]',
    '[RESEND]',
    '[REMOTE]',
    '[PRIRATE?=5]',
    '[]',
  ])('is never %s', (command) => {
    expect(permits(baxterAs50, as50(command))).toBe(false)
  })

  it('is no question with a wrong check, or two of them', () => {
    const question = as50('[DEV?]')
    expect(
      permits(
        baxterAs50,
        Uint8Array.from(question, (byte, index) => (index === 7 ? byte ^ 1 : byte)),
      ),
    ).toBe(false)
    expect(permits(baxterAs50, Buffer.concat([question, question]))).toBe(false)
  })
})

describe('the conversation with a syringe pump', () => {
  it('asks an Asena for its protocol and serial number once, then for its status every 2.5 s', () => {
    const talk = startTalk(alarisAsena, createAsenaPump({ seed: 1, serial: '0000000042' }))
    talk.open()
    talk.run(20_000)
    const words = talk.said.map((hex) => Buffer.from(hex, 'hex').toString().slice(1, -6))
    expect(words.slice(0, 4)).toEqual(['COMMS_PROTOCOL', 'INST_SERIALNO', 'INF', 'INF'])
    expect(words).toHaveLength(8)
    expect(talk.outputs.filter(({ kind }) => kind === 'discarded')).toEqual([])
    expect(talk.outputs.filter(({ kind }) => kind === 'observation')).toHaveLength(6)
    expect(talk.outputs).toContainEqual({
      kind: 'text',
      name: 'serial',
      value: '0000000042',
      isIdentity: true,
    })
    talk.close()
    talk.run(10_000)
    expect(talk.said).toHaveLength(8)
  })

  it('asks an AS50 and hands on its answers as written', () => {
    const talk = startTalk(baxterAs50, createAs50Pump())
    talk.open()
    talk.run(30_000)
    expect(talk.outputs.filter(({ kind }) => kind === 'discarded')).toEqual([])
    expect(talk.outputs).toContainEqual({ kind: 'text', name: 'PRIRATE', value: '7.5' })
    expect(talk.outputs.every(({ kind }) => kind === 'text')).toBe(true)
  })

  it('is refused by the pumps for commands and for wrong checks', () => {
    const syringe = createAsenaPump({ seed: 1, serial: '1' })
    expect(syringe.hear(asena('INF_START'), 0)).toEqual([])
    expect(syringe.hear(Buffer.from('!INF|0000\r'), 0)).toEqual([])
    expect(syringe.hear(asena('INF'), 0)).toHaveLength(1)
    const baxter = createAs50Pump()
    expect(Buffer.from(baxter.hear(as50('[PRIRATE=99]'), 0)[0] ?? []).toString('latin1')).toMatch(
      /^\[REJECT\]/,
    )
    expect(baxter.hear(Buffer.from('[DEV?]\0\0'), 0)).toEqual([])
  })
})
