import type { Text } from '../../devices/protocol.ts'
import type { EventSink } from '../ports.ts'

/** A sender that makes up beds must not fill the memory. */
const MAX_KNOWN = 1024

/** Tells which physical device is on the line, and raises it when that changes under the same configured id. */
export function createIdentityWatch(device: string, events: EventSink): (text: Text) => void {
  const known = new Map<string, string>()
  return ({ name, value, isIdentity, part }) => {
    if (isIdentity !== true || value === null) return
    // Each pump of a rack and each bed of a gateway has a number of its own.
    const key = `${part ?? ''} ${name}`
    const where = part === undefined ? { device, name } : { device, part, name }
    const now = Array.isArray(value) ? value.join(' ') : String(value)
    const before = known.get(key)
    if (before === now) return
    known.set(key, now)
    const [oldest] = known.keys()
    if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest)
    if (before === undefined) events.emit('technical', 'device-identified', { ...where, value: now })
    else events.emit('security', 'device-identity-changed', { ...where, before, now })
  }
}
