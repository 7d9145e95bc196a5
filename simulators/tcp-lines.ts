/** Lines over TCP: a raw port as a device server offers it, and a device that calls the gateway. */

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Clock } from '../gateway/clock.ts'
import { DEAF, firstReader, LOOPBACK, WAITING_LIMIT_BYTES, type DeviceLine } from './device-line.ts'
import { SimulatorError } from './simulator-error.ts'

/** `port` 0 takes a free one. */
export async function openTcpLine(port: number): Promise<DeviceLine> {
  const readers = new Set<Socket>()
  const { arrived, arrive } = firstReader()
  let listener = DEAF
  const server = createServer((socket) => {
    readers.add(socket)
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => listener.heard(new Uint8Array(bytes)))
    // A reader that goes away says so by `close`; its error adds nothing.
    socket.on('error', () => undefined)
    socket.on('close', () => readers.delete(socket))
    arrive()
    listener.connected()
  })
  const isListening = once(server, 'listening')
  server.listen(port, LOOPBACK)
  try {
    await isListening
  } catch (error) {
    throw new SimulatorError(
      `cannot listen on ${LOOPBACK}:${port}: the port is taken or not allowed; give another one, or 0 for a free one`,
      error,
    )
  }
  const bound = server.address()
  return {
    address: {
      kind: 'tcp',
      host: LOOPBACK,
      port: typeof bound === 'object' && bound !== null ? bound.port : port,
    },
    readerArrived: arrived,
    listen(next) {
      listener = next
    },
    send(bytes) {
      for (const socket of readers) sendBounded(socket, bytes)
    },
    async close() {
      listener = DEAF
      for (const socket of readers) socket.destroy()
      const isClosed = once(server, 'close')
      server.close()
      await isClosed
    },
  }
}

// A device that is refused or hung up on calls again, like a nurse.
const CALL_AGAIN_MS = 1_000

/** Calls the gateway at `port` of this machine, and again whenever the call is refused or ends. */
export function openCallingLine(port: number, clock: Clock): DeviceLine {
  const { arrived, arrive } = firstReader()
  let listener = DEAF
  let socket: Socket | undefined
  let cancelCall = (): void => undefined

  const call = (): void => {
    const fresh = connect({ host: LOOPBACK, port, noDelay: true })
    fresh.on('connect', () => {
      socket = fresh
      arrive()
      listener.connected()
    })
    fresh.on('data', (bytes: Buffer) => listener.heard(new Uint8Array(bytes)))
    fresh.on('error', () => undefined)
    fresh.on('end', () => fresh.destroy())
    fresh.on('close', () => {
      if (socket === fresh) socket = undefined
      cancelCall = clock.after(CALL_AGAIN_MS, call)
    })
    cancelCall = () => {
      fresh.removeAllListeners('close')
      fresh.destroy()
    }
  }
  call()
  return {
    address: { kind: 'call', host: LOOPBACK, port },
    readerArrived: arrived,
    listen(next) {
      listener = next
      if (socket !== undefined) listener.connected()
    },
    send(bytes) {
      if (socket !== undefined) sendBounded(socket, bytes)
    },
    async close() {
      listener = DEAF
      cancelCall()
    },
  }
}

function sendBounded(socket: Socket, bytes: Uint8Array): void {
  if (socket.writableLength + bytes.length <= WAITING_LIMIT_BYTES) socket.write(bytes)
}
