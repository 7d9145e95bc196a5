/**
 * Ivy 450C, Ansar-B output: about once a second `FF "ANSAR-B "`, 400 wave bytes, lines of text ended by CR, `FE`.
 * There is no checksum: the wave bytes stay below FE, the lines keep to their form, the numbers to their range.
 */

import { createStreamDriver } from './framing/parse-stream.ts'
import type { Grammar, Judgement } from './framing/parse-stream.ts'
import { asciiText } from './framing/text-line.ts'
import { METRICS } from './metrics.ts'
import type { Metric } from './metrics.ts'
import type { DeviceProtocol, DiscardReason, DriverOutput, Numeric, Text, Waveform } from './protocol.ts'

const START = 0xff
const END = 0xfe
const TITLE = 'ANSAR-B '
const TITLE_BYTES = Array.from(TITLE, (letter) => letter.charCodeAt(0))
const WAVES_AT = 1 + TITLE.length

/** Samples in the order of the message, as the bytes come: neither zero nor unit is documented well enough to scale. */
const WAVES = [
  { label: 'ecg', rateHz: 200, samples: 200 },
  { label: 'resp', rateHz: 50, samples: 50 },
  { label: 'pleth', rateHz: 50, samples: 50 },
  { label: 'p1', rateHz: 50, samples: 50 },
  { label: 'p2', rateHz: 50, samples: 50 },
] as const
const LINES_AT = WAVES_AT + WAVES.reduce((total, { samples }) => total + samples, 0)

/** Nearly twice the message of the one capture. */
const MAX_MESSAGE_BYTES = 1024

/** A line: key, numbers in their places, then a message of the monitor. */
interface LineForm {
  readonly key: string
  readonly metrics: readonly Metric[]
  /** How many numbers have a place but no code in the nomenclature. */
  readonly texts: number
  /** A number that stands where the message would, under a name of its own: `PR=80 `. */
  readonly named?: { readonly prefix: string; readonly metric: Metric }
}

const LINE_FORMS: readonly LineForm[] = [
  { key: 'HR', metrics: [METRICS.MDC_ECG_HEART_RATE], texts: 0 },
  { key: 'RR', metrics: [METRICS.MDC_RESP_RATE], texts: 0 },
  { key: 'ETCO2', metrics: [METRICS.MDC_CONC_AWAY_CO2_ET], texts: 0 },
  {
    key: 'SPO2',
    metrics: [METRICS.MDC_PULS_OXIM_SAT_O2],
    texts: 0,
    named: { prefix: 'PR=', metric: METRICS.MDC_PULS_OXIM_PULS_RATE },
  },
  {
    key: 'NIBP',
    metrics: [
      METRICS.MDC_PRESS_BLD_NONINV_SYS,
      METRICS.MDC_PRESS_BLD_NONINV_DIA,
      METRICS.MDC_PRESS_BLD_NONINV_MEAN,
      METRICS.MDC_PULS_RATE_NON_INV,
    ],
    texts: 0,
  },
  // The line does not say where the catheter lies: systolic, diastolic and mean go out without a code.
  { key: 'P1', metrics: [], texts: 3 },
  { key: 'P2', metrics: [], texts: 3 },
  { key: 'T1', metrics: [METRICS.MDC_TEMP], texts: 0 },
  // A second site must not pass for the first, and no code names it.
  { key: 'T2', metrics: [], texts: 1 },
]
const FIRST_KEY = 'HR'

// The digit after '=' is explained in no source.
const LINE = /^([A-Z][A-Z0-9]*)=\d;([ -~]*)$/
const NUMBER = /^-?\d{1,4}(\.\d{1,2})?$/

interface Lines {
  readonly numerics: readonly Numeric[]
  readonly texts: readonly Text[]
}

const grammar: Grammar<readonly DriverOutput[]> = { maxUnitBytes: MAX_MESSAGE_BYTES, judge: judgeMessage }

