/** Keeps messages until the broker has acknowledged them. A journal on disk can take the place of memory behind this. */

import type { Observable } from 'rxjs'
import type { OutboundMessage } from '../ports.ts'
import type { Relayed } from '../stages/relay.ts'

/** A message that is being sent. It stays in the outbox until it is acknowledged. */
export interface Lease {
  readonly device: string
  readonly message: OutboundMessage
}

export interface Outbox {
  /**
   * Keeps a message of this device, behind its earlier ones. Never throws and never blocks: what has no room is dropped,
   * numerics before alerts and states, and waveforms have a small room of their own.
   */
  put(relayed: Relayed): void
  /**
   * The next message to send, or undefined when there is none. Devices take turns; of each device one message is out
   * at a time, so that its order holds whatever becomes of the connection.
   */
  lease(): Lease | undefined
  /** The next block of a waveform, under the same rules; it never waits for what `lease` gives, nor the other way round. */
  leaseLive(): Lease | undefined
  /** The broker has it: forgets it. */
  acknowledge(lease: Lease): void
  /** The broker does not have it: it goes back to the head of its device's queue. A block of a waveform is dropped. */
  giveBack(lease: Lease): void
  /** Tells that a message was put. */
  readonly arrival$: Observable<void>
  /** Messages not yet acknowledged, of all devices, without waveforms. */
  readonly pendingCount: number
}
