/** The link of a simulated peripheral to its one central. */

import type { Socket } from 'node:net'
import {
  encodeAirMessage,
  LONGEST_AIR_PAYLOAD_BYTES,
  parseAirMessage,
  type AirMessage,
  type DisconnectReason,
} from '../../devices/framing/air.ts'
import {
  ATT_CHANNEL,
  CONTROL_CHANNEL,
  createL2capReassembler,
  encodeL2capFrame,
} from '../../devices/framing/l2cap.ts'

export interface AirEnd {
  readonly tell: (message: AirMessage) => void
  readonly sendAtt: (payload: Uint8Array) => void
  /** Says why, and leaves. */
  readonly leave: (reason: DisconnectReason) => void
  /** Leaves without a word. */
  readonly vanish: () => void
  /** From now on nothing is heard and nothing is said. */
  readonly goDeaf: () => void
}

export interface AirEndListener {
  readonly onMessage: (message: AirMessage) => void
  readonly onAtt: (payload: Uint8Array) => void
  /** Once, also after `leave` and `vanish`. */
  readonly onClosed: () => void
}

// What may wait for a central that does not read; a radio has room for a few frames only.
const WAITING_LIMIT_BYTES = 64 * 1024

export function openAirEnd(socket: Socket, listener: AirEndListener): AirEnd {
  const reassembler = createL2capReassembler(LONGEST_AIR_PAYLOAD_BYTES)
  let isDeaf = false

  socket.on('data', (chunk: Buffer) => {
    const { frames, oversizeBytes } = reassembler.push(chunk)
    for (const { channel, payload } of frames) {
      if (isDeaf) return
      const message = channel === CONTROL_CHANNEL ? parseAirMessage(payload) : undefined
      if (message !== undefined) listener.onMessage(message)
      else if (channel === ATT_CHANNEL) listener.onAtt(payload)
      else socket.destroy()
    }
    if (oversizeBytes !== undefined) socket.destroy()
  })
  // A central that is gone is reported by the close that follows.
  socket.on('error', () => undefined)
  socket.once('close', () => listener.onClosed())

  const send = (channel: number, payload: Uint8Array): void => {
    if (isDeaf || socket.destroyed) return
    if (socket.writableLength > WAITING_LIMIT_BYTES) socket.destroy()
    else socket.write(encodeL2capFrame({ channel, payload }))
  }
  const tell = (message: AirMessage): void => send(CONTROL_CHANNEL, encodeAirMessage(message))
  return {
    tell,
    sendAtt: (payload) => send(ATT_CHANNEL, payload),
    leave: (reason) => {
      tell({ kind: 'disconnect', reason })
      isDeaf = true
      if (socket.writableNeedDrain) socket.destroy()
      else socket.destroySoon()
    },
    vanish: () => socket.destroy(),
    goDeaf: () => {
      isDeaf = true
    },
  }
}
