/**
 * What Nonin DF2 and DF7 share: 75 frames of 5 bytes a second, 25 frames make a packet, and each frame carries one
 * byte of the packet's numbers. Byte 5 of a frame is the sum of the first four; STATUS has bit 7 set; only the first
 * frame of a packet has SYNC set.
 */

import { sum8 } from './framing/checksum.ts'
import type { Grammar, Judgement } from './framing/parse-stream.ts'
import { METRICS } from './metrics.ts'
import { HR_MISSING, isPossibleNonin, type NoninFlags, noninNumeric, SPO2_MISSING } from './nonin-numeric.ts'
import type { DriverOutput } from './protocol.ts'
import { WAVES } from './waves.ts'

/** Where DF2 and DF7 differ. */
export interface NoninLayout {
  readonly startByte: number | undefined
  readonly statusAt: number
  plethOf(packet: Uint8Array, frameAt: number): number
}

const FRAME_BYTES = 5
const FRAMES = 25
const PACKET_BYTES = FRAME_BYTES * FRAMES
const FLOAT_AT = 3
const CHECK_AT = 4
const FRAME_RATE_HZ = 75

const STATUS_MARK = 0x80
const ARTIFACT = 0x20
const OUT_OF_TRACK = 0x10
const SENSOR_ALARM = 0x08
const PERFUSION = 0x06
const PERFUSION_RED = 0x04
const PERFUSION_YELLOW = 0x06
const SYNC = 0x01

/** Frame numbers, from 1, of the numbers for recording: they go missing at once, the display ones are held for 10 s. */
const SLOT = { hrHigh: 1, hrLow: 2, spo2: 3, firmware: 4, timerHigh: 6, timerLow: 7, stat2: 8 } as const

const STAT2_LOW_BATTERY = 0x01
const STAT2_SMARTPOINT = 0x20

export interface NoninPacket extends NoninFlags {
  readonly heartRate: number
  readonly spo2: number
  readonly firmware: number
  readonly timerTicks: number
  readonly stat2: number
  readonly pleth: readonly number[]
}

export function createNoninGrammar(layout: NoninLayout): Grammar<NoninPacket> {
  return {
    maxUnitBytes: PACKET_BYTES,
    judge: (window, isAligned) => judgePacket(window, isAligned, layout),
  }
}

type FrameVerdict = 'first' | 'later' | 'bad-checksum' | 'no-frame'

function judgeFrame(window: Uint8Array, at: number, layout: NoninLayout): FrameVerdict {
  const status = window[at + layout.statusAt] ?? 0
  if (layout.startByte !== undefined && window[at] !== layout.startByte) return 'no-frame'
  if ((status & STATUS_MARK) === 0) return 'no-frame'
  if (sum8(window, at, CHECK_AT) !== window[at + CHECK_AT]) return 'bad-checksum'
  return (status & SYNC) === 0 ? 'later' : 'first'
}

function judgePacket(window: Uint8Array, isAligned: boolean, layout: NoninLayout): Judgement<NoninPacket> {
  if (window.length < FRAME_BYTES) return { kind: 'more', needBytes: FRAME_BYTES }
  const front = judgeFrame(window, 0, layout)
  if (front !== 'first') {
    const isDamagedFrame = isAligned && front === 'bad-checksum'
    return {
      kind: 'discard',
      sizeBytes: findFirstFrame(window, layout),
      reason: isDamagedFrame ? 'checksum' : 'noise',
    }
  }
  for (let at = FRAME_BYTES; at < PACKET_BYTES; at += FRAME_BYTES) {
    if (window.length < at + FRAME_BYTES) return { kind: 'more', needBytes: at + FRAME_BYTES }
    const verdict = judgeFrame(window, at, layout)
    // Only the first byte is given up: a good packet may begin anywhere inside a bad one.
    if (verdict === 'first') return { kind: 'discard', sizeBytes: 1, reason: 'truncated' }
    if (verdict !== 'later') return { kind: 'discard', sizeBytes: 1, reason: 'checksum' }
  }
  const packet = readPacket(window, layout)
  // An 8-bit sum passes one random frame in 256: a number that no oximeter can send betrays the packet.
  if (isPossibleNonin(packet)) return { kind: 'unit', sizeBytes: PACKET_BYTES, unit: packet }
  return { kind: 'discard', sizeBytes: PACKET_BYTES, reason: 'out-of-range', isWhole: true }
}

/** How many bytes cannot begin a packet. */
function findFirstFrame(window: Uint8Array, layout: NoninLayout): number {
  let at = 1
  while (at + FRAME_BYTES <= window.length && judgeFrame(window, at, layout) !== 'first') at += 1
  return at
}

function readPacket(window: Uint8Array, layout: NoninLayout): NoninPacket {
  const frameAts = Array.from({ length: FRAMES }, (_, index) => index * FRAME_BYTES)
  const statuses = frameAts.map((at) => window[at + layout.statusAt] ?? 0)
  const slot = (frame: number): number => window[(frame - 1) * FRAME_BYTES + FLOAT_AT] ?? 0
  const anyStatus = (mask: number, bits = mask): boolean =>
    statuses.some((status) => (status & mask) === bits)
  return {
    // 9 bits: two of the high byte, seven of the low one; the other bits are reserved and may hold anything.
    heartRate: (slot(SLOT.hrHigh) & 0x03) * 128 + (slot(SLOT.hrLow) & 0x7f),
    spo2: slot(SLOT.spo2) & 0x7f,
    firmware: slot(SLOT.firmware),
    timerTicks: (slot(SLOT.timerHigh) & 0x7f) * 128 + (slot(SLOT.timerLow) & 0x7f),
    stat2: slot(SLOT.stat2),
    isSensorAlarm: anyStatus(SENSOR_ALARM),
    doubts: [
      ...(anyStatus(OUT_OF_TRACK) ? ['out_of_track'] : []),
      ...(anyStatus(ARTIFACT) ? ['artifact'] : []),
      ...(anyStatus(PERFUSION, PERFUSION_RED) ? ['low_perfusion'] : []),
    ],
    isMarginalPerfusion: anyStatus(PERFUSION, PERFUSION_YELLOW),
    pleth: frameAts.map((at) => layout.plethOf(window, at)),
  }
}

/** What one packet says; the same for every Nonin packet, so no session is kept. */
export function readNoninPacket(packet: NoninPacket): readonly DriverOutput[] {
  return [
    {
      kind: 'observation',
      numerics: [
        noninNumeric(METRICS.MDC_PULS_OXIM_PULS_RATE, packet.heartRate, HR_MISSING, packet),
        noninNumeric(METRICS.MDC_PULS_OXIM_SAT_O2, packet.spo2, SPO2_MISSING, packet),
      ],
    },
    { kind: 'text', name: 'firmware_revision', value: packet.firmware },
    { kind: 'text', name: 'timer_ticks', value: packet.timerTicks },
    { kind: 'text', name: 'low_battery', value: (packet.stat2 & STAT2_LOW_BATTERY) !== 0 },
    { kind: 'text', name: 'smartpoint', value: (packet.stat2 & STAT2_SMARTPOINT) !== 0 },
    {
      kind: 'waveform',
      channel: 'pleth',
      wave: WAVES.MDC_PULS_OXIM_PLETH,
      label: 'pleth',
      rateHz: FRAME_RATE_HZ,
      samples: packet.pleth,
    },
  ]
}
