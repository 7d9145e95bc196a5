/** The client of bench:handshakes: so many handshakes, some at a time, each from the first SYN to the server's byte. */

import { connect, createSecureContext, type ConnectionOptions } from 'node:tls'
import type { Material } from './bench-ward.ts'
import { answerParent, cpuMs } from './worker.ts'

export interface HandshakeOrder {
  readonly port: number
  readonly version: '1.2' | '1.3'
  readonly material: Material
  readonly resumption: 'full' | 'resumed'
  readonly count: number
  readonly together: number
}

export interface HandshakeOutcome {
  readonly wallMs: number
  readonly cpuMs: number
}

interface Ended {
  readonly isReused: boolean
  readonly session: Buffer | undefined
}

async function handshake(options: ConnectionOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    let isReused = false
    let isServed = false
    let session: Buffer | undefined
    const socket = connect(options)
    socket.once('secureConnect', () => {
      isReused = socket.isSessionReused()
    })
    socket.on('session', (fresh: Buffer) => {
      session = fresh
    })
    socket.on('data', () => {
      isServed = true
    })
    socket.once('error', reject)
    socket.once('close', () => {
      if (isServed) resolve({ isReused, session })
      else reject(new Error('closed without the byte of the server'))
    })
  })
}

async function run({ port, version, material, resumption, count, together }: HandshakeOrder) {
  const secureContext = createSecureContext({
    ...material,
    minVersion: `TLSv${version}`,
    maxVersion: `TLSv${version}`,
  })
  const options = { port, host: '127.0.0.1', servername: 'localhost', secureContext }
  const { session } = await handshake(options)
  if (resumption === 'resumed' && session === undefined) throw new Error('the server gave no ticket')
  const order = resumption === 'resumed' && session !== undefined ? { ...options, session } : options
  const startCpuMs = cpuMs()
  const startMs = performance.now()
  let leftCount = count
  const lane = async (): Promise<void> => {
    while (leftCount > 0) {
      leftCount -= 1
      const { isReused } = await handshake(order)
      if (isReused !== (resumption === 'resumed'))
        throw new Error(`a handshake that was to be ${resumption} was not`)
    }
  }
  await Promise.all(Array.from({ length: together }, lane))
  return { wallMs: performance.now() - startMs, cpuMs: cpuMs() - startCpuMs }
}

answerParent({ run })
