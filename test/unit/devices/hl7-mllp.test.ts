import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { decodedLines } from '../../../cli/decoded-line.ts'
import { hl7Mllp } from '../../../devices/hl7-mllp.ts'
import type { Driver, DriverOutput } from '../../../devices/protocol.ts'
import { isPermitted } from '../../../gateway/stages/permit-command.ts'
import { decodeChunks } from '../../support/stream-vectors.ts'

const SEED = 20_260_920
const NOW_MS = Date.parse('2026-03-01T12:00:00Z')

interface Head {
  readonly type?: string
  readonly id?: string
  readonly processing?: string
  readonly acks?: string
  readonly charset?: string
}

const PATIENT = ['PID|||P-4711^^^H^MR||Winterstein^Idalina^^^^^L||19700101|F', 'PV1||I|ICU^2^B03']
const OBR = 'OBR|1|||182777000^monitoring of patient^SCT|||20260301120000+0000'
const HEART_RATE = 'OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1.1.1.1|72|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R'

function message(head: Head = {}, lines: readonly string[] = [...PATIENT, OBR, HEART_RATE]): Uint8Array {
  const {
    type = 'ORU^R01^ORU_R01',
    id = '77',
    processing = 'P',
    acks = 'AL|NE',
    charset = 'UNICODE UTF-8',
  } = head
  const msh = `MSH|^~\\&|GW^1^EUI-64|X|||20260301120000+0000||${type}|${id}|${processing}|2.6|||${acks}||${charset}`
  return Buffer.concat([Buffer.of(0x0b), Buffer.from([msh, ...lines, ''].join('\r')), Buffer.of(0x1c, 0x0d)])
}

const hear = (driver: Driver, bytes: Uint8Array, atMs = NOW_MS): readonly DriverOutput[] =>
  driver.receive({ kind: 'bytes', bytes }, atMs)
const acksOf = (outputs: readonly DriverOutput[]): readonly string[] =>
  outputs.flatMap((output) => (output.kind === 'send' ? [Buffer.from(output.bytes).toString('latin1')] : []))
const msaOf = (bytes: Uint8Array): readonly (string | undefined)[] =>
  acksOf(hear(hl7Mllp.createDriver(), bytes)).map((ack) => /\rMSA\|([^\r]*)\r/.exec(ack)?.[1])
const ack = (msa: string, msh = '|WARDGATE||GW|X|20260301120000+0000||ACK^R01^ACK|WG1|P|2.6'): Uint8Array =>
  Buffer.from(`\x0bMSH|^~\\&${msh}\rMSA|${msa}\r\x1c\r`, 'latin1')
const permits = (bytes: Uint8Array): boolean => isPermitted({ kind: 'send', bytes }, hl7Mllp.sends)

