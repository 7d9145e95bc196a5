import type { Text } from '../../devices/protocol.ts'
import type { EventSink } from '../ports.ts'

/** Tells which physical device is on the line, and raises it when that changes under the same configured id. */
export function createIdentityWatch(device: string, events: EventSink): (text: Text) => void {
  const known = new Map<string, string>()
  return ({ name, value, isIdentity }) => {
    if (isIdentity !== true) return
    const now = typeof value === 'object' ? value.join(' ') : String(value)
    const before = known.get(name)
    if (before === now) return
    known.set(name, now)
    if (before === undefined) events.emit('technical', 'device-identified', { device, name, value: now })
    else events.emit('security', 'device-identity-changed', { device, name, before, now })
  }
}
