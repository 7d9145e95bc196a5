/** One connection to a simulated peripheral: L2CAP frames over a socket of the local machine. */

import { connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { encodeAirMessage, LONGEST_AIR_PAYLOAD_BYTES, type AirMessage } from '../../devices/framing/air.ts'
import {
  CONTROL_CHANNEL,
  createL2capReassembler,
  encodeL2capFrame,
  type L2capFrame,
} from '../../devices/framing/l2cap.ts'
import { errorCode } from '../errors.ts'

export interface AirStreamListener {
  onFrame(frame: L2capFrame): void
  /** Once, also after `close`. */
  onEnd(reason: string): void
}

export interface AirStream {
  send(frame: L2capFrame): void
  tell(message: AirMessage): void
  /** Sends what is still to be sent, waits for nobody. */
  close(): void
}

// What may wait for a peripheral that does not read; a radio has room for a few frames only.
const WAITING_LIMIT_BYTES = 64 * 1024

export function openAirStream(socketPath: string, listener: AirStreamListener): AirStream {
  const socket = connect({ path: socketPath })
  const reassembler = createL2capReassembler(LONGEST_AIR_PAYLOAD_BYTES)
  let closeReason: string | undefined

  const closeFor = (reason: string): void => {
    closeReason ??= reason
    socket.destroy()
  }

  const receive = async (): Promise<void> => {
    for await (const chunk of socket) {
      const bytes: Buffer = chunk
      const { frames, oversizeBytes } = reassembler.push(bytes)
      for (const frame of frames) {
        if (closeReason !== undefined) return
        listener.onFrame(frame)
        // Whoever awaits an answer takes it before what came after it is looked at.
        await setImmediate()
      }
      if (oversizeBytes !== undefined) closeFor('oversize-frame')
    }
  }

  receive().then(
    // A link that ends without a word is what a controller calls a time-out.
    () => listener.onEnd(closeReason ?? 'connection-timeout'),
    (error: unknown) => listener.onEnd(closeReason ?? endReason(error)),
  )

  const send = (frame: L2capFrame): void => {
    if (socket.destroyed) return
    if (socket.writableLength > WAITING_LIMIT_BYTES) closeFor('peer-not-reading')
    else socket.write(encodeL2capFrame(frame))
  }
  return {
    send,
    tell: (message) => send({ channel: CONTROL_CHANNEL, payload: encodeAirMessage(message) }),
    close: () => {
      closeReason ??= 'local-host-terminated'
      if (socket.writableLength > 0) socket.destroySoon()
      else socket.destroy()
    },
  }
}

function endReason(error: unknown): string {
  const code = errorCode(error)
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return 'not-in-range'
  if (code === 'EACCES' || code === 'EPERM') return 'no-permission-for-air-dir'
  return 'connection-timeout'
}
