/** L2CAP basic frames in a stream: length u16 of the payload, channel u16, payload; all little-endian. */

export const ATT_CHANNEL = 0x0004
/** Ours, unused by Bluetooth: carries what a controller would report about the link. */
export const CONTROL_CHANNEL = 0x0040

const HEADER_BYTES = 4

export interface L2capFrame {
  readonly channel: number
  readonly payload: Uint8Array
}

interface Reassembled {
  readonly frames: readonly L2capFrame[]
  /** Payload size of a frame beyond the cap. The length is the only framing: nothing after it can be found again. */
  readonly oversizeBytes?: number
}

export interface L2capReassembler {
  /** Takes the next piece of the stream, cut anywhere. After an oversize frame everything is ignored. */
  push(chunk: Uint8Array): Reassembled
}

export function encodeL2capFrame({ channel, payload }: L2capFrame): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + payload.length)
  const view = new DataView(frame.buffer)
  view.setUint16(0, payload.length, true)
  view.setUint16(2, channel, true)
  frame.set(payload, HEADER_BYTES)
  return frame
}

export function createL2capReassembler(maxPayloadBytes: number): L2capReassembler {
  const buffer = new Uint8Array(HEADER_BYTES + maxPayloadBytes)
  const view = new DataView(buffer.buffer)
  let heldBytes = 0
  let isBroken = false

  const wantedBytes = (): number =>
    heldBytes < HEADER_BYTES ? HEADER_BYTES : HEADER_BYTES + view.getUint16(0, true)

  return {
    push(chunk) {
      const frames: L2capFrame[] = []
      let rest = chunk
      while (!isBroken) {
        const wanted = wantedBytes()
        if (wanted > buffer.length) {
          isBroken = true
          return { frames, oversizeBytes: wanted - HEADER_BYTES }
        }
        const piece = rest.subarray(0, wanted - heldBytes)
        buffer.set(piece, heldBytes)
        heldBytes += piece.length
        rest = rest.subarray(piece.length)
        if (heldBytes < wanted) break
        if (heldBytes < wantedBytes()) continue
        frames.push({ channel: view.getUint16(2, true), payload: buffer.slice(HEADER_BYTES, heldBytes) })
        heldBytes = 0
      }
      return { frames }
    },
  }
}
