/** The cable of a simulated serial device: a pseudo-terminal, or a raw TCP port as a device server offers it. */

import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { dirname } from 'node:path'
import type { Clock } from '../gateway/clock.ts'
import { openPseudoTerminal } from './pseudo-terminal.ts'
import { SimulatorError } from './simulator-error.ts'
import { slaveOpened } from './slave-opened.ts'

export type SerialAddress =
  | { readonly kind: 'serial'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }

export interface DeviceLine {
  readonly address: SerialAddress
  /** Resolves when somebody listens for the first time. */
  readonly readerArrived: Promise<void>
  /** Lost when nobody takes it: a line does not wait. */
  send(bytes: Uint8Array): void
  close(): Promise<void>
}

export async function openTerminalLine(linkPath: string, clock: Clock): Promise<DeviceLine> {
  mkdirSync(dirname(linkPath), { recursive: true, mode: 0o700 })
  const terminal = await openPseudoTerminal({ linkPath, clock })
  const reader = slaveOpened(terminal.slavePath, clock)
  return {
    address: { kind: 'serial', path: terminal.path },
    readerArrived: reader.arrived,
    send: (bytes) => void terminal.write(bytes),
    async close() {
      reader.stop()
      await terminal.close()
    },
  }
}

/** Loopback only: these bytes are a patient's in the clear. */
const HOST = '127.0.0.1'

// What may wait for a slow reader before bytes are lost.
const WAITING_LIMIT_BYTES = 64 * 1024

/** `port` 0 takes a free one. */
export async function openTcpLine(port: number): Promise<DeviceLine> {
  const readers = new Set<Socket>()
  let arrive = (): void => undefined
  const readerArrived = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const server = createServer((socket) => {
    readers.add(socket)
    socket.setNoDelay(true)
    // What a gateway sends to a device that only talks is read and dropped.
    socket.resume()
    // A reader that goes away says so by `close`; its error adds nothing.
    socket.on('error', () => undefined)
    socket.on('close', () => readers.delete(socket))
    arrive()
  })
  const isListening = once(server, 'listening')
  server.listen(port, HOST)
  try {
    await isListening
  } catch (error) {
    throw new SimulatorError(
      `cannot listen on ${HOST}:${port}: the port is taken or not allowed; give another one, or 0 for a free one`,
      error,
    )
  }
  const bound = server.address()
  return {
    address: {
      kind: 'tcp',
      host: HOST,
      port: typeof bound === 'object' && bound !== null ? bound.port : port,
    },
    readerArrived,
    send(bytes) {
      for (const socket of readers)
        if (socket.writableLength + bytes.length <= WAITING_LIMIT_BYTES) socket.write(bytes)
    },
    async close() {
      for (const socket of readers) socket.destroy()
      const isClosed = once(server, 'close')
      server.close()
      await isClosed
    },
  }
}
