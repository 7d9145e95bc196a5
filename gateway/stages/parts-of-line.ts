/** Which device each output of a line belongs to, where one line carries several. What nobody mapped is not relayed. */

import type { EventSink, Counters } from '../ports.ts'
import { ID_LENGTH, toId } from './spell-id.ts'
import type { Measured } from './run-driver.ts'

export interface LineParts {
  /** The device of the line itself: of outputs without a part. */
  readonly id: string
  /** Device by part. */
  readonly parts?: Readonly<Record<string, string>> | undefined
}

// A line that makes up names must not fill the memory or the events.
const TOLD_LIMIT = 64

/** Every device that stands behind the line, its own first. */
export function devicesOf({ id, parts = {} }: LineParts): readonly string[] {
  return [id, ...Object.values(parts)]
}

/** Undefined for the output of a part that the configuration does not map; it is counted, and each part told once. */
export function createPartRouter(
  { id, parts = {} }: LineParts,
  { counters, events }: { readonly counters: Counters; readonly events: EventSink },
): (output: Measured) => string | undefined {
  const byPart = new Map(Object.entries(parts))
  const told = new Set<string>()

  const tell = (part: string): void => {
    counters.count('not_relayed_total', { reason: 'part-unknown' })
    if (told.has(part) || told.size >= TOLD_LIMIT) return
    told.add(part)
    const add = `parts: { ${part}: <id of its own device row in the inventory> } under the device '${id}'`
    events.emit('technical', 'part-unknown', { device: id, part, add })
  }

  return (output) => {
    const part = 'part' in output ? output.part : undefined
    if (part === undefined) return id
    const spelled = toId(part.slice(0, ID_LENGTH))
    const device = byPart.get(spelled)
    if (device === undefined) tell(spelled)
    return device
  }
}