describe('the acknowledgement of HL7', () => {
  it.each([
    ['enhanced mode', { acks: 'AL|NE' }, ['CA|77']],
    ['original mode', { acks: '|' }, ['AA|77']],
    ['no acknowledgement wanted', { acks: 'NE|NE' }, []],
    ['wanted on error only', { acks: 'ER|NE' }, []],
    ['wanted on success only', { acks: 'SU|NE' }, ['CA|77']],
    ['the application is asked', { acks: '|AL' }, ['AA|77']],
    ['a message of a training, understood and not used', { processing: 'T' }, ['CA|77']],
    ['another kind of message', { type: 'ADT^A01^ADT_A01' }, ['CR|77']],
    ['another kind of message in original mode', { type: 'ADT^A01', acks: '|' }, ['AR|77']],
    ['a report that is none of ours', { type: 'ORU^R30^ORU_R30' }, ['CR|77']],
    ['no processing id', { processing: '' }, ['CE|77']],
    ['an error where only errors are wanted', { processing: 'X', acks: 'ER|NE' }, ['CE|77']],
    ['no control id', { id: '' }, []],
    ['a control id that is no printable ASCII', { id: 'a\u00e9' }, []],
    ['a control id of 200 characters', { id: 'x'.repeat(200) }, []],
    ['a control id with an escape', { id: 'a\\F\\b' }, ['CA|a\\F\\b']],
    ['an acknowledgement', { type: 'ACK^R01^ACK' }, []],
  ])('%s', (_, head, expected) => {
    expect(msaOf(message(head))).toEqual(expected)
  })

  it('never says accepted of what was not understood', () => {
    expect(msaOf(message({}, [...PATIENT, OBR, 'rest of a torn line']))).toEqual(['CE|77'])
    expect(msaOf(message({ charset: 'GB 18030-2000' }, ['OBX|1|ST|1^a^L|1|\u00e9']))).toEqual(['CE|77'])
    expect(
      msaOf(
        message(
          {},
          Array.from({ length: 5000 }, () => 'NTE|1'),
        ),
      ),
    ).toEqual(['CE|77'])
    expect(msaOf(Buffer.from('\x0bMSH|\r\x1c\r'))).toEqual([])
    expect(msaOf(Buffer.from('\x0bPID|||4711\r\x1c\r'))).toEqual([])
  })

  it('comes after the readings, is permitted, and names nobody', () => {
    const outputs = hear(hl7Mllp.createDriver(), message())
    expect(outputs.map(({ kind }) => kind)).toEqual(['observation', 'send'])
    expect(acksOf(outputs)).toEqual([
      '\x0bMSH|^~\\&|WARDGATE||GW|X|20260301120000+0000||ACK^R01^ACK|WGMM7P6YO0|P|2.6\rMSA|CA|77\r\x1c\r',
    ])
    expect(outputs.flatMap((output) => (output.kind === 'send' ? [permits(output.bytes)] : []))).toEqual([
      true,
    ])
  })

  it('is all that can be sent', () => {
    expect(permits(ack('CA|77'))).toBe(true)
    const forbidden = [
      message(),
      ack('CA|77\rPID|||4711'),
      ack('CA|77\rOBX|1|ST|1^x|1|start'),
      ack('XX|77'),
      ack('CA|'),
      ack('CA|77|text'),
      ack('CA|77', '|WARDGATE||GW|X|20260301120000+0000||ORU^R01^ORU_R01|WG1|P|2.6'),
      ack('CA|77', '|WARDGATE||GW|X|20260301120000+0000||ACK^R01^ACK|WG1|P|2.6|||AL'),
      Buffer.concat([ack('CA|77'), ack('CA|78')]),
      ack('CA|77').subarray(0, -1),
      ack(`CA|${'x'.repeat(300)}`),
    ]
    for (const bytes of forbidden) expect(permits(bytes)).toBe(false)
  })

  it('is permitted whatever a sender calls itself and its message', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (id, type, version) => {
        const plain = (text: string): string => text.replaceAll(/\p{Cc}/gu, '')
        const bytes = message({
          id: plain(id),
          type: `ORU^R01^${plain(type)}`,
          acks: `AL|NE|${plain(version)}`,
        })
        for (const output of hear(hl7Mllp.createDriver(), bytes))
          if (output.kind === 'send') expect(permits(output.bytes)).toBe(true)
      }),
      { seed: SEED, numRuns: 300 },
    )
  })
})

