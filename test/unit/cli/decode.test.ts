import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { type DecodeRequest, runDecode } from '../../../cli/decode.ts'
import { errorCode, errorMessage } from '../../../gateway/errors.ts'
import { df2Packet } from '../../support/nonin-frames.ts'
import { tempDir } from '../../support/temp-dir.ts'

interface Run {
  readonly text: string
  readonly lines: readonly unknown[]
}

class Sink extends Writable {
  text = ''
  longestQueueBytes = 0

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.longestQueueBytes = Math.max(this.longestQueueBytes, this.writableLength)
    this.text += chunk.toString()
    setImmediate(done)
  }
}

async function decode(request: DecodeRequest, input: Iterable<Uint8Array | string> = []): Promise<Run> {
  const sink = new Sink()
  const chunks = [...input].map((chunk) => Buffer.from(chunk))
  await runDecode(request, Readable.from(chunks, { objectMode: false }), sink)
  sink.end()
  const lines = sink.text.split('\n').slice(0, -1)
  return { text: sink.text, lines: lines.map((line) => JSON.parse(line) as unknown) }
}

async function refusal(request: DecodeRequest, input: Iterable<string> = []): Promise<string> {
  const sink = new Sink()
  try {
    await runDecode(request, Readable.from([...input].map((text) => Buffer.from(text))), sink)
  } catch (error) {
    expect(errorCode(error)).toBe('WG_USAGE')
    expect(sink.text).toBe('')
    return errorMessage(error)
  }
  throw new Error(`decoded without complaint: ${sink.text}`)
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

let folder: ReturnType<typeof tempDir>
beforeEach(() => {
  folder = tempDir()
})
afterEach(() => {
  folder.remove()
})

describe('wardgate decode of a stream', () => {
  it('prints one JSON object a line with exactly the keys of the contract', async () => {
    const { text } = await decode({ protocol: 'nonin-df2' }, [df2Packet()])
    expect(text.split('\n').slice(0, 3)).toEqual([
      '{"kind":"numeric","mdc":149530,"ref":"MDC_PULS_OXIM_PULS_RATE","value":72,"unit":"/min","loinc":"8889-8","q":"valid"}',
      '{"kind":"numeric","mdc":150456,"ref":"MDC_PULS_OXIM_SAT_O2","value":97,"unit":"%","loinc":"59408-5","q":"valid"}',
      '{"kind":"text","ref":"firmware_revision","value":0}',
    ])
  })

  it('takes hex with white space anywhere within a line, and all lines as one stream', async () => {
    const hex = hexOf(df2Packet()).toUpperCase()
    const text = `\n ${hex.slice(0, 31)} \t${hex.slice(31, 34)}\r\n\n${hex.slice(34)}`
    const plain = await decode({ protocol: 'nonin-df2' }, [df2Packet()])
    expect(await decode({ protocol: 'nonin-df2', hex: true }, [text])).toEqual(plain)
  })

  it('reads a file as it reads standard input', async () => {
    const file = join(folder.path, 'capture.bin')
    writeFileSync(file, df2Packet())
    const plain = await decode({ protocol: 'nonin-df2', file: '-' }, [df2Packet()])
    expect(await decode({ protocol: 'nonin-df2', file })).toEqual(plain)
  })

  it('is content when all of the input was discarded, and when there was none', async () => {
    expect((await decode({ protocol: 'nonin-df7' }, ['garbage'])).lines).toEqual([
      { kind: 'discarded', reason: 'noise', bytes: '676172' },
      { kind: 'discarded', reason: 'truncated', bytes: '62616765' },
    ])
    expect((await decode({ protocol: 'nonin-df7' })).lines).toEqual([])
  })

  it('says that trend records are history', async () => {
    const line = '09/21/08 09:56:12 SpO2=097 PR=069 PI=04.69 EXC=800:SET\r\n'
    const { lines } = await decode({ protocol: 'masimo-trend' }, [line])
    expect(lines[0]).toMatchObject({ kind: 'numeric', value: 97, history: true })
    expect(lines).toContainEqual({ kind: 'text', ref: 'device_time', value: '2008-09-21T09:56:12' })
  })

  it('waits for a slow reader instead of queueing the capture', async () => {
    const sink = new Sink({ highWaterMark: 1 })
    const chunks = Array.from({ length: 200 }, () => Buffer.from(df2Packet()))
    await runDecode({ protocol: 'nonin-df2' }, Readable.from(chunks), sink)
    expect(sink.text.split('\n')).toHaveLength(200 * 7 + 1)
    expect(sink.longestQueueBytes).toBeLessThan(2 * (sink.text.length / 200))
  })
})

describe('wardgate decode of a value', () => {
  it('prints a characteristic under its UUID, in either case', async () => {
    const value = { heartRate: 72, contact: 'not-supported', rr1024: [812] }
    const line = { kind: 'characteristic', uuid: '2A37', value }
    expect((await decode({ protocol: 'gatt:2a37', hex: true }, ['10482c03\n'])).lines).toEqual([line])
    expect((await decode({ protocol: 'gatt:2A37' }, [Buffer.from('10482c03', 'hex')])).lines).toEqual([line])
  })

  it('takes one value a line', async () => {
    const { lines } = await decode({ protocol: 'gatt:2A37', hex: true }, ['10 48 2c 03\n\n0048\n'])
    expect(lines).toMatchObject([{ value: { heartRate: 72 } }, { value: { heartRate: 72 } }])
  })

  it('takes an empty input for a value of no bytes', async () => {
    for (const input of [[], ['\n']])
      expect((await decode({ protocol: 'gatt:2A37', hex: true }, input)).lines).toEqual([
        { kind: 'discarded', reason: 'truncated', bytes: '' },
      ])
  })

  it('discards with the reason and the bytes', async () => {
    const request = { protocol: 'gatt:2B20', hex: true, context: '{"e2e":true,"lastCounter":255}' }
    expect((await decode(request, ['400002571c'])).lines).toEqual([
      { kind: 'discarded', reason: 'bad-counter', bytes: '400002571c' },
    ])
    expect((await decode({ protocol: 'gatt:FFFF', hex: true }, ['00'])).lines).toEqual([
      { kind: 'discarded', reason: 'unsupported', bytes: '00' },
    ])
  })

  it('prints a PDU of the attribute protocol', async () => {
    const { lines } = await decode({ protocol: 'att', hex: true }, ['03b800'])
    expect(lines).toEqual([{ kind: 'pdu', value: { pdu: 'exchange-mtu-response', opcode: 3, mtu: 184 } }])
  })

  it('agrees with every ATT and GATT vector whether it is refused, and why', async () => {
    for (const name of ['att/att', 'gatt/heart_rate', 'gatt/insulin_delivery', 'gatt/cgm']) {
      for (const { uuid, hex, context, expected } of vectorsIn(name)) {
        const { lines } = await decode(
          {
            protocol: uuid === null ? 'att' : `gatt:${uuid}`,
            hex: true,
            ...(context === undefined ? {} : { context: JSON.stringify(context) }),
          },
          [hex],
        )
        const refused = expected['error'] !== undefined && expected['pdu'] === undefined
        expect(lines).toMatchObject([
          refused ? { kind: 'discarded', reason: expected['error'], bytes: hex } : { value: {} },
        ])
      }
    }
  })
})

interface Vector {
  readonly uuid: string | null
  readonly hex: string
  readonly context?: unknown
  readonly expected: Readonly<Record<string, unknown>>
}

function vectorsIn(name: string): readonly Vector[] {
  const file = new URL(`../../vectors/${name}.json`, import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly vectors: readonly Vector[] }).vectors
}

