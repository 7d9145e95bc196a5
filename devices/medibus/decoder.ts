/** Captured bytes of either direction, without a conversation; and a realtime stream whose curves are known. */

import type { Driver, DriverOutput, LinkEvent } from '../protocol.ts'
import { CODE, commandName } from './codes.ts'
import { checkedCurve, type Curve } from './curves.ts'
import type { Message } from './message.ts'
import { MedibusReader } from './reader.ts'
import { Realtime } from './realtime.ts'
import { SlowLine, type SlowEvent } from './slow-line.ts'

const FIRST_REALTIME_BYTE = 0x80
const CURVE_CHOICE_LETTERS = 4

/** Answers that are no more than that they came. */
const BARE_ANSWERS: ReadonlySet<number> = new Set([
  CODE.icc,
  CODE.nop,
  CODE.nak,
  CODE.stop,
  CODE.timeChanged,
  CODE.realtimeConfigure,
  CODE.realtimeChanged,
])

class MedibusDecoder implements Driver {
  readonly #slow = new SlowLine()
  readonly #realtime = new Realtime('skipped')
  readonly #reader = new MedibusReader()
  readonly #events: SlowEvent[] = []

  constructor(curves?: readonly Curve[]) {
    this.#realtime.configure(curves, [])
  }

  receive(event: LinkEvent): readonly DriverOutput[] {
    const out: DriverOutput[] = []
    if (event.kind === 'bytes') for (const byte of event.bytes) this.#take(byte, out)
    if (event.kind === 'closed' || event.kind === 'opened') this.#end(out)
    return out
  }

  #take(byte: number, out: DriverOutput[]): void {
    if (byte >= FIRST_REALTIME_BYTE) this.#realtime.take(byte, out)
    else {
      this.#slow.take(byte, this.#events)
      if (this.#events.length > 0) this.#hear(out)
    }
  }

  #end(out: DriverOutput[]): void {
    this.#realtime.end(out)
    this.#slow.end(this.#events)
    this.#hear(out)
    this.#reader.restart()
  }

  #hear(out: DriverOutput[]): void {
    for (const event of this.#events) {
      if (event.kind === 'discarded') out.push(event)
      else if (event.kind === 'message') out.push(...this.#message(event.message, out))
    }
    this.#events.length = 0
  }

  #message(message: Message, out: DriverOutput[]): readonly DriverOutput[] {
    const { kind, code, data } = message
    if (kind === 'command') {
      if (code === CODE.realtimeConfigure) this.#realtime.configure(this.#chosen(data), out)
      return [{ kind: 'text', name: 'command', value: commandName(code) }]
    }
    if (BARE_ANSWERS.has(code) && data === '')
      return [{ kind: 'text', name: 'response', value: commandName(code) }]
    return this.#reader.response(message)
  }

  /** The curves of a captured configure command, where the answer that describes them was captured too. */
  #chosen(data: string): readonly Curve[] | undefined {
    if (data.length === 0 || data.length % CURVE_CHOICE_LETTERS !== 0) return undefined
    const curves: Curve[] = []
    for (let at = 0; at < data.length; at += CURVE_CHOICE_LETTERS) {
      const code = data.slice(at, at + 2)
      const curve = this.#reader.offered.find((offered) => offered.code === code)
      if (curve === undefined) return undefined
      curves.push(curve)
    }
    return curves
  }
}

export function createMedibusDecoder(): Driver {
  return new MedibusDecoder()
}

/** The step of the documented example; a description without it has this one. */
const USUAL_INTERVAL_US = 16_000

/** `context` is `{"rt_config":[{"code":"00","min":-10,"max":100,"maxbin":880}, ...]}` in the order of configuration. */
export function createRealtimeDecoder(context: Readonly<Record<string, unknown>>): Driver {
  const rows = context['rt_config']
  const curves = Array.isArray(rows) ? rows.map(curveOf) : []
  const isComplete = curves.length > 0 && curves.every((curve) => curve !== undefined)
  return new MedibusDecoder(isComplete ? curves.flatMap((curve) => curve ?? []) : undefined)
}

function curveOf(row: unknown): Curve | undefined {
  if (typeof row !== 'object' || row === null) return undefined
  const fields = new Map<string, unknown>(Object.entries(row))
  const number = (key: string): number | undefined => {
    const value = fields.get(key)
    return typeof value === 'number' ? value : undefined
  }
  const code = fields.get('code')
  return checkedCurve({
    code: typeof code === 'string' ? code : undefined,
    intervalUs: number('interval_us') ?? USUAL_INTERVAL_US,
    min: number('min'),
    max: number('max'),
    maxBin: number('maxbin'),
  })
}
