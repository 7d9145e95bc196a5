/** A Contec CMS50 with protocol V7.0: silent until asked, and silent again when nobody keeps it alive. */

import {
  CONTEC_PACKETS_PER_SECOND,
  contecReading,
  type ContecReading,
  createContecEncoder,
  encodeV7,
} from './contec-encoder.ts'
import type { Talker, TalkerOptions } from './talker.ts'
import type { Due } from './timeline.ts'

/** Packets travel in bunches of a tenth of a second, as a USB bridge hands them on. */
const BUNCH_MS = 100
const BUNCH_PACKETS = CONTEC_PACKETS_PER_SECOND / 10
/** Twice the five seconds in which it wants to be kept alive. */
const PATIENCE_MS = 10_000
/** A bunch that is long overdue is not made up for: the device does not store what nobody took. */
const LATE_MS = 1000

const COMMAND_BYTES = 9
const COMMAND = 0x7d
const START = 0xa1
const STOP = 0xa2
const DEVICE_ID = 0xaa
const PERFUSION_SUPPORT = 0xac
const KEEP_ALIVE = 0xaf
const DISCONNECTS = 0x0d

const NOTHING: ContecReading = { pulseRate: undefined, spo2: undefined, perfusionIndexPct: undefined }

export function createContecTalker({ seed, serial }: TalkerOptions): Talker {
  const encoder = createContecEncoder('v7', seed)
  let reading = NOTHING
  let heard: number[] = []
  let nextAtMs: number | undefined
  let keptAtMs = 0

  const answers: Readonly<Record<number, (atMs: number) => readonly Uint8Array[]>> = {
    [START]: (atMs) => {
      keptAtMs = atMs
      nextAtMs ??= atMs + BUNCH_MS
      return []
    },
    [STOP]: () => {
      nextAtMs = undefined
      return []
    },
    [KEEP_ALIVE]: (atMs) => {
      keptAtMs = atMs
      return []
    },
    [DEVICE_ID]: () => [encodeV7(0x04, [0, ...digits(serial).slice(-6)])],
    [PERFUSION_SUPPORT]: () => [encodeV7(0x02, [0, 1, 0, 0, 0, 0, 0])],
  }

  return {
    show({ row, atS }: Due) {
      reading = contecReading(row, atS)
      return []
    },
    connected() {
      heard = []
      nextAtMs = undefined
      return []
    },
    hear(bytes, atMs) {
      const said: Uint8Array[] = []
      for (const byte of bytes) {
        // Only the first byte of a command has bit 7 clear: it begins anew whatever was before it.
        if (byte < 0x80) heard = []
        heard.push(byte)
        if (heard.length > COMMAND_BYTES) heard = []
        if (heard.length === COMMAND_BYTES) said.push(...answerTo(heard, answers, atMs))
      }
      return said
    },
    tick(atMs) {
      if (nextAtMs === undefined || atMs < nextAtMs) return []
      if (atMs - keptAtMs > PATIENCE_MS) {
        nextAtMs = undefined
        return [encodeV7(DISCONNECTS, [0, 0, 0, 0, 0, 0, 0])]
      }
      nextAtMs = atMs - nextAtMs > LATE_MS ? atMs + BUNCH_MS : nextAtMs + BUNCH_MS
      return [encoder.packets(reading, BUNCH_PACKETS)]
    },
    get wakeAtMs() {
      return nextAtMs
    },
  }
}

function answerTo(
  [type, high = 0, first = 0, ...rest]: readonly number[],
  answers: Readonly<Record<number, (atMs: number) => readonly Uint8Array[]>>,
  atMs: number,
): readonly Uint8Array[] {
  const isCommand = type === COMMAND && high === 0x81 && rest.every((byte) => byte === 0x80)
  return (isCommand ? answers[first] : undefined)?.(atMs) ?? []
}

function digits(serial: string): readonly number[] {
  return Array.from(serial, (digit) => digit.charCodeAt(0))
}
