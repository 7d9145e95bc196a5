/** Philips IntelliVue over its serial port (MIB): the data export interface in frames with a check. */

import { createStreamDriver } from './framing/parse-stream.ts'
import { Conversation } from './intellivue/conversation.ts'
import { Interpreter } from './intellivue/interpreter.ts'
import { decodeFrame, encodeFrame, FrameGrammar, maxFrameBytes } from './intellivue/mib-frame.ts'
import { INTELLIVUE_METRICS } from './intellivue/read-metrics.ts'
import { sendRules } from './intellivue/send-rules.ts'
import type { DeviceProtocol, Driver, DriverOutput, LinkEvent } from './protocol.ts'

/** Whole user data at a time, from a stream that may begin anywhere. */
function createFrameReader(hear: (userData: Uint8Array) => readonly DriverOutput[]): Driver {
  const grammar = new FrameGrammar()
  return createStreamDriver(grammar, () => {
    grammar.reset()
    return hear
  })
}

class SerialMonitor implements Driver {
  readonly #conversation = new Conversation()
  readonly #frames = createFrameReader((userData) => this.#conversation.hear(userData, this.#nowMs))
  #nowMs = 0

  get wakeAtMs(): number | undefined {
    return this.#conversation.wakeAtMs
  }

  receive(event: LinkEvent, atMs: number): readonly DriverOutput[] {
    this.#nowMs = atMs
    const outputs = this.#frames.receive(event, atMs)
    if (event.kind === 'closed') this.#conversation.closed()
    return framed(event.kind === 'opened' ? [...outputs, ...this.#conversation.opened(atMs)] : outputs)
  }

  tick(atMs: number): readonly DriverOutput[] {
    return framed(this.#conversation.tick(atMs))
  }
}

function framed(outputs: readonly DriverOutput[]): readonly DriverOutput[] {
  return outputs.map((output) =>
    output.kind === 'send' ? { kind: 'send', bytes: encodeFrame(output.bytes) } : output,
  )
}

function createDecoder(): Driver {
  const interpreter = new Interpreter('capture')
  return createFrameReader((userData) => interpreter.interpret(userData).outputs)
}

export const intellivueRs232: DeviceProtocol = {
  id: 'intellivue-rs232',
  version: '1.0.0',
  devices: 'Philips IntelliVue MP, MX, FM, X2 (serial data export, MIB/RS232 port)',
  link: {
    kind: 'serial',
    baudRate: 115_200,
    dataBits: 8,
    parity: 'none',
    stopBits: 1,
    flowControl: 'none',
  },
  source: 'captures of the LAN export and 2887 frames of a serial one; worked examples of the vendor guide',
  metrics: INTELLIVUE_METRICS,
  sends: sendRules({
    unwrap: decodeFrame,
    frontHex: 'c01101',
    isPlain: false,
    sizeBytes: maxFrameBytes,
  }),
  ttlMs: 4000,
  uncertaintyMs: 1500,
  silenceMs: 60_000,
  createDriver: () => new SerialMonitor(),
  createDecoder,
}