describe('HL7 and the patient', () => {
  const NAMES = /winterstein|idalina|4711/i

  function everythingOf(outputs: readonly DriverOutput[]): string {
    const discarded = outputs.flatMap((output) =>
      output.kind === 'discarded' ? [Buffer.from(output.bytes).toString('latin1')] : [],
    )
    return [
      ...outputs.flatMap(decodedLines).map((line) => JSON.stringify(line)),
      ...discarded,
      ...acksOf(outputs),
    ].join()
  }

  it('no name and no id leaves the driver, whatever is cut, lost or inserted', () => {
    const traffic = Buffer.concat([message(), message({ processing: 'T' }), message({ type: 'ADT^A01' })])
    const edits = fc.array(
      fc.record({
        at: fc.nat(1200),
        remove: fc.nat(60),
        insert: fc.constantFrom('', '\r', '\x0b', '\x1c\r', '|', '^'),
      }),
      { maxLength: 5 },
    )
    fc.assert(
      fc.property(edits, (list) => {
        const bytes = list.reduce<Buffer>(
          (before, { at, remove, insert }) =>
            Buffer.concat([before.subarray(0, at), Buffer.from(insert), before.subarray(at + remove)]),
          traffic,
        )
        const driver = hl7Mllp.createDriver()
        const outputs = [
          ...hear(driver, bytes),
          ...driver.receive({ kind: 'closed', reason: 'test' }, NOW_MS),
        ]
        const said = everythingOf(outputs)
        // A line that was torn inside PV1 or OBX may hold the rest of any other; whole ones never do.
        if (list.every(({ remove }) => remove === 0)) expect(said).not.toMatch(NAMES)
        for (const output of outputs)
          if (output.kind === 'discarded') expect(everythingOf([output])).not.toMatch(NAMES)
      }),
      { seed: SEED, numRuns: 400 },
    )
  })

  it('the bed is taken from PV1 and never from PID', () => {
    const parts = decodeChunks(hl7Mllp, [message()]).map(({ part }) => part)
    expect(new Set(parts)).toEqual(new Set(['icu-2-b03']))
    expect(decodeChunks(hl7Mllp, [message({}, [PATIENT[0] ?? '', OBR, HEART_RATE])])[0]).not.toHaveProperty(
      'part',
    )
  })

  it('two beds whose names differ in a letter that a topic cannot hold are two parts', () => {
    const partOf = (bed: string): unknown =>
      decodeChunks(hl7Mllp, [message({}, [`PV1||I|ICU^^${bed}`, OBR, HEART_RATE])])[0]?.['part']
    expect(partOf('Bett \u00e4')).not.toBe(partOf('Bett \u00f6'))
    expect(partOf('x'.repeat(60))).not.toBe(partOf('x'.repeat(61)))
    for (const bed of ['Bett \u00e4', 'x'.repeat(60), '\u5e8a', '---', 'A/1'])
      expect(partOf(bed)).toMatch(/^[a-z0-9-]{1,32}$/)
  })
})

// Everything else may stand in a field, other control characters too.
const FRAME_SIGNS = new RegExp(`[${String.fromCharCode(0x0a, 0x0b, 0x0d, 0x1c)}|]`, 'gu')

describe('MLLP', () => {
  it('gives up a block that is not complete after ten seconds', () => {
    const driver = hl7Mllp.createDriver()
    hear(driver, message().subarray(0, 50))
    expect(driver.wakeAtMs).toBe(NOW_MS + 10_000)
    hear(driver, message().subarray(50, 60), NOW_MS + 9000)
    expect(driver.tick?.(NOW_MS + 9_999)).toEqual([])
    expect(driver.tick?.(NOW_MS + 10_000)).toMatchObject([{ kind: 'discarded', reason: 'truncated' }])
    expect(driver.wakeAtMs).toBeUndefined()
    expect(hear(driver, message()).map(({ kind }) => kind)).toEqual(['observation', 'send'])
  })

  it('drops a block above 256 kB as overflow, in the same way for any chunking, and reads the next one', () => {
    const long = Buffer.concat([Buffer.from('\x0bMSH|'), Buffer.alloc(300_000, 'A'), message()])
    const whole = decodeChunks(hl7Mllp, [long])
    const pieces = Array.from({ length: 40 }, (_, index) => long.subarray(index * 8000, (index + 1) * 8000))
    expect(decodeChunks(hl7Mllp, pieces)).toEqual(whole)
    expect(whole.filter(({ kind }) => kind === 'numeric')).toHaveLength(1)
    expect(whole[0]).toMatchObject({ reason: 'overflow' })
  })

  it.each([
    ['delimiters without end', '|^~\\&'.repeat(50_000)],
    ['repetitions without end', `OBX|1|NM|1^a^MDC|1.1.1.1|72|||${'~H'.repeat(100_000)}`],
    ['components without end', `OBX|1|NA|131330^x^MDC|1.1.1.1|${'1^'.repeat(120_000)}|`],
    ['segments without end', 'OBX|\r'.repeat(50_000)],
    ['escapes without end', `OBX|1|ST|1^a^L|1|${'\\X41\\'.repeat(50_000)}`],
    ['sub-ids without end', `OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|${'1.'.repeat(120_000)}|72`],
  ])('takes %s to their end and says little', (_, line) => {
    const lines = decodeChunks(hl7Mllp, [message({}, [line])])
    for (const { kind, value } of lines)
      if (kind === 'text') expect(String(value).length).toBeLessThanOrEqual(256)
  })

  it('lets no control character out in a text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (drug) => {
        const plain = drug.replaceAll(FRAME_SIGNS, '')
        const lines = decodeChunks(hl7Mllp, [
          message({}, [`OBX|1|ST|184514^MDC_DRUG_NAME_LABEL^MDC|1.1|${plain}`]),
        ])
        for (const { value } of lines)
          expect(String(value)).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u)
      }),
      { seed: SEED, numRuns: 300 },
    )
  })
})

