/** Contec CMS50D and D+ before V7: five bytes sixty times a second, no checksum; only the first byte has bit 7 set. */

import {
  type ContecFlag,
  ContecSession,
  type ContecPacket,
  faultsIn,
  isPossibleContec,
} from './contec-reading.ts'
import { createBlockDriver } from './framing/block-driver.ts'
import type { Grammar, Judgement } from './framing/parse-stream.ts'
import { METRICS } from './metrics.ts'
import type { DeviceProtocol, SerialLine } from './protocol.ts'

const PACKET_BYTES = 5
const SYNC = 0x80

const FLAGS: readonly ContecFlag[] = [
  { at: 2, mask: 0x10, word: 'probe_error' },
  { at: 2, mask: 0x20, word: 'searching' },
  { at: 0, mask: 0x10, word: 'searching_too_long' },
]
const SPO2_DROPPING = 0x20
const SIGNAL_STRENGTH = 0x0f
/** Bit 7 of the pulse rate. */
const RATE_HIGH = 0x40

/** No document gives a marker; these four stand for "no number" in one program or the other. */
const RATE_MISSING: ReadonlySet<number> = new Set([0, 255])
const SPO2_MISSING: ReadonlySet<number> = new Set([0, 127])

const grammar: Grammar<ContecPacket> = { maxUnitBytes: PACKET_BYTES, judge }

function judge(window: Uint8Array): Judgement<ContecPacket> {
  const start = nextSync(window, 0)
  if (start > 0) return { kind: 'discard', sizeBytes: start, reason: 'noise' }
  const next = nextSync(window, 1)
  if (next < window.length) return { kind: 'discard', sizeBytes: next, reason: 'truncated', isWhole: true }
  if (window.length < PACKET_BYTES) return { kind: 'more', needBytes: window.length + 1 }
  const packet = readPacket(window)
  if (isPossibleContec(packet)) return { kind: 'unit', sizeBytes: PACKET_BYTES, unit: packet }
  return { kind: 'discard', sizeBytes: PACKET_BYTES, reason: 'out-of-range', isWhole: true }
}

function nextSync(window: Uint8Array, from: number): number {
  let at = from
  while (at < window.length && ((window[at] ?? 0) & SYNC) === 0) at += 1
  return at
}

function readPacket(window: Uint8Array): ContecPacket {
  const first = window[0] ?? 0
  const pulseRate = (((window[2] ?? 0) & RATE_HIGH) === 0 ? 0 : 128) + (window[3] ?? 0)
  const spo2 = window[4] ?? 0
  return {
    pulseRate: RATE_MISSING.has(pulseRate) ? null : pulseRate,
    spo2: SPO2_MISSING.has(spo2) ? null : spo2,
    pleth: window[1] ?? 0,
    signalStrength: first & SIGNAL_STRENGTH,
    faults: faultsIn(window, FLAGS),
    isDropping: (first & SPO2_DROPPING) !== 0,
  }
}

const LINE: SerialLine = {
  kind: 'serial',
  baudRate: 4800,
  dataBits: 8,
  parity: 'odd',
  stopBits: 1,
  flowControl: 'none',
}

export const contec5Byte: DeviceProtocol = {
  id: 'contec-5byte',
  version: '1.0.0',
  devices: 'Contec CMS50D, CMS50D+ up to firmware 4.6',
  link: LINE,
  otherLines: [{ ...LINE, baudRate: 19_200 }],
  source: 'vendor document V5.0A; open-source programs; no live capture',
  metrics: [METRICS.MDC_PULS_OXIM_PULS_RATE, METRICS.MDC_PULS_OXIM_SAT_O2],
  sends: [],
  ttlMs: 3000,
  uncertaintyMs: 4000,
  silenceMs: 3000,
  createDriver: () => createBlockDriver(grammar, () => new ContecSession()),
}
