/** Draeger ventilators and anesthesia machines over MEDIBUS: questions and answers, and curves between them. */

import { createMedibusDecoder, createRealtimeDecoder } from './medibus/decoder.ts'
import { Conversation } from './medibus/conversation.ts'
import type { Message } from './medibus/message.ts'
import { MEDIBUS_METRICS } from './medibus/quantities.ts'
import { MedibusReader } from './medibus/reader.ts'
import { Realtime } from './medibus/realtime.ts'
import { MEDIBUS_SENDS } from './medibus/sends.ts'
import { SlowLine, type SlowEvent } from './medibus/slow-line.ts'
import type {
  CaptureFormat,
  DeviceProtocol,
  Driver,
  DriverOutput,
  LinkEvent,
  SerialLine,
} from './protocol.ts'

const FIRST_REALTIME_BYTE = 0x80

class MedibusDriver implements Driver {
  readonly #slow = new SlowLine()
  readonly #realtime = new Realtime('discarded')
  readonly #reader = new MedibusReader()
  readonly #conversation = new Conversation()
  // One list for all bytes: most bytes bring nothing.
  readonly #events: SlowEvent[] = []
  #curves = this.#conversation.curves

  get wakeAtMs(): number | undefined {
    return this.#conversation.wakeAtMs
  }

  receive(event: LinkEvent, atMs: number): readonly DriverOutput[] {
    const out: DriverOutput[] = []
    if (event.kind === 'bytes') for (const byte of event.bytes) this.#take(byte, atMs, out)
    if (event.kind === 'opened' || event.kind === 'closed') this.#end(out, atMs)
    if (event.kind === 'opened') out.push(...this.#conversation.open(atMs))
    if (event.kind === 'closed') this.#conversation.close()
    this.#follow(out)
    return out
  }

  tick(atMs: number): readonly DriverOutput[] {
    const out: DriverOutput[] = [...this.#conversation.due(atMs)]
    this.#follow(out)
    return out
  }

  #take(byte: number, atMs: number, out: DriverOutput[]): void {
    if (byte >= FIRST_REALTIME_BYTE) {
      this.#realtime.take(byte, out)
      return
    }
    this.#conversation.alive(atMs)
    this.#slow.take(byte, this.#events)
    if (this.#events.length > 0) this.#hearAll(atMs, out)
  }

  #hearAll(atMs: number, out: DriverOutput[]): void {
    for (const event of this.#events) this.#hear(event, atMs, out)
    this.#events.length = 0
  }

  #hear(event: SlowEvent, atMs: number, out: DriverOutput[]): void {
    switch (event.kind) {
      case 'discarded':
        out.push(event)
        break
      case 'control':
        this.#conversation.control(event.control, atMs)
        break
      case 'corrupt-command':
        out.push(...this.#conversation.corruptCommand(atMs))
        break
      case 'message':
        this.#message(event.message, atMs, out)
        break
      default:
        event satisfies never
    }
    this.#follow(out)
  }

  #message(message: Message, atMs: number, out: DriverOutput[]): void {
    if (message.kind === 'command') {
      out.push(...this.#conversation.command(message, atMs))
      return
    }
    out.push(...this.#reader.response(message))
    out.push(...this.#conversation.response(message, this.#reader.offered, atMs))
  }

  /** The stream is read by the curves that were configured last. */
  #follow(out: DriverOutput[]): void {
    if (this.#curves === this.#conversation.curves) return
    this.#curves = this.#conversation.curves
    this.#realtime.configure(this.#curves, out)
  }

  #end(out: DriverOutput[], atMs: number): void {
    this.#realtime.end(out)
    this.#slow.end(this.#events)
    this.#hearAll(atMs, out)
    this.#reader.restart()
  }
}

function line(baudRate: number, parity: SerialLine['parity'], stopBits: 1 | 2 = 1): SerialLine {
  return { kind: 'serial', baudRate, dataBits: 8, parity, stopBits, flowControl: 'none' }
}

const BAUD_RATES = [19_200, 9600, 4800, 2400, 1200] as const
const PARITIES = ['even', 'none', 'odd'] as const
const STOP_BITS = [1, 2] as const
const USUAL_LINE = line(19_200, 'even')

/** All that the Evita and Savina can be set to, and what a V500 was found with. */
const OTHER_LINES: readonly SerialLine[] = [
  ...STOP_BITS.flatMap((stopBits) =>
    BAUD_RATES.flatMap((baudRate) => PARITIES.map((parity) => line(baudRate, parity, stopBits))),
  ).slice(1),
  line(38_400, 'none'),
]

export const medibus: DeviceProtocol = {
  id: 'medibus',
  version: '1.0.0',
  devices: 'Draeger Evita, Evita 2, 2 dura, 4, XL, Savina, Apollo (MEDIBUS)',
  link: USUAL_LINE,
  otherLines: OTHER_LINES,
  source: 'vendor protocol definitions and their examples; no capture from a live device',
  metrics: MEDIBUS_METRICS,
  sends: MEDIBUS_SENDS,
  ttlMs: 5000,
  uncertaintyMs: 2000,
  silenceMs: 15_000,
  createDriver: () => new MedibusDriver(),
  createDecoder: createMedibusDecoder,
}

export const medibusRealtime: CaptureFormat = {
  id: 'medibus-rt',
  meaning:
    'a MEDIBUS realtime stream; --context {"rt_config":[{"code":"00","min":-10,"max":100,"maxbin":880}]}',
  createDecoder: createRealtimeDecoder,
}
