/**
 * An Evita-like ventilator on MEDIBUS: it calls every 3 s until somebody answers, wants to know who that is, and
 * answers questions then. What it does not understand it refuses; a host that is silent for 3 s is gone.
 */

import { CODE } from '../devices/medibus/codes.ts'
import { encodeMessage, type Message } from '../devices/medibus/message.ts'
import { SlowLine, type SlowEvent } from '../devices/medibus/slow-line.ts'
import { answerTo, OFFERED_CURVES } from './medibus-answers.ts'
import { MedibusCurves } from './medibus-curves.ts'
import { medibusReading, type MedibusReading } from './medibus-reading.ts'
import type { Talker } from './talker.ts'
import type { Due } from './timeline.ts'

const CALL_EVERY_MS = 3000
const SILENCE_MS = 3000
const FIRST_REALTIME_BYTE = 0x80
/** The Evita 4 insists on this form of a host's name. */
const HOST_ID = /^\d{4}'[^']+'\d{2}\.\d{2}:\d{2}\.\d{2}$/

const ASK_ID = encodeMessage({ kind: 'command', code: CODE.deviceId, data: '' })
const CALL = encodeMessage({ kind: 'command', code: CODE.icc, data: '' })
const NAK = encodeMessage({ kind: 'response', code: CODE.nak, data: '' })

/** The question for the name sits inside the answer, and is not part of its sum. */
function answerWithQuestion(): Uint8Array {
  const answer = encodeMessage({ kind: 'response', code: CODE.icc, data: '' })
  return Uint8Array.from([...answer.subarray(0, 2), ...ASK_ID, ...answer.subarray(2)])
}

type Phase = 'calling' | 'asking' | 'linked'

class MedibusVentilator implements Talker {
  #line = new SlowLine()
  readonly #curves = new MedibusCurves()
  #phase: Phase = 'calling'
  #callAtMs = 0
  #heardAtMs = 0
  #reading: MedibusReading | undefined

  get wakeAtMs(): number {
    const next = this.#phase === 'calling' ? this.#callAtMs : this.#heardAtMs + SILENCE_MS
    return Math.min(next, this.#curves.wakeAtMs ?? Infinity)
  }

  show(due: Due): readonly Uint8Array[] {
    this.#reading = medibusReading(due)
    return []
  }

  connected(atMs: number): readonly Uint8Array[] {
    this.#line = new SlowLine()
    return this.#call(atMs)
  }

  hear(bytes: Uint8Array, atMs: number): readonly Uint8Array[] {
    const events: SlowEvent[] = []
    for (const byte of bytes) {
      if (byte >= FIRST_REALTIME_BYTE) this.#curves.hear(byte, atMs)
      else {
        this.#heardAtMs = atMs
        this.#line.take(byte, events)
      }
    }
    return events.flatMap((event) => {
      if (event.kind === 'corrupt-command') return [NAK]
      if (event.kind !== 'message') return []
      return event.message.kind === 'command' ? this.#answer(event.message, atMs) : this.#take(event.message)
    })
  }

  tick(atMs: number): readonly Uint8Array[] {
    if (this.#phase === 'calling') return atMs < this.#callAtMs ? [] : this.#call(atMs)
    if (atMs - this.#heardAtMs >= SILENCE_MS) return this.#call(atMs)
    return this.#reading === undefined ? [] : this.#curves.chunk(this.#reading, atMs)
  }

  /** All that was configured is lost. */
  #call(atMs: number): readonly Uint8Array[] {
    this.#phase = 'calling'
    this.#callAtMs = atMs + CALL_EVERY_MS
    this.#curves.configure([])
    return [CALL]
  }

  #take({ code, data }: Message): readonly Uint8Array[] {
    if (code === CODE.icc && this.#phase === 'calling') {
      this.#phase = 'asking'
      return [ASK_ID]
    }
    if (code !== CODE.deviceId || this.#phase !== 'asking') return []
    if (!HOST_ID.test(data)) return [ASK_ID]
    this.#phase = 'linked'
    return []
  }

  #answer({ code, data }: Message, atMs: number): readonly Uint8Array[] {
    if (code === CODE.icc) {
      this.#phase = 'asking'
      this.#curves.configure([])
      return [answerWithQuestion()]
    }
    if (this.#phase !== 'linked' || this.#reading === undefined) return [NAK]
    if (code === CODE.realtimeConfigure) return [this.#configure(data)]
    const answer = data === '' ? answerTo(code, this.#reading, atMs) : undefined
    return [answer === undefined ? NAK : encodeMessage({ kind: 'response', code, data: answer })]
  }

  #configure(data: string): Uint8Array {
    const choices = data.match(/.{4}/g) ?? []
    const codes = choices.map((choice) => choice.slice(0, 2))
    const isKnown = data.length === codes.length * 4 && codes.every((code) => OFFERED_CURVES.has(code))
    if (!isKnown || codes.length === 0) return NAK
    this.#curves.configure(codes)
    return encodeMessage({ kind: 'response', code: CODE.realtimeConfigure, data: '' })
  }
}

export function createMedibusVentilator(): Talker {
  return new MedibusVentilator()
}
