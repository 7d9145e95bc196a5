/**
 * A simulated device that is spoken to: it is associated, polled, kept alive. Bytes and the time go in, messages come
 * out; the line it stands on is somebody else's.
 */

import type { Due } from './timeline.ts'

export interface Talker {
  /** What the device shows from now on; answers what it sends of its own accord. */
  show(due: Due, atMs: number): readonly Uint8Array[]
  /** Bytes from the gateway (over UDP: one datagram). Answers one message after the other; each is one datagram. */
  hear(bytes: Uint8Array, atMs: number): readonly Uint8Array[]
  /** Somebody has opened the line: what counts per connection begins again. */
  connected?(atMs: number): readonly Uint8Array[]
  /** Lets time pass: streams, time-outs. Called at or after `wakeAtMs`. */
  tick?(atMs: number): readonly Uint8Array[]
  readonly wakeAtMs?: number | undefined
}

export interface TalkerOptions {
  readonly seed: number
  /** Ten digits: what the device calls itself. */
  readonly serial: string
}

export type CreateTalker = (options: TalkerOptions) => Talker
