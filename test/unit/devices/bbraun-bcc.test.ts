import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { encodeBlock } from '../../../devices/bcc/encode-block.ts'
import { parseBlock } from '../../../devices/bcc/frame.ts'
import { stuffed, unstuffed } from '../../../devices/bcc/stuffing.ts'
import { bbraunBcc } from '../../../devices/bbraun-bcc.ts'
import type { DriverOutput } from '../../../devices/protocol.ts'
import { isPermitted } from '../../../gateway/stages/permit-command.ts'
import { createBccRack } from '../../../simulators/bcc-rack.ts'
import type { Talker } from '../../../simulators/talker.ts'
import { decodeChunks } from '../../support/stream-vectors.ts'
import { startTalk } from '../../support/talk.ts'

const SEED = 20_260_920
const NOW_MS = Date.parse('2026-03-01T12:00:00Z')

const block = (information: string, isLast = true, address = 'ICU7/1/1'): Uint8Array =>
  encodeBlock({ address, information, isLast, isStuffed: true })
const pump = (...entries: readonly string[]): string =>
  entries.map((entry) => `9,50111,${entry}`).join('\x1e')
const permits = (bytes: Uint8Array): boolean => isPermitted({ kind: 'send', bytes }, bbraunBcc.sends)
const sendsOf = (outputs: readonly DriverOutput[]): readonly string[] =>
  outputs.flatMap((output) => {
    if (output.kind !== 'send') return []
    return [parseBlock(output.bytes)?.information ?? Buffer.from(output.bytes).toString('hex')]
  })

