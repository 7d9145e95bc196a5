/**
 * A flood for bench:reconnect: from one address of its own, as many handshakes as it can begin. It takes the gateway's
 * first answer, the part that costs the gateway and not the client, and begins the next.
 */

import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { answerParent } from './worker.ts'

const ADDRESS = '127.0.0.2'
const TOGETHER = 200

const sockets = new Set<Socket>()
let isFlooding = false
let answeredCount = 0

async function clientHello(): Promise<Buffer> {
  return new Promise((resolve) => {
    const wire = new Duplex({ read: () => undefined, write: (bytes: Buffer) => resolve(bytes) })
    connectTls({ socket: wire, servername: 'localhost' })
  })
}

async function start({ port }: { port: number }): Promise<void> {
  const hello = await clientHello()
  isFlooding = true
  const next = (): void => {
    if (!isFlooding) return
    const socket = connect({ port, host: '127.0.0.1', localAddress: ADDRESS })
    sockets.add(socket)
    socket.write(hello)
    socket.once('data', () => {
      answeredCount += 1
      socket.destroy()
    })
    socket.on('error', () => undefined)
    socket.once('close', () => {
      sockets.delete(socket)
      setImmediate(next)
    })
  }
  for (let n = 0; n < TOGETHER; n += 1) next()
}

function stop(): number {
  isFlooding = false
  for (const socket of sockets) socket.destroy()
  return answeredCount
}

answerParent({ start, stop })
