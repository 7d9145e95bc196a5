/** Masimo ASCII 1: one line of text a second, from Rad-8 and Radical-7. The set of fields varies by model. */

import { createStreamDriver } from './framing/parse-stream.ts'
import { createLineGrammar } from './framing/text-line.ts'
import type { LineReading } from './framing/text-line.ts'
import { parseMasimoLine, readExceptions, readNumerics } from './masimo-line.ts'
import type { Exceptions, MasimoNumber } from './masimo-line.ts'
import { METRICS } from './metrics.ts'
import type { Alert, DeviceProtocol, Driver, DriverOutput, Observation, Text } from './protocol.ts'

const NUMBERS: readonly MasimoNumber[] = [
  {
    key: 'SPO2',
    metric: METRICS.MDC_PULS_OXIM_SAT_O2,
    form: /^\d{3}$/,
    range: [0, 100],
    isRequired: true,
    isZeroMissing: false,
  },
  {
    key: 'BPM',
    metric: METRICS.MDC_PULS_OXIM_PULS_RATE,
    form: /^\d{3}$/,
    range: [0, 300],
    isRequired: true,
    isZeroMissing: false,
  },
  {
    key: 'PI',
    metric: METRICS.MDC_BLD_PERF_INDEX,
    form: /^\d{2}\.\d{2}$/,
    range: [0, 100],
    isRequired: false,
    isZeroMissing: false,
  },
]

/** Measured by some models, without an MDC code in any source: handed on as the device wrote them. */
const TEXT_FIELDS = ['SPCO', 'SPMET', 'SPHB', 'SPOC', 'PVI'] as const

const ALARM_FORM = /^([0-9A-Fa-f]{4}|[0-9A-Fa-f]{6})$/
const EXC_FORM = /^[0-9A-Fa-f]{6,7}$/
const SERIAL_FORM = /^[0-9A-Za-z]{1,32}$/

// The vendor keeps these bits to itself; a user worked them out. Advice, not an alarm to rely on.
const ALARM_FLAGS = [
  { mask: 0x20, flag: 'muted' },
  { mask: 0x10, flag: 'triggered' },
  { mask: 0x08, flag: 'bpm_low' },
  { mask: 0x04, flag: 'bpm_high' },
  { mask: 0x02, flag: 'spo2_low' },
  { mask: 0x01, flag: 'spo2_high' },
] as const
const PATIENT_ALARM_MASK = 0x1f

interface LiveLine {
  readonly observation: Observation
  readonly alarm: string
  readonly texts: readonly Text[]
}

function readLine(line: string): LineReading<LiveLine> {
  const parsed = parseMasimoLine(line)
  const alarm = parsed?.fields.get('ALARM')
  const exc = parsed?.fields.get('EXC')
  if (parsed === undefined || alarm === undefined || exc === undefined)
    return { ok: false, reason: 'malformed' }
  if (!ALARM_FORM.test(alarm) || !EXC_FORM.test(exc)) return { ok: false, reason: 'malformed' }
  const exceptions = readExceptions(exc)
  const read = readNumerics(parsed.fields, NUMBERS, exceptions)
  if (!read.ok) return read
  const observation: Observation = {
    kind: 'observation',
    numerics: read.numerics,
    deviceTime: parsed.deviceTime,
  }
  return { ok: true, unit: { observation, alarm, texts: readTexts(parsed.fields, exc, exceptions) } }
}

function readTexts(fields: ReadonlyMap<string, string>, exc: string, { flags }: Exceptions): readonly Text[] {
  const serial = fields.get('SN')
  const texts: Text[] = [{ kind: 'text', name: 'EXC', value: exc, flags }]
  // An unset serial number is all dashes.
  if (serial !== undefined && SERIAL_FORM.test(serial))
    texts.push({ kind: 'text', name: 'serial', value: serial, isIdentity: true })
  for (const key of TEXT_FIELDS) {
    const value = fields.get(key)
    if (value !== undefined && !value.includes('-')) texts.push({ kind: 'text', name: key, value })
  }
  return texts
}

/** Remembers whether an alarm was present, through reconnects too, so that its end can be told. */
function createDriver(): Driver {
  let wasPresent = false
  const read = ({ observation, alarm, texts }: LiveLine): readonly DriverOutput[] => {
    const isPresent = Number.parseInt(alarm, 16) !== 0
    const alerts = isPresent || wasPresent ? [toAlert(alarm, isPresent)] : []
    wasPresent = isPresent
    return [observation, ...alerts, ...texts]
  }
  return createStreamDriver(grammar, () => read)
}

function toAlert(alarm: string, isPresent: boolean): Alert {
  const word = Number.parseInt(alarm, 16)
  return {
    kind: 'alert',
    code: 'ALARM',
    priority: 'unknown',
    source: (word & PATIENT_ALARM_MASK) === 0 ? 'unknown' : 'patient',
    phase: isPresent ? 'present' : 'ended',
    text: alarm,
    flags: ALARM_FLAGS.filter(({ mask }) => (word & mask) !== 0).map(({ flag }) => flag),
  }
}

const grammar = createLineGrammar(readLine)

export const masimoAscii1: DeviceProtocol = {
  id: 'masimo-ascii1',
  version: '1.0.0',
  devices: 'Masimo Rad-8, Radical-7 (serial output set to ASCII 1)',
  link: {
    kind: 'serial',
    baudRate: 9600,
    dataBits: 8,
    parity: 'none',
    stopBits: 1,
    flowControl: 'none',
  },
  source: 'vendor operator manual; lines captured from a Rad-8; ALARM bits reverse-engineered by a user',
  metrics: NUMBERS.map(({ metric }) => metric),
  sends: [],
  ttlMs: 3000,
  uncertaintyMs: 4000,
  silenceMs: 5000,
  createDriver,
}