describe('the lifetime of a reading of HL7', () => {
  it('is three times the interval of its bed, within bounds', () => {
    const driver = hl7Mllp.createDriver()
    const lifeAt = (afterMs: number): readonly (number | undefined)[] =>
      hear(driver, message(), NOW_MS + afterMs).flatMap((output) =>
        output.kind === 'observation' ? [output.ttlMs] : [],
      )
    expect([0, 1000, 61_000, 62_000, 3_662_000].map(lifeAt)).toEqual([
      [15_000],
      [15_000],
      [180_000],
      [15_000],
      [180_000],
    ])
  })
})

describe('alarms of HL7', () => {
  const alarm = (phase: string): Uint8Array =>
    message({ type: 'ORU^R40^ORU_R40' }, [
      ...PATIENT,
      OBR,
      'OBX|1|ST|196670^MDC_EVT_LO^MDC|1.3.1.150456.1|Low SpO2|||L~PH~SP|||F',
      `OBX|2|ST|68481^MDC_ATTR_EVENT_PHASE^MDC|1.3.1.150456.3|${phase}||||||F`,
    ])
  const alertsOf = (outputs: readonly DriverOutput[]) => outputs.filter(({ kind }) => kind === 'alert')

  it('that end after a reconnect are told as ended under the same code', () => {
    const driver = hl7Mllp.createDriver()
    const [begun] = alertsOf(hear(driver, alarm('start')))
    driver.receive({ kind: 'closed', reason: 'test' }, NOW_MS)
    driver.receive({ kind: 'opened' }, NOW_MS)
    expect(alertsOf(hear(driver, alarm('continue')))).toEqual([])
    const [ended] = alertsOf(hear(driver, alarm('end')))
    expect(begun).toMatchObject({ phase: 'present', priority: 'high', source: 'patient', part: 'icu-2-b03' })
    expect(ended).toMatchObject({ phase: 'ended', code: begun?.kind === 'alert' ? begun.code : '' })
  })

  it('have codes that fit a topic, whatever the sub-id', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9.a-z]{0,60}$/), (place) => {
        const bytes = message({ type: 'ORU^R40^ORU_R40' }, [
          `OBX|1|ST|196670^MDC_EVT_LO^MDC|${place}.1|Low|||PH|||F`,
        ])
        for (const output of hear(hl7Mllp.createDriver(), bytes))
          if (output.kind === 'alert') expect(output.code).toMatch(/^[a-z0-9-]{1,32}$/)
      }),
      { seed: SEED, numRuns: 200 },
    )
  })
})
