/**
 * Baxter AS50 syringe pump: `[NAME?]` and two bytes of CRC-16/XMODEM, high byte first. A demonstration: the form of the
 * messages is verified, what the answers mean is not, so everything goes out as the pump wrote it.
 */

import { cleanText } from './framing/clean-text.ts'
import { crc16Xmodem } from './framing/crc16.ts'
import { createStreamDriver } from './framing/parse-stream.ts'
import type { Grammar, Judgement } from './framing/parse-stream.ts'
import { createPolledDriver } from './framing/polled-stream.ts'
import { asciiText } from './framing/text-line.ts'
import { hexOf } from './framing/hex.ts'
import type { DeviceProtocol, DriverOutput, SendRule } from './protocol.ts'

const OPEN = 0x5b
const CLOSE = 0x5d
const CHECK_BYTES = 2
const MAX_FRAME_BYTES = 128

const FIRST_PRINTABLE = 0x20
const LAST_PRINTABLE = 0x7e

function judgeFrame(window: Uint8Array): Judgement<string> {
  if (window[0] !== OPEN) {
    const start = window.indexOf(OPEN)
    return { kind: 'discard', sizeBytes: start < 0 ? window.length : start, reason: 'noise' }
  }
  const stop = window.findIndex((byte, at) => at > 0 && !isContent(byte))
  if (stop < 0) return { kind: 'more', needBytes: window.length + 1 }
  if (window[stop] !== CLOSE)
    return { kind: 'discard', sizeBytes: stop, reason: window[stop] === OPEN ? 'truncated' : 'malformed' }
  const sizeBytes = stop + 1 + CHECK_BYTES
  if (window.length < sizeBytes) return { kind: 'more', needBytes: sizeBytes }
  const check = ((window[stop + 1] ?? 0) << 8) | (window[stop + 2] ?? 0)
  // The check may hold any byte, the beginning of the next message too: only the text is given up.
  if (crc16Xmodem(window.subarray(0, stop + 1)) !== check)
    return { kind: 'discard', sizeBytes: stop + 1, reason: 'checksum' }
  return { kind: 'unit', sizeBytes, unit: asciiText(window.subarray(1, stop)) }
}

function isContent(byte: number): boolean {
  return byte >= FIRST_PRINTABLE && byte <= LAST_PRINTABLE && byte !== OPEN && byte !== CLOSE
}

const grammar: Grammar<string> = { maxUnitBytes: MAX_FRAME_BYTES, judge: judgeFrame }

function readFrame(text: string): readonly DriverOutput[] {
  if (text.endsWith('?')) return [{ kind: 'text', name: 'query', value: cleanText(text.slice(0, -1)) }]
  const [, name, value] = /^([A-Z][A-Z0-9]*)=(.*)$/.exec(text) ?? []
  if (name !== undefined && value !== undefined) return [{ kind: 'text', name, value: cleanText(value) }]
  return [{ kind: 'text', name: 'message', value: cleanText(text) }]
}

/** Questions alone, each with its check as the public driver has it. */
const QUERIES = {
  device: { text: '[DEV?]', check: [0x8b, 0x1c] },
  rate: { text: '[PRIRATE?]', check: [0x34, 0x44] },
  bolusRate: { text: '[BOLRAT?]', check: [0x12, 0x78] },
  bolusSize: { text: '[BOLSIZ?]', check: [0x26, 0xeb] },
  lastBolus: { text: '[LBOLUS?]', check: [0x37, 0xb7] },
  status: { text: '[STATUS?]', check: [0xc3, 0x4b] },
} as const

type Query = (typeof QUERIES)[keyof typeof QUERIES]

function queryBytes({ text, check }: Query): Uint8Array {
  return Uint8Array.of(...Array.from(text, (sign) => sign.charCodeAt(0)), ...check)
}

function exactly(query: Query): SendRule {
  const bytes = queryBytes(query)
  const prefixHex = hexOf(bytes)
  return { kind: 'send', prefixHex, maxBytes: bytes.length, meaning: `ask ${query.text}` }
}

const createReader = () => readFrame

export const baxterAs50: DeviceProtocol = {
  id: 'baxter-as50',
  version: '1.0.0',
  devices: 'Baxter AS50 syringe pump (demonstration only: nothing is read as a metric)',
  link: { kind: 'serial', baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1, flowControl: 'none' },
  source: 'one public driver; check constants verified; units and status words unknown; no capture',
  metrics: [],
  sends: Object.values(QUERIES).map(exactly),
  ttlMs: 15_000,
  uncertaintyMs: 5_000,
  silenceMs: 30_000,
  createDriver: () =>
    createPolledDriver({
      grammar,
      createReader,
      first: [queryBytes(QUERIES.device)],
      round: [QUERIES.rate, QUERIES.status, QUERIES.bolusRate, QUERIES.bolusSize, QUERIES.lastBolus].map(
        queryBytes,
      ),
      periodMs: 5_000,
    }),
  createDecoder: () => createStreamDriver(grammar, createReader),
}
