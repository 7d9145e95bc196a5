import { afterEach, describe, expect, it, jest } from '@jest/globals'
import type { SerialLine } from '../../devices/protocol.ts'
import { PROTOCOLS, protocolById } from '../../devices/registry.ts'
import { systemClock } from '../../gateway/clock.ts'
import { isSerialProtocol, type SerialProtocol } from '../../gateway/doctor/candidates.ts'
import { diagnose, type Finding } from '../../gateway/doctor/diagnose.ts'
import { examineLine, type Examination, type Expectation } from '../../gateway/doctor/examine.ts'
import { lineText } from '../../gateway/doctor/line-text.ts'
import { createIvyEncoder } from '../../simulators/ivy-encoder.ts'
import { encodeMasimoLine } from '../../simulators/masimo-encoder.ts'
import { createNoninEncoder } from '../../simulators/nonin-encoder.ts'
import { seededRandom } from '../support/stream-vectors.ts'
import { openUartBench, type UartBench, type UartBenchOptions } from '../support/uart-bench.ts'

// A look ends when it has enough; the limits of time matter only where nothing comes.
const TIMES = {
  firstListenMs: 4_000,
  listenMs: 800,
  enoughBytes: 2_500,
  askMs: 300,
  watchMs: 300,
  settleMs: 20,
}
const SILENT = { ...TIMES, firstListenMs: 300 }
// Who speaks only when asked has tests of its own.
const TALKATIVE = PROTOCOLS.filter(isSerialProtocol).filter(({ sends }) => sends.length === 0)
const benches: UartBench[] = []

// A setting that nothing uses is found after every other has been tried.
jest.setTimeout(60_000)

afterEach(async () => {
  await Promise.all(benches.splice(0).map((bench) => bench.close()))
})

const line = (baudRate: number, parity: SerialLine['parity'] = 'none'): SerialLine => ({
  kind: 'serial',
  baudRate,
  dataBits: 8,
  parity,
  stopBits: 1,
  flowControl: 'none',
})

function serialProtocol(id: string): SerialProtocol {
  const protocol = protocolById(id)
  if (protocol === undefined || !isSerialProtocol(protocol)) throw new Error(`${id} is no serial protocol`)
  return protocol
}

const speakers: Readonly<Record<string, () => () => Uint8Array>> = {
  'nonin-df2': () => {
    const encoder = createNoninEncoder('df2', 3)
    return () => encoder.packet({ pulseRate: 72, spo2: 97 })
  },
  'nonin-df7': () => {
    const encoder = createNoninEncoder('df7', 3)
    return () => encoder.packet({ pulseRate: 72, spo2: 97 })
  },
  'masimo-ascii1': () => () =>
    encodeMasimoLine({
      reading: { spo2: 97, pulseRate: 72, perfusionIndexPct: 3.6 },
      deviceTimeMs: Date.UTC(2026, 8, 20, 10, 15),
      serial: '0000056661',
    }),
  'ivy-ansarb': () => {
    const encoder = createIvyEncoder(3)
    const reading = { heartRate: 72, respRate: 15, spo2: 97, pulseRate: 72 }
    return () => encoder.message({ ...reading, systolic: undefined, diastolic: undefined, mean: undefined })
  },
}

const WRONG_SETTINGS: readonly (readonly [string, SerialLine])[] = [
  ['another speed', line(19_200)],
  ['a speed that no other device here has', line(115_200)],
  ['even parity', line(9600, 'even')],
  ['odd parity', line(9600, 'odd')],
  ['another speed and parity', line(19_200, 'even')],
]

/** The whole matrix for a binary and a text protocol, one row for the others. */
function settingsFor(id: string): readonly (readonly [string, SerialLine])[] {
  return id === 'nonin-df2' || id === 'masimo-ascii1' ? WRONG_SETTINGS : WRONG_SETTINGS.slice(-1)
}

interface Result {
  readonly examination: Examination
  readonly findings: readonly Finding[]
  readonly bench: UartBench
}

async function examine(
  device: Partial<UartBenchOptions> & Pick<UartBenchOptions, 'line' | 'next'>,
  expected?: Expectation,
  times = TIMES,
): Promise<Result> {
  const bench = await openUartBench({ periodMs: 25, ...device })
  benches.push(bench)
  const examination = await examineLine({
    openLink: (settings) => bench.openLink(settings),
    lineErrors: () => bench.lineErrors(),
    protocols: TALKATIVE,
    ...(expected !== undefined && { expected }),
    manner: 'listen-only',
    clock: systemClock,
    times,
  })
  return { examination, findings: diagnose(examination, expected), bench }
}

