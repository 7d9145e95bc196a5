/** A driver and a simulated device that is spoken to, on a line of no length, in time that somebody else moves. */

import type { Command, DeviceProtocol, Driver, DriverOutput } from '../../devices/protocol.ts'
import { isPermitted } from '../../gateway/stages/permit-command.ts'
import type { Talker } from '../../simulators/talker.ts'
import type { Due } from '../../simulators/timeline.ts'
import { isCommand } from './conformance/output-faults.ts'

export interface Heard {
  readonly atMs: number
  readonly output: Exclude<DriverOutput, Command>
}

/** Wakes in one span of time: a conversation that needs more goes round in circles. */
const MAX_WAKES = 20_000
const SHORTEST_WAKE_MS = 10

export class Conversation {
  readonly heard: Heard[] = []
  readonly sent: Uint8Array[] = []
  readonly #protocol: DeviceProtocol
  readonly #driver: Driver
  readonly #talker: Talker
  #atMs: number

  constructor(protocol: DeviceProtocol, talker: Talker, atMs: number) {
    this.#protocol = protocol
    this.#driver = protocol.createDriver()
    this.#talker = talker
    this.#atMs = atMs
  }

  open(): void {
    this.#toDriver(this.#talker.connected?.(this.#atMs) ?? [])
    this.#take(this.#driver.receive({ kind: 'opened' }, this.#atMs))
  }

  close(): void {
    this.#take(this.#driver.receive({ kind: 'closed', reason: 'end of test' }, this.#atMs))
  }

  show(due: Due): void {
    this.#toDriver(this.#talker.show(due, this.#atMs))
  }

  /** Lets both live until `atMs`. */
  runTo(atMs: number): void {
    for (let wakes = 0; wakes < MAX_WAKES; wakes += 1) {
      const next = Math.min(this.#driver.wakeAtMs ?? Infinity, this.#talker.wakeAtMs ?? Infinity)
      if (next > atMs) {
        this.#atMs = Math.max(this.#atMs, atMs)
        return
      }
      this.#atMs = Math.max(this.#atMs, next)
      if ((this.#talker.wakeAtMs ?? Infinity) <= this.#atMs)
        this.#toDriver(this.#talker.tick?.(this.#atMs) ?? [])
      if ((this.#driver.wakeAtMs ?? Infinity) <= this.#atMs) this.#take(this.#driver.tick?.(this.#atMs) ?? [])
      // Whoever wants to be woken in the past waits a little, as in the gateway.
      if (Math.min(this.#driver.wakeAtMs ?? Infinity, this.#talker.wakeAtMs ?? Infinity) <= this.#atMs)
        this.#atMs += SHORTEST_WAKE_MS
    }
    throw new Error(`${this.#protocol.id}: more than ${MAX_WAKES} wakes`)
  }

  #toDriver(messages: readonly Uint8Array[]): void {
    for (const bytes of messages) this.#take(this.#driver.receive({ kind: 'bytes', bytes }, this.#atMs))
  }

  #take(outputs: readonly DriverOutput[]): void {
    for (const output of outputs) {
      if (!isCommand(output)) {
        this.heard.push({ atMs: this.#atMs, output })
        continue
      }
      if (output.kind !== 'send' || !isPermitted(output, this.#protocol.sends))
        throw new Error(`${this.#protocol.id} may not send this: ${JSON.stringify(output)}`)
      this.sent.push(output.bytes)
      this.#toDriver(this.#talker.hear(output.bytes, this.#atMs))
    }
  }
}
