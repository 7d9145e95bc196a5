/**
 * A made-up device that is spoken to, and the driver that speaks to it: `?` is answered with a saturation, `!` begins a
 * stream of one a second, `I` asks who it is. Everything else is answered with `N` and nothing more.
 */

import { METRICS } from '../../devices/metrics.ts'
import type { DeviceProtocol, DriverOutput, LinkEvent } from '../../devices/protocol.ts'
import type { TalkingKind } from '../../simulators/device-kinds.ts'
import type { Talker } from '../../simulators/talker.ts'
import { fakeProtocol } from './fake-device.ts'

const QUESTION = 0x3f
const STREAM = 0x21
const IDENTIFY = 0x49
const REFUSAL = 0x4e
const READING = 0x52
const STREAM_PERIOD_MS = 1_000

export function questionKind(parts: Partial<TalkingKind> = {}): TalkingKind {
  return {
    protocol: 'question',
    link: 'talking',
    over: 'serial',
    rhythm: { kind: 'messages-per-second', count: 1 },
    plays: ['spo2'],
    createTalker: ({ serial }) => createQuestionTalker(serial),
    ...parts,
  }
}

export function createQuestionTalker(serial: string, firstSpo2 = 0): Talker {
  let spo2 = firstSpo2
  let connections = 0
  let wakeAtMs: number | undefined
  const answer = (octet: number, atMs: number): Uint8Array => {
    if (octet === QUESTION) return Uint8Array.of(READING, spo2)
    if (octet === IDENTIFY) return Uint8Array.of(IDENTIFY, Number(serial) % 256)
    if (octet !== STREAM) return Uint8Array.of(REFUSAL, connections)
    wakeAtMs = atMs + STREAM_PERIOD_MS
    return Uint8Array.of(STREAM, connections)
  }
  return {
    show: ({ row }) => {
      spo2 = row?.spo2 ?? 0
      return []
    },
    hear: (bytes, atMs) => Array.from(bytes, (octet) => answer(octet, atMs)),
    connected: () => {
      connections += 1
      wakeAtMs = undefined
      return [Uint8Array.of(0x43, connections)]
    },
    tick: (atMs) => {
      if (wakeAtMs === undefined || atMs < wakeAtMs) return []
      wakeAtMs += STREAM_PERIOD_MS
      return [Uint8Array.of(READING, spo2)]
    },
    get wakeAtMs() {
      return wakeAtMs
    },
  }
}

/** Asks who it is when the line opens, and for a reading after every answer. */
export function questionProtocol(parts: Partial<DeviceProtocol> = {}): DeviceProtocol {
  return fakeProtocol({
    id: 'question',
    sends: [
      { kind: 'send', prefixHex: '49', maxBytes: 1, meaning: 'who are you' },
      { kind: 'send', prefixHex: '3f', maxBytes: 1, meaning: 'a reading, please' },
    ],
    createDriver: () => {
      let pending: number | undefined
      const read = (octet: number): readonly DriverOutput[] => {
        const kind = pending
        pending = kind === undefined ? octet : undefined
        if (kind === IDENTIFY)
          return [
            { kind: 'text', name: 'serial', value: String(octet), isIdentity: true },
            { kind: 'send', bytes: Uint8Array.of(QUESTION) },
          ]
        if (kind === READING)
          return [
            {
              kind: 'observation',
              numerics: [{ metric: METRICS.MDC_PULS_OXIM_SAT_O2, value: octet, quality: 'valid' }],
            },
          ]
        return []
      }
      return {
        receive: (event: LinkEvent) => {
          if (event.kind === 'opened') {
            pending = undefined
            return [{ kind: 'send', bytes: Uint8Array.of(IDENTIFY) }]
          }
          return event.kind === 'bytes' ? Array.from(event.bytes).flatMap(read) : []
        },
      }
    },
    ...parts,
  })
}
