/** Philips IntelliVue over UDP port 24105: the same user data as on the serial line, one message a datagram, no check. */

import { Conversation } from './intellivue/conversation.ts'
import { discarded } from './intellivue/discarded.ts'
import { Interpreter } from './intellivue/interpreter.ts'
import { INTELLIVUE_METRICS } from './intellivue/read-metrics.ts'
import { sendRules } from './intellivue/send-rules.ts'
import type { DeviceProtocol, Driver, DriverOutput, LinkEvent } from './protocol.ts'

/** What the association request says that may come. */
const MAX_DATAGRAM_BYTES = 0x3000

type Hear = (userData: Uint8Array, atMs: number) => readonly DriverOutput[]

function heard(bytes: Uint8Array, atMs: number, hear: Hear): readonly DriverOutput[] {
  return bytes.length > MAX_DATAGRAM_BYTES ? [discarded('overflow', bytes)] : hear(bytes, atMs)
}

class NetworkMonitor implements Driver {
  readonly #conversation = new Conversation()

  get wakeAtMs(): number | undefined {
    return this.#conversation.wakeAtMs
  }

  receive(event: LinkEvent, atMs: number): readonly DriverOutput[] {
    if (event.kind === 'opened') return this.#conversation.opened(atMs)
    if (event.kind === 'closed') this.#conversation.closed()
    if (event.kind !== 'bytes') return []
    return heard(event.bytes, atMs, (userData) => this.#conversation.hear(userData, atMs))
  }

  tick(atMs: number): readonly DriverOutput[] {
    return this.#conversation.tick(atMs)
  }
}

function createDecoder(): Driver {
  const interpreter = new Interpreter('capture')
  return {
    receive: (event, atMs) =>
      event.kind === 'bytes'
        ? heard(event.bytes, atMs, (userData) => interpreter.interpret(userData).outputs)
        : [],
  }
}

export const intellivueLan: DeviceProtocol = {
  id: 'intellivue-lan',
  version: '1.0.0',
  devices: 'Philips IntelliVue MP, MX, FM, X2 (LAN data export)',
  link: { kind: 'udp', port: 24_105 },
  source: 'captures of a live association in demonstration mode; layouts cross-checked in public decoders',
  metrics: INTELLIVUE_METRICS,
  sends: sendRules({ unwrap: (bytes) => bytes, frontHex: '', isPlain: true, sizeBytes: (size) => size }),
  ttlMs: 4000,
  uncertaintyMs: 1500,
  silenceMs: 60_000,
  createDriver: () => new NetworkMonitor(),
  createDecoder,
}
