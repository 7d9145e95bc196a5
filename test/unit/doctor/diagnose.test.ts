import { describe, expect, it } from '@jest/globals'
import type { SerialLine } from '../../../devices/protocol.ts'
import { noninDf2 } from '../../../devices/nonin-df2.ts'
import { candidateLines, isSerialProtocol, type SerialProtocol } from '../../../gateway/doctor/candidates.ts'
import type { Conversation } from '../../../gateway/doctor/converse.ts'
import { diagnose } from '../../../gateway/doctor/diagnose.ts'
import type { Examination, Found } from '../../../gateway/doctor/examine.ts'
import { readCounters } from '../../../gateway/doctor/kernel-errors.ts'
import { lineDifference, lineText } from '../../../gateway/doctor/line-text.ts'

if (!isSerialProtocol(noninDf2)) throw new Error('nonin-df2 has a serial line')
const polled: SerialProtocol = {
  ...noninDf2,
  id: 'polled',
  silenceMs: 5000,
  sends: [{ kind: 'send', prefixHex: '05', maxBytes: 1, meaning: 'ask' }],
}

const conversation = (changes: Partial<Conversation>): Conversation => ({
  sentCount: 4,
  byteCount: 400,
  unitCount: 4,
  readingCount: 4,
  discardCount: 0,
  longestPauseMs: 1000,
  fault: undefined,
  ...changes,
})

const found = (watched: Conversation, by: Found['by'] = 'listening'): Examination => ({
  listenings: [],
  matches: [],
  asked: [],
  found: { protocol: polled, line: polled.link, by, watched },
})

const codes = (examination: Examination): readonly string[] => diagnose(examination).map(({ code }) => code)

describe('the diagnosis', () => {
  it('is empty when the device answers', () => {
    expect(codes(found(conversation({})))).toEqual([])
  })

  it('says that the device does not hear us when it talks and takes no answer', () => {
    const findings = diagnose(found(conversation({ readingCount: 0, unitCount: 3 })))
    expect(findings.map(({ code }) => code)).toEqual(['one-way'])
    expect(findings[0]?.text).toContain('it does not hear us')
    expect(findings[0]?.advice).toContain('pin 3')
  })

  it('says so of a device that only calls, and not of one that has answered before', () => {
    const unanswered = conversation({ readingCount: 0 })
    expect(codes(found(unanswered, 'calling'))).toEqual(['one-way'])
    expect(codes(found(unanswered, 'asking'))).toEqual([])
  })

  it('misses the sign of life when the line is silent for longer than a live device ever is', () => {
    const findings = diagnose(found(conversation({ longestPauseMs: 5001 })))
    expect(findings.map(({ code }) => code)).toEqual(['life-sign-missing'])
    expect(findings[0]?.text).toContain('5.0 s')
    expect(codes(found(conversation({ longestPauseMs: 5000 })))).toEqual([])
  })

  it.each(['no-such-port', 'not-a-port', 'no-permission', 'busy', 'unplugged', 'anything'])(
    'gives nothing but the fault of the port itself: %s',
    (fault) => {
      const findings = diagnose({ fault, listenings: [], matches: [], asked: [] })
      expect(findings).toHaveLength(1)
      expect(findings[0]?.code).toBe('port-fault')
      expect(findings[0]?.text).toContain(fault)
    },
  )

  it('names what was asked in vain on a silent line', () => {
    const answer = conversation({ byteCount: 0, unitCount: 0, readingCount: 0 })
    const silent: Examination = {
      listenings: [],
      matches: [],
      asked: [{ protocol: polled, line: polled.link, answer }],
    }
    const [finding] = diagnose(silent)
    expect(finding?.code).toBe('silent')
    expect(finding?.text).toContain('polled')
  })
})

describe('the candidates', () => {
  const odd: SerialLine = { ...polled.link, baudRate: 31_250, parity: 'odd' }

  it('begin with what the configuration says, and name each setting once', () => {
    const lines = candidateLines([polled, polled], [odd]).map(lineText)
    expect(lines[0]).toBe('31250 8O1')
    expect(lines[1]).toBe('9600 8N1')
    expect(new Set(lines).size).toBe(lines.length)
  })

  it('hold the settings that a protocol is found with besides before those of no protocol', () => {
    const lines = candidateLines([{ ...polled, otherLines: [odd] }]).map(lineText)
    expect(lines.slice(0, 2)).toEqual(['9600 8N1', '31250 8O1'])
  })

  it('differ in what has to be written into the configuration', () => {
    expect(lineDifference(odd, polled.link)).toEqual(['baudRate: 31250', 'parity: odd'])
    expect(lineDifference(polled.link, polled.link)).toEqual([])
  })
})

describe('the counters of the kernel', () => {
  const text = [
    'serinfo:1.0 driver revision:',
    '0: uart:16550A port:000003F8 irq:4 tx:11 rx:532 fe:3 pe:12 RTS|DTR',
    '1: uart:16550A port:000002F8 irq:3 tx:0 rx:0',
  ].join('\n')

  it('are read for the port in question, and are 0 where the line does not name them', () => {
    expect(readCounters(text, '0')).toEqual({ framing: 3, parity: 12 })
    expect(readCounters(text, '1')).toEqual({ framing: 0, parity: 0 })
  })

  it('are unknown for a port that is not listed', () => {
    expect(readCounters(text, '7')).toBeUndefined()
  })
})
