/** Masimo trend download: stored lines of a Rad-8. Everything here is history. */

import { createStreamDriver } from './framing/parse-stream.ts'
import { createLineGrammar } from './framing/text-line.ts'
import type { LineReading } from './framing/text-line.ts'
import { parseMasimoLine, readExceptions, readNumerics } from './masimo-line.ts'
import type { MasimoNumber } from './masimo-line.ts'
import { METRICS } from './metrics.ts'
import type { DeviceProtocol, DriverOutput } from './protocol.ts'

const NUMBERS: readonly MasimoNumber[] = [
  {
    key: 'SpO2',
    metric: METRICS.MDC_PULS_OXIM_SAT_O2,
    form: /^\d{3}$/,
    range: [0, 100],
    isRequired: true,
    isZeroMissing: true,
  },
  {
    key: 'PR',
    metric: METRICS.MDC_PULS_OXIM_PULS_RATE,
    form: /^\d{3}$/,
    range: [0, 300],
    isRequired: true,
    isZeroMissing: true,
  },
  {
    key: 'PI',
    metric: METRICS.MDC_BLD_PERF_INDEX,
    form: /^\d{2}\.\d{2}$/,
    range: [0, 100],
    isRequired: false,
    isZeroMissing: true,
  },
]

/** The word, and the same in the device's own abbreviations: `828:Search,OffPat,SET`. */
const EXC_FORM = /^([0-9A-Fa-f]{3,7})(?::[0-9A-Za-z,]*)?$/

function readLine(line: string): LineReading<readonly DriverOutput[]> {
  const parsed = parseMasimoLine(line)
  const exc = EXC_FORM.exec(parsed?.fields.get('EXC') ?? '')?.[1]
  if (parsed === undefined || exc === undefined) return { ok: false, reason: 'malformed' }
  const exceptions = readExceptions(exc)
  const read = readNumerics(parsed.fields, NUMBERS, exceptions)
  if (!read.ok) return read
  return {
    ok: true,
    unit: [
      { kind: 'observation', numerics: read.numerics, deviceTime: parsed.deviceTime, isHistory: true },
      { kind: 'text', name: 'EXC', value: exc, flags: exceptions.flags },
    ],
  }
}

const grammar = createLineGrammar(readLine)

export const masimoTrend: DeviceProtocol = {
  id: 'masimo-trend',
  version: '1.0.0',
  devices: 'Masimo Rad-8 (trend download)',
  link: {
    kind: 'serial',
    baudRate: 9600,
    dataBits: 8,
    parity: 'none',
    stopBits: 1,
    flowControl: 'none',
  },
  source: 'vendor operator manual, lines printed there; no live capture',
  metrics: NUMBERS.map(({ metric }) => metric),
  sends: [],
  ttlMs: 3000,
  uncertaintyMs: 4000,
  // A download comes when somebody asks the device for it, and the line is silent before and after.
  silenceMs: 86_400_000,
  createDriver: () => createStreamDriver(grammar, () => (outputs) => outputs),
}
