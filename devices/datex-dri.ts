/**
 * GE / Datex-Ohmeda monitors over their computer interface (DRI): the gateway subscribes, the monitor sends displayed
 * values, waves and alarms from then on.
 */

import { AlertsShown } from './alerts-shown.ts'
import { CARDIAC_METRICS } from './dri/cardiac-groups.ts'
import { bareRecordGrammar } from './dri/bare-record.ts'
import { driGrammar } from './dri/frame.ts'
import { OTHER_METRICS } from './dri/other-groups.ts'
import { readDriBytes } from './dri/reader.ts'
import { ASK } from './dri/requests.ts'
import { Subscriptions } from './dri/subscriptions.ts'
import { hexOf } from './framing/hex.ts'
import { createStreamDriver } from './framing/parse-stream.ts'
import type {
  CaptureFormat,
  DeviceProtocol,
  Driver,
  DriverOutput,
  LinkEvent,
  SendRule,
  SerialLine,
} from './protocol.ts'

const LINE: SerialLine = {
  kind: 'serial',
  baudRate: 19_200,
  dataBits: 8,
  parity: 'even',
  stopBits: 1,
  flowControl: 'rts-cts',
}

class DriDriver implements Driver {
  // Which alarms were shown outlives a connection: what ended meanwhile is told.
  readonly #alerts = new AlertsShown()
  readonly #stream = createStreamDriver(driGrammar, () => (record) => readDriBytes(record, this.#alerts))
  readonly #subscriptions = new Subscriptions()

  get wakeAtMs(): number | undefined {
    return this.#subscriptions.wakeAtMs
  }

  receive(event: LinkEvent, atMs: number): readonly DriverOutput[] {
    const outputs = this.#stream.receive(event, atMs)
    if (event.kind === 'opened') return [...outputs, ...this.#subscriptions.begin(atMs)]
    if (event.kind === 'closed') this.#subscriptions.end()
    this.#subscriptions.heard(outputs, atMs)
    return outputs
  }

  tick(atMs: number): readonly DriverOutput[] {
    return this.#subscriptions.due(atMs)
  }
}

function exactly(bytes: Uint8Array, meaning: string): SendRule {
  return { kind: 'send', prefixHex: hexOf(bytes), maxBytes: bytes.length, meaning }
}

export const datexDri: DeviceProtocol = {
  id: 'datex-dri',
  version: '1.0.0',
  devices: 'GE / Datex-Ohmeda S/5 monitors, CARESCAPE B20 to B850 (computer interface)',
  link: LINE,
  otherLines: [{ ...LINE, baudRate: 115_200 }],
  source:
    'vendor interface specification; a captured waveform record; widths in the alarm record not confirmed by a capture',
  metrics: [...CARDIAC_METRICS, ...OTHER_METRICS],
  sends: [
    exactly(ASK.displayed, 'send the displayed values, basic class, every 5 s'),
    exactly(ASK.waves, 'send seven curves, 600 samples/s together'),
    exactly(ASK.alarmStatus, 'send the alarm status'),
    exactly(ASK.alarmChanges, 'send the alarm status when it changes'),
  ],
  ttlMs: 15_000,
  uncertaintyMs: 5000,
  silenceMs: 30_000,
  createDriver: () => new DriDriver(),
  createDecoder: () => {
    const alerts = new AlertsShown()
    return createStreamDriver(driGrammar, () => (record) => readDriBytes(record, alerts))
  },
}

/** Bare records as some programs store them: flags, escapes and sum are gone, so nothing checks the bytes. */
export const datexDriRecord: CaptureFormat = {
  id: 'datex-dri-record',
  meaning: 'records of the Datex-Ohmeda computer interface without flags, escapes and checksum',
  createDecoder: () => createRecordDriver(),
}

function createRecordDriver(): Driver {
  const alerts = new AlertsShown()
  return createStreamDriver(bareRecordGrammar, () => (record) => readDriBytes(record, alerts))
}
