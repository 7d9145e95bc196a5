import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { DEAF, firstReader, LOOPBACK, type DeviceLine } from './device-line.ts'
import { SimulatorError } from './simulator-error.ts'

/** A device that answers datagrams at a port of this machine; 0 takes a free one. It answers whoever spoke last. */
export async function openUdpLine(port: number): Promise<DeviceLine> {
  const socket = createSocket('udp4')
  const { arrived, arrive } = firstReader()
  let listener = DEAF
  let peer: { readonly address: string; readonly port: number } | undefined
  const isBound = once(socket, 'listening')
  socket.bind(port, LOOPBACK)
  try {
    await isBound
  } catch (error) {
    throw new SimulatorError(
      `cannot answer on ${LOOPBACK}:${port}: the port is taken or not allowed; give another one, or 0 for a free one`,
      error,
    )
  }
  // That the gateway is gone is shown by its silence.
  socket.on('error', () => undefined)
  socket.on('message', (bytes, from) => {
    const isNew = peer?.address !== from.address || peer.port !== from.port
    peer = from
    arrive()
    if (isNew) listener.connected()
    listener.heard(new Uint8Array(bytes))
  })
  return {
    address: { kind: 'udp', host: LOOPBACK, port: socket.address().port },
    readerArrived: arrived,
    listen(next) {
      listener = next
    },
    send(bytes) {
      if (peer !== undefined) socket.send(bytes, peer.port, peer.address, () => undefined)
    },
    async close() {
      listener = DEAF
      const isClosed = once(socket, 'close')
      socket.close()
      await isClosed
    },
  }
}
