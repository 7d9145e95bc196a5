/** What of a CONNECT Aedes lets pass although MQTT 3.1.1 does not. Pure. */

import type { ConnectPacket } from 'aedes'
import { isTopic } from '../security/topic-filter.ts'

export type ConnectFault = 'will-topic' | 'will-qos' | 'password-without-user-name'

/** Undefined when the CONNECT may go on. */
export function connectFault({ will, username, password }: ConnectPacket): ConnectFault | undefined {
  if (will !== undefined) {
    // [MQTT-4.7.3-1], [MQTT-3.3.2-2]: the will is a PUBLISH like any other.
    if (!isTopic(will.topic)) return 'will-topic'
    // [MQTT-3.1.2-14]; the wire can carry 3, whatever the type says.
    if (Number(will.qos) > 2) return 'will-qos'
  }
  // [MQTT-3.1.2-22]
  if (password !== undefined && username === undefined) return 'password-without-user-name'
  return undefined
}
