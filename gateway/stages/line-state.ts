/** What the bedside part says of a device's line, made from what happens to it. */

import { distinctUntilChanged, filter, pipe, scan, type OperatorFunction } from 'rxjs'
import { toInstant } from '../contract/instant.ts'
import { CONTRACT_VERSION, type IngestState } from '../contract/reading.ts'
import type { Received } from './run-driver.ts'

export type LineEvent = Extract<Received, { readonly kind: 'line' }>

/** Bytes come, and nobody understands them: the reason of a line that is up and brings nothing. */
export const NOT_UNDERSTOOD = 'not-understood'

/** One state for each change: a line that stays down for the same reason says so once. */
export function lineStates(device: string): OperatorFunction<Received, IngestState> {
  return pipe(
    filter((received) => received.kind === 'line'),
    scan(nextState(device), undefined),
    filter((state) => state !== undefined),
    distinctUntilChanged((a, b) => a.line === b.line && a.reason === b.reason),
  )
}

function nextState(device: string) {
  return (state: IngestState | undefined, event: LineEvent): IngestState | undefined => {
    if (event.phase === 'closed') return lineState(device, 'down', event.reason, event.atMs)
    if (event.phase === 'not-understood') return lineState(device, 'up', NOT_UNDERSTOOD, event.atMs)
    if (event.phase === 'understood') return lineState(device, 'up', 'opened', event.atMs)
    // A terminal opens as well when the device behind it is switched off: after a silence only data prove that it is
    // there again.
    if (event.phase === 'opened' && state?.reason === 'silent') return state
    return state?.line === 'up' ? state : lineState(device, 'up', 'opened', event.atMs)
  }
}

export function lineState(
  device: string,
  line: IngestState['line'],
  reason: string,
  atMs: number,
): IngestState {
  return { v: CONTRACT_VERSION, device, line, t: toInstant(atMs), reason }
}