const codes = (findings: readonly Finding[]): readonly string[] => findings.map(({ code }) => code)

describe.each(Object.keys(speakers))('the doctor at the line of a device that speaks %s', (id) => {
  const protocol = serialProtocol(id)
  const speak = speakers[id] ?? (() => () => Uint8Array.of())

  it('finds nothing wrong when everything is set as usual', async () => {
    const { examination, findings } = await examine({ line: protocol.link, next: speak() })
    expect(examination.found?.protocol.id).toBe(id)
    expect(findings).toEqual([])
  })

  it.each(settingsFor(id))('names the settings of a device that is set to %s', async (_, settings) => {
    const expected = { protocol, line: protocol.link }
    const { examination, findings } = await examine({ line: settings, next: speak() }, expected)
    expect(examination.found?.protocol.id).toBe(id)
    expect(examination.found === undefined ? '' : lineText(examination.found.line)).toBe(lineText(settings))
    expect(codes(findings)).toContain('wrong-settings')
    expect(findings[0]?.text).toContain(lineText(settings))
  })
})

describe('the doctor at a bad line', () => {
  const masimo = serialProtocol('masimo-ascii1')
  const nonin = serialProtocol('nonin-df2')
  const speak = (id: string): (() => Uint8Array) => speakers[id]?.() ?? (() => Uint8Array.of())

  it('says that the device speaks another protocol than the configuration', async () => {
    const expected = { protocol: masimo, line: masimo.link }
    const { findings } = await examine({ line: nonin.link, next: speak('nonin-df2') }, expected)
    expect(codes(findings)).toEqual(['other-protocol'])
    expect(findings[0]?.text).toContain('nonin-df2')
  })

  it('says that not one byte came, and that nothing was asked', async () => {
    const { findings, bench } = await examine(
      { line: nonin.link, next: () => Uint8Array.of() },
      undefined,
      SILENT,
    )
    expect(codes(findings)).toEqual(['silent'])
    expect(bench.heard).toEqual([])
  })

  it('says that nobody understands what comes', async () => {
    const random = seededRandom(11)
    const next = (): Uint8Array => Uint8Array.from({ length: 200 }, () => Math.floor(random() * 256))
    const { findings } = await examine({ line: nonin.link, next })
    expect(codes(findings)).toEqual(['not-understood'])
  })

  it('knows an open receive line by its one byte for ever', async () => {
    const { findings } = await examine({ line: nonin.link, next: () => new Uint8Array(200) })
    expect(codes(findings)).toEqual(['not-understood'])
    expect(findings[0]?.advice).toContain('same byte')
  })

  it('gives the rate of a line that damages one packet in four', async () => {
    let count = 0
    const packet = speak('nonin-df2')
    const next = (): Uint8Array => {
      const bytes = packet()
      count += 1
      if (count % 4 === 0) bytes[60] = (bytes[60] ?? 0) ^ 0x10
      return bytes
    }
    const { examination, findings } = await examine({ line: nonin.link, next })
    expect(examination.found?.protocol.id).toBe('nonin-df2')
    expect(codes(findings)).toContain('checksum-errors')
  })

  it('tells two devices on one line from noise', async () => {
    let count = 0
    const [one, other] = [speak('nonin-df2'), speak('masimo-ascii1')]
    const next = (): Uint8Array => (count++ % 2 === 0 ? one() : other())
    const { findings } = await examine({ line: nonin.link, next })
    expect(codes(findings)).toEqual(['mixed-protocols'])
    expect(findings[0]?.text).toMatch(/nonin-df2 and masimo-ascii1|masimo-ascii1 and nonin-df2/)
  })

  it('names a port that is not there', async () => {
    const bench = await openUartBench({ line: nonin.link, next: () => Uint8Array.of(), periodMs: 25 })
    await bench.close()
    const examination = await examineLine({
      openLink: (settings) => bench.openLink(settings),
      protocols: [nonin],
      manner: 'listen-only',
      clock: systemClock,
      times: TIMES,
    })
    expect(examination.fault).toBe('no-such-port')
    expect(codes(diagnose(examination))).toEqual(['port-fault'])
  })
})
