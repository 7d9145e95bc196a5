/** A driver and a simulated device on one line in memory, with a clock that moves when it is told to. */

import type { DeviceProtocol, Driver, DriverOutput } from '../../devices/protocol.ts'
import { isPermitted } from '../../gateway/stages/permit-command.ts'
import type { Talker } from '../../simulators/talker.ts'

const STEP_MS = 10

export class LineInMemory {
  readonly #protocol: DeviceProtocol
  readonly #talker: Talker
  readonly driver: Driver
  readonly outputs: DriverOutput[] = []
  /** What the driver sent, as hex. */
  readonly sent: string[] = []
  /** What the driver wanted to send and may not. */
  readonly forbidden: DriverOutput[] = []
  /** False: the cable to the device is cut, what the driver sends is lost. */
  isHeard = true
  nowMs = Date.parse('2026-09-20T10:15:00Z')

  constructor(protocol: DeviceProtocol, talker: Talker) {
    this.#protocol = protocol
    this.#talker = talker
    this.driver = protocol.createDriver()
  }

  open(): void {
    const first = this.#talker.connected?.(this.nowMs) ?? []
    this.#take(this.driver.receive({ kind: 'opened' }, this.nowMs))
    this.#say(first)
  }

  close(): void {
    this.#take(this.driver.receive({ kind: 'closed', reason: 'cable pulled' }, this.nowMs))
  }

  /** Bytes of somebody else on the line. */
  inject(bytes: Uint8Array): void {
    this.#take(this.driver.receive({ kind: 'bytes', bytes }, this.nowMs))
  }

  advance(byMs: number): void {
    const endMs = this.nowMs + byMs
    while (this.nowMs < endMs) {
      this.nowMs += STEP_MS
      if ((this.#talker.wakeAtMs ?? Infinity) <= this.nowMs) this.#say(this.#talker.tick?.(this.nowMs) ?? [])
      if ((this.driver.wakeAtMs ?? Infinity) <= this.nowMs) this.#take(this.driver.tick?.(this.nowMs) ?? [])
    }
  }

  show(due: Parameters<Talker['show']>[0]): void {
    this.#say(this.#talker.show(due, this.nowMs))
  }

  #say(messages: readonly Uint8Array[]): void {
    for (const bytes of messages) this.inject(bytes)
  }

  #take(outputs: readonly DriverOutput[]): void {
    for (const output of outputs) {
      if (output.kind !== 'send') {
        this.outputs.push(output)
        continue
      }
      if (!isPermitted(output, this.#protocol.sends)) this.forbidden.push(output)
      this.sent.push(Buffer.from(output.bytes).toString('hex'))
      if (this.isHeard) this.#say(this.#talker.hear(output.bytes, this.nowMs))
    }
  }
}
