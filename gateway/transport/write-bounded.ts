import type { Duplex } from 'node:stream'

// Commands to a device are a few bytes. More than this waiting means that the line takes none.
const WAITING_LIMIT_BYTES = 4096

/** Writes to a line, and refuses instead of queueing without end when the line takes nothing. */
export function writeBounded(stream: Duplex, bytes: Uint8Array, failed: (reason: string) => void): void {
  if (stream.writableLength + bytes.length > WAITING_LIMIT_BYTES) {
    failed('line-takes-no-bytes')
    return
  }
  stream.write(bytes, (error) => {
    if (error !== null && error !== undefined) failed('write-failed')
  })
}