function judgeMessage(window: Uint8Array): Judgement<readonly DriverOutput[]> {
  if (window[0] !== START) {
    const start = window.indexOf(START)
    return { kind: 'discard', sizeBytes: start < 0 ? window.length : start, reason: 'noise' }
  }
  if (window.length < WAVES_AT) return { kind: 'more', needBytes: WAVES_AT }
  if (!TITLE_BYTES.every((byte, at) => window[1 + at] === byte))
    return { kind: 'discard', sizeBytes: 1, reason: 'noise' }
  const end = markAt(window)
  if (end < 0) return { kind: 'more', needBytes: window.length + 1 }
  if (end < LINES_AT || window[end] === START) return { kind: 'discard', sizeBytes: 1, reason: 'truncated' }
  const lines = readLines(asciiText(window.subarray(LINES_AT, end)))
  if (typeof lines === 'string') return { kind: 'discard', sizeBytes: end + 1, reason: lines, isWhole: true }
  return { kind: 'unit', sizeBytes: end + 1, unit: toOutputs(window, lines) }
}

/** The first byte behind the title that is no wave byte and no text. */
function markAt(window: Uint8Array): number {
  for (let at = WAVES_AT; at < window.length; at += 1) if ((window[at] ?? 0) >= END) return at
  return -1
}

/** A lost or added wave byte shifts the text: then the first line does not begin as it must. */
function readLines(text: string): Lines | DiscardReason {
  if (!text.startsWith(`${FIRST_KEY}=`) || !text.endsWith('\r')) return 'malformed'
  const numerics: Numeric[] = []
  const texts: Text[] = []
  const seen = new Set<string>()
  for (const line of text.slice(0, -1).split('\r')) {
    const [, key = '', rest = ''] = LINE.exec(line) ?? []
    if (key === '' || seen.has(key)) return 'malformed'
    seen.add(key)
    const form = LINE_FORMS.find((candidate) => candidate.key === key)
    if (form === undefined) continue
    const fault = readLine(form, rest.split(';'), numerics, texts)
    if (fault !== undefined) return fault
  }
  return { numerics, texts }
}

function readLine(
  form: LineForm,
  fields: readonly string[],
  numerics: Numeric[],
  texts: Text[],
): DiscardReason | undefined {
  const messageFields = fields.slice(form.metrics.length + form.texts)
  const { named } = form
  const namedField = messageFields.find((field) => named !== undefined && field.startsWith(named.prefix))
  const numbers = form.metrics.map((metric, index) => readNumber(metric, fields[index]))
  if (named !== undefined) numbers.push(readNumber(named.metric, namedField?.slice(named.prefix.length)))
  for (const number of numbers) {
    if (typeof number === 'string') return number
    numerics.push(number)
  }
  const values = fields.slice(0, form.texts)
  if (values.some((value) => value !== '' && !NUMBER.test(value))) return 'malformed'
  const name = form.key.toLowerCase()
  if (values.some((value) => value !== '')) texts.push({ kind: 'text', name, value: values })
  const message = messageFields.find((field) => field !== '' && field !== namedField)
  if (message !== undefined) texts.push({ kind: 'text', name: `${name}_message`, value: message.trim() })
  return undefined
}

function readNumber(metric: Metric, field: string | undefined): Numeric | DiscardReason {
  const text = field?.trim() ?? ''
  if (text === '') return { metric, value: null, quality: 'absent', why: ['missing'] }
  if (!NUMBER.test(text)) return 'malformed'
  const value = Number(text)
  if (value < metric.possible[0] || value > metric.possible[1]) return 'out-of-range'
  return { metric, value, quality: 'valid' }
}

function toOutputs(message: Uint8Array, { numerics, texts }: Lines): readonly DriverOutput[] {
  const waves: Waveform[] = []
  let at = WAVES_AT
  for (const { label, rateHz, samples } of WAVES) {
    waves.push({
      kind: 'waveform',
      channel: label,
      wave: null,
      label,
      rateHz,
      samples: Array.from(message.subarray(at, at + samples)),
    })
    at += samples
  }
  return [...waves, { kind: 'observation', numerics }, ...texts]
}

export const ivyAnsarb: DeviceProtocol = {
  id: 'ivy-ansarb',
  version: '1.0.0',
  devices: 'Ivy Biomedical 450C monitor (Ansar-B output)',
  link: {
    kind: 'serial',
    baudRate: 9600,
    dataBits: 8,
    parity: 'none',
    stopBits: 1,
    flowControl: 'none',
  },
  source: 'one captured message and one open-source driver; no vendor document',
  metrics: LINE_FORMS.flatMap(({ metrics, named }) =>
    named === undefined ? metrics : [...metrics, named.metric],
  ),
  sends: [],
  ttlMs: 3000,
  uncertaintyMs: 4000,
  silenceMs: 5000,
  createDriver: () => createStreamDriver(grammar, () => (outputs) => outputs),
}
