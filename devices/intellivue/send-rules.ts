/** The closed list of what a driver may send, for either transport. */

import { hexOf } from '../framing/hex.ts'
import type { SendRule } from '../protocol.ts'
import { isRequest, REQUEST_MEANINGS, requestNames, templateOf, type RequestName } from './requests.ts'
import { isWaveListRequest, MAX_WAVE_LIST_BYTES, WAVE_LIST_FRONT_HEX } from './wave-list.ts'

/** How user data stands on the line. */
export interface Transport {
  /** Undefined for anything but one whole message. */
  unwrap(bytes: Uint8Array): Uint8Array | undefined
  /** What every message begins with, before its own front. */
  readonly frontHex: string
  /** Whether the front of the user data follows at once, as it is. */
  readonly isPlain: boolean
  sizeBytes(userBytes: number): number
}

export function sendRules(transport: Transport): readonly SendRule[] {
  const fixed = requestNames().map((name) => fixedRule(name, transport))
  return [...fixed, waveListRule(transport)]
}

function fixedRule(name: RequestName, transport: Transport): SendRule {
  const { sizeBytes, front } = templateOf(name)
  return {
    kind: 'send',
    prefixHex: prefixOf(hexOf(front), transport),
    maxBytes: transport.sizeBytes(sizeBytes),
    meaning: REQUEST_MEANINGS[name],
    permits: permitting(transport, (userData) => isRequest(name, userData)),
  }
}

function waveListRule(transport: Transport): SendRule {
  return {
    kind: 'send',
    prefixHex: prefixOf(WAVE_LIST_FRONT_HEX, transport),
    maxBytes: transport.sizeBytes(MAX_WAVE_LIST_BYTES),
    meaning: 'choose which known waves are exported',
    permits: permitting(transport, isWaveListRequest),
  }
}

function prefixOf(userHex: string, { frontHex, isPlain }: Transport): string {
  return isPlain ? frontHex + userHex : frontHex
}

function permitting(
  transport: Transport,
  isPermitted: (userData: Uint8Array) => boolean,
): (bytes: Uint8Array) => boolean {
  return (bytes) => {
    const userData = transport.unwrap(bytes)
    return userData !== undefined && isPermitted(userData)
  }
}
