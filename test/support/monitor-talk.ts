/** A driver and a simulated device that is spoken to, in one room with one clock: every message arrives at once. */

import type { DeviceProtocol, Driver, DriverOutput, LinkEvent } from '../../devices/protocol.ts'
import { isPermitted } from '../../gateway/stages/permit-command.ts'
import type { Talker } from '../../simulators/talker.ts'
import type { Due } from '../../simulators/timeline.ts'

export interface Heard {
  readonly atMs: number
  readonly output: DriverOutput
}

export interface TalkOptions {
  readonly protocol: DeviceProtocol
  readonly talker: Talker
  /** What becomes of a message on its way; nothing when it is lost. */
  readonly toDriver?: (bytes: Uint8Array, atMs: number) => readonly Uint8Array[]
  readonly toTalker?: (bytes: Uint8Array, atMs: number) => readonly Uint8Array[]
}

export class MonitorTalk {
  readonly heard: Heard[] = []
  readonly sent: { readonly atMs: number; readonly bytes: Uint8Array }[] = []
  readonly forbidden: Uint8Array[] = []
  readonly #options: TalkOptions
  readonly driver: Driver
  nowMs: number

  constructor(options: TalkOptions, startMs = Date.parse('2026-09-20T10:15:00Z')) {
    this.#options = options
    this.driver = options.protocol.createDriver()
    this.nowMs = startMs
  }

  open(): void {
    this.#answer(this.#options.talker.connected?.(this.nowMs) ?? [])
    this.#feed({ kind: 'opened' })
  }

  close(): void {
    this.#feed({ kind: 'closed', reason: 'cable pulled' })
  }

  show(due: Due): void {
    this.#answer(this.#options.talker.show(due, this.nowMs))
  }

  /** Lets both sides live until then. */
  runUntil(untilMs: number): void {
    for (;;) {
      const { talker } = this.#options
      const dueMs = Math.min(this.driver.wakeAtMs ?? Infinity, talker.wakeAtMs ?? Infinity)
      if (dueMs > untilMs) break
      this.nowMs = Math.max(this.nowMs + 1, dueMs)
      if ((talker.wakeAtMs ?? Infinity) <= this.nowMs) this.#answer(talker.tick?.(this.nowMs) ?? [])
      if ((this.driver.wakeAtMs ?? Infinity) <= this.nowMs) this.#take(this.driver.tick?.(this.nowMs) ?? [])
    }
    this.nowMs = Math.max(this.nowMs, untilMs)
  }

  #answer(messages: readonly Uint8Array[]): void {
    const { toDriver = (bytes) => [bytes] } = this.#options
    for (const message of messages)
      for (const bytes of toDriver(message, this.nowMs)) this.#feed({ kind: 'bytes', bytes })
  }

  #feed(event: LinkEvent): void {
    this.#take(this.driver.receive(event, this.nowMs))
  }

  #take(outputs: readonly DriverOutput[]): void {
    const { protocol, talker, toTalker = (bytes) => [bytes] } = this.#options
    for (const output of outputs) {
      this.heard.push({ atMs: this.nowMs, output })
      if (output.kind !== 'send') continue
      this.sent.push({ atMs: this.nowMs, bytes: output.bytes })
      if (!isPermitted(output, protocol.sends)) this.forbidden.push(output.bytes)
      for (const bytes of toTalker(output.bytes, this.nowMs)) this.#answer(talker.hear(bytes, this.nowMs))
    }
  }
}
