/** Decoding in the tests of single drivers; what is tested of every driver alike is in conformance/. */

import type { DecodedLine } from '../../cli/decoded-line.ts'
import type { DeviceProtocol } from '../../devices/protocol.ts'
import { decodeWith } from './conformance/decode.ts'

export { seededRandom } from './conformance/damage.ts'
export { discardedBytes, withoutDiscards } from './conformance/decode.ts'

/** What the protocol makes of these chunks and the end of the line, as `wardgate decode` prints it. */
export function decodeChunks(
  protocol: DeviceProtocol,
  chunks: readonly Uint8Array[],
): readonly DecodedLine[] {
  return decodeWith(protocol.createDecoder?.() ?? protocol.createDriver(), chunks)
}
