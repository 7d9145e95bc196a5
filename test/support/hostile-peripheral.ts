import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import {
  airSocketName,
  encodeAirMessage,
  parseAirMessage,
  type AirMessage,
} from '../../devices/framing/air.ts'
import {
  ATT_CHANNEL,
  CONTROL_CHANNEL,
  createL2capReassembler,
  encodeL2capFrame,
} from '../../devices/framing/l2cap.ts'
import { fromHex, toHex } from './attributes.ts'

export interface HostilePeripheral {
  /** Puts raw bytes on the air. */
  send(bytes: Uint8Array): void
  sendAtt(hex: string): void
  tell(message: AirMessage): void
  stop(): Promise<void>
}

export interface HostileBehaviour {
  /** Accepts the connection unless told otherwise. */
  readonly onControl?: (message: AirMessage, peripheral: HostilePeripheral) => void
  /** Hex of a PDU in, hex of a PDU out; undefined is silence. */
  readonly onAtt?: (request: string, peripheral: HostilePeripheral) => string | undefined
}

/** A peripheral that says whatever the test wants, right or wrong. */
export async function startHostilePeripheral(
  airDir: string,
  address: string,
  behaviour: HostileBehaviour,
): Promise<HostilePeripheral> {
  const sockets = new Set<Socket>()
  const send = (bytes: Uint8Array): void => {
    for (const socket of sockets) socket.write(bytes)
  }
  const peripheral: HostilePeripheral = {
    send,
    sendAtt: (hex) => send(encodeL2capFrame({ channel: ATT_CHANNEL, payload: fromHex(hex) })),
    tell: (message) =>
      send(encodeL2capFrame({ channel: CONTROL_CHANNEL, payload: encodeAirMessage(message) })),
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  const server = createServer((socket) => {
    sockets.add(socket)
    const reassembler = createL2capReassembler(1024)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      for (const { channel, payload } of reassembler.push(chunk).frames) {
        const message = channel === CONTROL_CHANNEL ? parseAirMessage(payload) : undefined
        if (message === undefined) {
          const answer = behaviour.onAtt?.(toHex(payload), peripheral)
          if (answer !== undefined) peripheral.sendAtt(answer)
        } else if (behaviour.onControl !== undefined) behaviour.onControl(message, peripheral)
        else if (message.kind === 'connect') peripheral.tell({ kind: 'connected' })
      }
    })
  })
  server.listen(join(airDir, airSocketName(address) ?? ''))
  await once(server, 'listening')
  return peripheral
}
