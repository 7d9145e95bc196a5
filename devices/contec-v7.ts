/** Contec CMS50 with protocol V7.0: asked once, it sends live packets for as long as it is kept alive. */

import {
  type ContecCommand,
  COMMANDS,
  createContecGrammar,
  encodeCommand,
  PACKET_BYTES,
} from './contec-packet.ts'
import type { ContecUnit } from './contec-packet.ts'
import { ContecSession } from './contec-reading.ts'
import { createBlockDriver, type BlockSession } from './framing/block-driver.ts'
import { hexOf } from './framing/hex.ts'
import { METRICS } from './metrics.ts'
import type { CaptureFormat, DeviceProtocol, Driver, DriverOutput, LinkEvent, SendRule } from './protocol.ts'

/** "Keep-alive every 5 s." */
const KEEP_ALIVE_MS = 5000
/** A stream that has stopped is asked for again: the device may have been off when the line was opened. */
const QUIET_MS = 2000

const ON_OPENING: readonly ContecCommand[] = ['deviceId', 'perfusionSupport', 'startLive']
/** Stopping is not among them: whoever else listens to the device would lose its stream. */
const MAY_SEND: readonly ContecCommand[] = [...ON_OPENING, 'keepAlive']

/** A session that also notices whether the live stream runs. */
class LiveSession implements BlockSession<ContecUnit> {
  readonly #readings = new ContecSession()
  readonly #onLive: () => void

  constructor(onLive: () => void) {
    this.#onLive = onLive
  }

  take(unit: ContecUnit, isAfterLoss: boolean): readonly DriverOutput[] {
    if (unit.kind === 'text') return [unit]
    this.#onLive()
    return this.#readings.take(unit.packet, isAfterLoss)
  }

  flush(): readonly DriverOutput[] {
    return this.#readings.flush()
  }
}

class ContecDriver implements Driver {
  #isLive = false
  #liveAtMs = 0
  #wakeAtMs: number | undefined
  readonly #stream = createBlockDriver(
    createContecGrammar('device'),
    () =>
      new LiveSession(() => {
        this.#isLive = true
      }),
  )

  get wakeAtMs(): number | undefined {
    return this.#wakeAtMs
  }

  receive(event: LinkEvent, atMs: number): readonly DriverOutput[] {
    this.#isLive = false
    const outputs = this.#stream.receive(event, atMs)
    if (this.#isLive) this.#liveAtMs = atMs
    if (event.kind === 'closed') this.#wakeAtMs = undefined
    if (event.kind !== 'opened') return outputs
    this.#liveAtMs = atMs
    this.#wakeAtMs = atMs + KEEP_ALIVE_MS
    return [...outputs, ...ON_OPENING.map(send)]
  }

  tick(atMs: number): readonly DriverOutput[] {
    if (this.#wakeAtMs === undefined || atMs < this.#wakeAtMs) return []
    this.#wakeAtMs = atMs + KEEP_ALIVE_MS
    const isQuiet = atMs - this.#liveAtMs >= QUIET_MS
    return isQuiet ? [send('startLive'), send('keepAlive')] : [send('keepAlive')]
  }
}

function send(command: ContecCommand): DriverOutput {
  return { kind: 'send', bytes: encodeCommand(command) }
}

function createDecoder(): Driver {
  return createBlockDriver(createContecGrammar('both'), () => new LiveSession(() => undefined))
}

export const contecV7: DeviceProtocol = {
  id: 'contec-v7',
  version: '1.0.0',
  devices: 'Contec CMS50D+ V7, CMS50E, CMS50EW, CMS50FW (protocol V7.0)',
  link: {
    kind: 'serial',
    baudRate: 115_200,
    dataBits: 8,
    parity: 'none',
    stopBits: 1,
    flowControl: 'none',
  },
  source: 'vendor document V7.0; open-source programs; no live capture',
  metrics: [METRICS.MDC_PULS_OXIM_PULS_RATE, METRICS.MDC_PULS_OXIM_SAT_O2, METRICS.MDC_BLD_PERF_INDEX],
  sends: MAY_SEND.map((command): SendRule => {
    const bytes = encodeCommand(command)
    return {
      kind: 'send',
      prefixHex: hexOf(bytes),
      maxBytes: PACKET_BYTES,
      meaning: COMMANDS[command].words,
    }
  }),
  ttlMs: 3000,
  uncertaintyMs: 4000,
  // Long enough for two more requests before the line is opened anew.
  silenceMs: 15_000,
  createDriver: () => new ContecDriver(),
  createDecoder,
}

export const contecV7Command: CaptureFormat = {
  id: 'contec-v7-command',
  meaning: 'what a host says to a Contec oximeter with protocol V7.0',
  createDecoder,
}
