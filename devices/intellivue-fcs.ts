/** A bare frame without header, as the vendor's guide prints its examples of the frame check: C0 | data | FCS | C1. */

import { discarded } from './intellivue/discarded.ts'
import { readBareFrame } from './intellivue/mib-frame.ts'
import type { CaptureFormat, DriverOutput } from './protocol.ts'

export const intellivueFcs: CaptureFormat = {
  id: 'intellivue-fcs',
  meaning: 'one frame of the IntelliVue serial line without its header; give each on a line of its own',
  createDecoder: () => ({
    receive: (event) => (event.kind === 'bytes' ? readExample(event.bytes) : []),
  }),
}

function readExample(bytes: Uint8Array): readonly DriverOutput[] {
  const frame = readBareFrame(bytes)
  if ('reason' in frame) return [discarded(frame.reason, bytes)]
  const value = `0x${frame.fcs.toString(16).toUpperCase().padStart(4, '0')}`
  return [{ kind: 'text', name: 'fcs', value }]
}