describe('the blocks of BCC', () => {
  it('come back from stuffing as they were, read from left to right', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('D', 'E', 'd', 'e', 'X', 'x', 'a') }), (text) => {
        const bytes = Buffer.from(text)
        expect(Buffer.from(unstuffed(stuffed(bytes)) ?? []).toString()).toBe(text)
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  it('come back from their frame, stuffed or not', () => {
    fc.assert(
      fc.property(fc.string(), fc.boolean(), fc.boolean(), (text, isLast, isStuffed) => {
        const information = text.replaceAll(/[\p{Cc}>]/gu, '')
        const bytes = encodeBlock({ address: 'DEde/1/1', information, isLast, isStuffed })
        expect(parseBlock(bytes)).toMatchObject({ address: 'DEde/1/1', information, isLast })
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  it('are refused with any one byte changed', () => {
    const good = block(pump('INRT,5.0', 'INM3,1'))
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bad = Uint8Array.from(good, (byte, index) => (index === at ? byte ^ flip : byte))
        expect(decodeChunks(bbraunBcc, [bad]).filter(({ kind }) => kind === 'numeric')).toEqual([])
      }),
      { seed: SEED, numRuns: 400 },
    )
  })
})

describe('what can be asked of a BCC rack', () => {
  it('is the link, the version and the memory, with ACK and NAK', () => {
    for (const request of ['ADMIN:ALIVE', 'ADMIN:VERSION', 'MEM:GET']) {
      expect(permits(block(request))).toBe(true)
      expect(
        permits(encodeBlock({ address: '1/1/1', information: request, isLast: true, isStuffed: false })),
      ).toBe(true)
    }
    expect(permits(Uint8Array.of(0x06))).toBe(true)
    expect(permits(Uint8Array.of(0x15))).toBe(true)
  })

  it('is nothing else', () => {
    const good = block('MEM:GET')
    const forbidden = [
      ...['MEM:SET', 'MEM:GETSLOT#11', 'ADMIN:RESET', 'mem:get', 'MEM:GET ', '', '1,50111,INRT,9'].map(
        (word) => block(word),
      ),
      block('MEM:GET', false),
      block('MEM:GET', true, 'ICU\x1e7/1/1'),
      block('MEM:GET', true, 'x'.repeat(60)),
      Buffer.concat([good, good]),
      good.subarray(0, -1),
      Uint8Array.from(good, (byte, index) => (index === good.length - 2 ? byte ^ 1 : byte)),
      Uint8Array.of(0x06, 0x06),
      Uint8Array.of(0x05),
      new Uint8Array(),
    ]
    for (const bytes of forbidden) expect(permits(bytes)).toBe(false)
  })
})

describe('the conversation with a BCC rack', () => {
  it('greets, asks the version, and goes through all pumps again and again', () => {
    const talk = startTalk(bbraunBcc, createBccRack({ seed: 1, serial: '0000000001' }))
    talk.open()
    talk.run(20_000)
    expect(talk.outputs.filter(({ kind }) => kind === 'discarded')).toEqual([])
    const parts = talk.outputs.flatMap((output) => (output.kind === 'observation' ? [output.part] : []))
    expect(parts.slice(0, 6)).toEqual(['pump-11', 'pump-12', 'pump-21', 'pump-11', 'pump-12', 'pump-21'])
    expect(parts.length).toBeGreaterThan(30)
    const identities = talk.outputs.flatMap((output) =>
      output.kind === 'text' && output.isIdentity === true ? [`${output.part} ${String(output.value)}`] : [],
    )
    expect(new Set(identities)).toEqual(
      new Set(['pump-11 00000000011', 'pump-12 00000000012', 'pump-21 00000000013']),
    )
  })

  it('waits before ACK and before the next round, as the vendor asks', () => {
    const driver = bbraunBcc.createDriver()
    expect(sendsOf(driver.receive({ kind: 'opened' }, 0))).toEqual(['ADMIN:ALIVE'])
    driver.receive({ kind: 'bytes', bytes: block('5,50100,GNACK,0') }, 10)
    expect(sendsOf(driver.tick?.(1010) ?? [])).toEqual(['ADMIN:VERSION'])
    driver.receive({ kind: 'bytes', bytes: block('6,50100,V3.30') }, 1020)
    expect(sendsOf(driver.tick?.(2020) ?? [])).toEqual(['MEM:GET'])
    driver.receive({ kind: 'bytes', bytes: block(pump('INRT,5'), false) }, 3000)
    expect(driver.tick?.(3099)).toEqual([])
    expect(sendsOf(driver.tick?.(3100) ?? [])).toEqual(['06'])
    driver.receive({ kind: 'bytes', bytes: block(pump('INRT,5')) }, 3200)
    expect(driver.tick?.(3700)).toEqual([])
    expect(sendsOf(driver.tick?.(4200) ?? [])).toEqual(['MEM:GET'])
  })

  it('uses the bed id of the answer from then on, and the first one again after a time-out', () => {
    const heard: string[] = []
    const rack = createBccRack({ seed: 1, serial: '0000000001' })
    const talker: Talker = {
      ...rack,
      hear(bytes, atMs) {
        const request = parseBlock(bytes)
        if (request !== undefined) heard.push(`${request.address} ${request.information}`)
        return heard.length > 4 ? [] : rack.hear(bytes, atMs)
      },
    }
    const talk = startTalk(bbraunBcc, talker)
    talk.open()
    talk.run(15_000)
    const bed = 'SIM0000000001/1/1'
    expect(heard.slice(0, 3)).toEqual(['1/1/1 ADMIN:ALIVE', `${bed} ADMIN:VERSION`, `${bed} MEM:GET`])
    expect(heard.at(-1)).toBe('1/1/1 ADMIN:ALIVE')
  })

  it('asks for a damaged block again and loses nothing', () => {
    let count = 0
    const talk = startTalk(bbraunBcc, createBccRack({ seed: 1, serial: '0000000001' }), {
      toDriver: (bytes) => {
        count += 1
        return count % 5 === 0
          ? Uint8Array.from(bytes, (byte, index) => (index === 20 ? byte ^ 1 : byte))
          : bytes
      },
    })
    talk.open()
    talk.run(30_000)
    expect(talk.said).toContain('15')
    const parts = talk.outputs.flatMap((output) => (output.kind === 'observation' ? [output.part] : []))
    expect(new Set(parts)).toEqual(new Set(['pump-11', 'pump-12', 'pump-21']))
    expect(talk.outputs.some((output) => output.kind === 'discarded')).toBe(true)
  })

  it('acknowledges each block that comes unasked, and does not ask meanwhile', () => {
    const driver = bbraunBcc.createDriver()
    driver.receive({ kind: 'opened' }, NOW_MS)
    const said: string[] = []
    for (let atMs = NOW_MS; atMs < NOW_MS + 20_000; atMs += 100) {
      if (atMs % 5000 === 1000)
        driver.receive({ kind: 'bytes', bytes: block(pump('INRT,5', 'INM3,1')) }, atMs)
      if (driver.wakeAtMs !== undefined && atMs >= driver.wakeAtMs)
        said.push(...sendsOf(driver.tick?.(atMs) ?? []))
    }
    expect(said).toEqual(['06', '06', '06', '06'])
  })

  it('learns to stuff its requests when the rack calls them wrong', () => {
    const driver = bbraunBcc.createDriver()
    const [first] = driver.receive({ kind: 'opened' }, 0)
    const plain = encodeBlock({
      address: 'A/1/1',
      information: '1,50100,GNERR,68',
      isLast: true,
      isStuffed: false,
    })
    driver.receive({ kind: 'bytes', bytes: plain }, 10)
    const [second] = driver.tick?.(2000) ?? []
    expect([first, second].map((one) => one?.kind === 'send' && parseBlock(one.bytes)?.isStuffed)).toEqual([
      false,
      true,
    ])
  })

  it('ends the alarms of a pump that is missing from a whole round', () => {
    const driver = bbraunBcc.createDriver()
    const answer = (information: string, atMs: number): readonly DriverOutput[] => {
      driver.tick?.(atMs)
      return driver.receive({ kind: 'bytes', bytes: block(information) }, atMs)
    }
    driver.receive({ kind: 'opened' }, 0)
    answer('1,50100,GNACK,0', 10)
    answer('1,50100,V3.30', 1100)
    expect(answer(pump('INA3,1'), 2200)).toMatchObject([{ kind: 'alert', phase: 'present', part: 'pump-11' }])
    expect(answer('9,50112,INM3,0', 3300)).toMatchObject([
      { kind: 'text', part: 'pump-12' },
      { kind: 'alert', code: 'pressure', phase: 'ended', part: 'pump-11' },
    ])
  })

  it('tells an end that comes after a reconnect', () => {
    const driver = bbraunBcc.createDriver()
    driver.receive({ kind: 'bytes', bytes: block(pump('INA15,1')) }, 0)
    driver.receive({ kind: 'closed', reason: 'test' }, 0)
    driver.receive({ kind: 'opened' }, 0)
    expect(driver.receive({ kind: 'bytes', bytes: block(pump('INA15,0')) }, 0)).toMatchObject([
      { kind: 'alert', code: 'air', phase: 'ended' },
    ])
  })
})

describe('a simulated BCC rack', () => {
  it('refuses nonsense, wrong beds and unknown words', () => {
    const rack = createBccRack({ seed: 1, serial: '0000000001' })
    const bed = 'SIM0000000001/1/1'
    const informationOf = (bytes: Uint8Array): readonly string[] =>
      rack.hear(bytes, NOW_MS).map((one) => parseBlock(one)?.information ?? Buffer.from(one).toString('hex'))
    expect(informationOf(Buffer.from('noise'))).toEqual([])
    expect(informationOf(Buffer.from('\x01broken\x04'))).toEqual(['15'])
    expect(informationOf(block('MEM:GET', true, 'OTHER/1/1'))).toEqual(['0,50100,GNERR,811'])
    expect(informationOf(block('MEM:SET', true, bed))).toEqual(['0,50100,GNERR,68'])
    expect(informationOf(Uint8Array.of(0x06))).toEqual([])
  })
})
