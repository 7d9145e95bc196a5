import { MAX_DISCARD_BYTES } from '../framing/discard-run.ts'
import type { DiscardReason, Discarded } from '../protocol.ts'

/** What was not understood inside a frame that was good; its beginning, when it is long. */
export function discarded(reason: DiscardReason, bytes: Uint8Array): Discarded {
  return { kind: 'discarded', reason, bytes: bytes.slice(0, MAX_DISCARD_BYTES) }
}
