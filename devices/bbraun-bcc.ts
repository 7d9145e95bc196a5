/** B. Braun BCC: up to 24 syringe and volumetric pumps (Space, CompactPlus) behind one ComDevice, asked one by one. */

import { Conversation } from './bcc/conversation.ts'
import { bccGrammar } from './bcc/frame.ts'
import type { BccUnit } from './bcc/frame.ts'
import { Rack } from './bcc/rack.ts'
import { SENDS } from './bcc/requests.ts'
import { createStreamDriver } from './framing/parse-stream.ts'
import { METRICS } from './metrics.ts'
import type { DeviceProtocol, Driver, DriverOutput, LinkEvent, SerialLine } from './protocol.ts'

const DAMAGE: ReadonlySet<string> = new Set(['checksum', 'malformed', 'truncated'])

class BccDriver implements Driver {
  readonly #rack = new Rack()
  readonly #talk = new Conversation()
  readonly #stream: Driver
  #nowMs = 0

  constructor() {
    this.#stream = createStreamDriver(bccGrammar, () => (unit) => this.#read(unit))
  }

  get wakeAtMs(): number | undefined {
    return this.#talk.wakeAtMs
  }

  receive(event: LinkEvent, atMs: number): readonly DriverOutput[] {
    this.#nowMs = atMs
    const out = this.#stream.receive(event, atMs)
    if (event.kind === 'opened') return [...out, ...this.#talk.open(atMs)]
    if (event.kind === 'closed') this.#talk.close()
    const last = out.at(-1)
    if (event.kind === 'bytes' && last?.kind === 'discarded' && DAMAGE.has(last.reason))
      this.#talk.hearDamage(atMs)
    return out
  }

  tick(atMs: number): readonly DriverOutput[] {
    return this.#talk.tick(atMs)
  }

  #read(unit: BccUnit): readonly DriverOutput[] {
    // The rack's own ACK and NAK say nothing about a patient.
    if (unit.kind === 'control') return []
    const out = this.#rack.read(unit)
    return this.#talk.hear(unit, this.#nowMs) ? [...out, ...this.#rack.endRound()] : out
  }
}

function createDecoder(): Driver {
  const rack = new Rack()
  return createStreamDriver(bccGrammar, () => (unit) => rack.read(unit))
}

function line(baudRate: number): SerialLine {
  return { kind: 'serial', baudRate, dataBits: 8, parity: 'none', stopBits: 1, flowControl: 'none' }
}

export const bbraunBcc: DeviceProtocol = {
  id: 'bbraun-bcc',
  version: '1.0.0',
  devices: 'B. Braun Space and CompactPlus infusion pumps behind a ComDevice (serial, or TCP 4001)',
  link: line(9600),
  otherLines: [19200, 38400, 57600, 115200].map(line),
  source: 'vendor interface specification BCC 4.0; printed examples recomputed; no live capture',
  metrics: [
    METRICS.MDC_FLOW_FLUID_PUMP,
    METRICS.MDC_VOL_FLUID_TBI,
    METRICS.MDC_VOL_FLUID_TBI_REMAIN,
    METRICS.MDC_VOL_FLUID_DELIV,
    METRICS.MDC_TIME_PD_REMAIN,
    METRICS.MDC_CONC_DRUG,
    METRICS.MDC_RATE_DOSE,
  ],
  sends: SENDS,
  ttlMs: 30_000,
  uncertaintyMs: 6_000,
  silenceMs: 30_000,
  createDriver: () => new BccDriver(),
  createDecoder,
}