describe('wardgate decode refuses before it prints anything', () => {
  it('an unknown protocol, naming those it knows', async () => {
    expect(await refusal({ protocol: 'nonin-df9' })).toMatch(/'nonin-df9'.*nonin-df2.*gatt:<UUID> and att/)
  })

  it.each(['gatt:', 'gatt:2A3', 'gatt:2A37 ', 'gatt:heart'])('%j as a characteristic', async (protocol) => {
    expect(await refusal({ protocol })).toMatch(/four hex digits/)
  })

  it.each([
    ['a digit that is not', ['01 80\n018x\n'], 'standard input:2:4:'],
    ['a digit that is not, after good packets', [`${hexOf(df2Packet())}\nzz`], 'standard input:2:1:'],
    ['half a byte', ['01 80 0 \n'], 'standard input:1:7:'],
    ['a byte that is no text', ['01\u00ff'], 'standard input:1:3:'],
  ])('hex with %s, at its line and column', async (_, input, place) => {
    expect(await refusal({ protocol: 'nonin-df2', hex: true }, input)).toContain(place)
    expect(await refusal({ protocol: 'gatt:2A37', hex: true }, input)).toContain(place)
  })

  it('a file that is not there, and a directory', async () => {
    const file = join(folder.path, 'none.bin')
    expect(await refusal({ protocol: 'nonin-df2', file })).toBe(`cannot read ${file}: there is no such file`)
    expect(await refusal({ protocol: 'gatt:2A37', file: folder.path, hex: true })).toMatch(
      /it is a directory/,
    )
  })

  it.each([
    ['{', /not JSON/],
    ['[]', /must be a JSON object/],
    ['null', /must be a JSON object/],
    ['{"e2e":"yes"}', /'e2e' must be true or false, not "yes"/],
    ['{"lastCounter":256}', /'lastCounter' must be an integer from 0 to 255/],
    ['{"crc":"x25"}', /'crc' must be/],
  ])('the context %s', async (context, message) => {
    expect(await refusal({ protocol: 'gatt:2AA9', context })).toMatch(message)
  })

  it('a context that no byte stream needs', async () => {
    expect(await refusal({ protocol: 'nonin-df2', context: '{}' })).toMatch(/--context is for gatt/)
  })
})
