/** Every protocol wardgate speaks, one line each. A new driver adds its import and its line, and nothing else. */

import type { DeviceProtocol } from './protocol.ts'

export const PROTOCOLS: readonly DeviceProtocol[] = []

/** The protocol with this id, or undefined. */
export function protocolById(id: string): DeviceProtocol | undefined {
  return PROTOCOLS.find((protocol) => protocol.id === id)
}
