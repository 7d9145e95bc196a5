/** The brokers that bench:broker compares, each in a process of its own. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Material } from './bench-ward.ts'
import { startWorker } from './worker.ts'

export interface Rival {
  readonly name: string
  readonly port: number
  /** After a collection of garbage, where there is one. */
  residentKiB(): Promise<number>
  /** Looks at its memory until it is asked how much it was at its highest. */
  watchPeak(): () => number
  stop(): Promise<void>
}

export async function startNodeRival(
  name: string,
  kind: 'ours' | 'aedes',
  material: Material,
): Promise<Rival> {
  const worker = startWorker('./broker-server.js')
  const port = await worker.ask<number>('start', { kind, material })
  const pid = await worker.ask<number>('pid')
  return {
    name,
    port,
    async residentKiB() {
      await worker.ask('collect')
      return residentKiB(pid)
    },
    watchPeak: () => watchPeak(pid),
    stop: () => worker.stop(),
  }
}

const MOSQUITTO = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/opt/homebrew/sbin/mosquitto']

/** Undefined where it is not installed. Its configuration is what mutual TLS needs and nothing else. */
export async function startMosquitto(material: Material, place: string): Promise<Rival | undefined> {
  const program = MOSQUITTO.find((path) => existsSync(path))
  if (program === undefined) return undefined
  mkdirSync(place, { recursive: true })
  const file = (name: string, content: string): string => {
    writeFileSync(join(place, name), content, { mode: 0o600 })
    return join(place, name)
  }
  const port = await freePort()
  const config = [
    `listener ${port} 127.0.0.1`,
    `cafile ${file('ca.pem', material.ca)}`,
    `certfile ${file('cert.pem', material.cert)}`,
    `keyfile ${file('key.pem', material.key)}`,
    'require_certificate true',
    'allow_anonymous true',
    'tls_version tlsv1.3',
    'log_type error',
    // As root it would give its rights up and not be able to read its key.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
  ]
  const child = spawn(program, ['-c', file('mosquitto.conf', `${config.join('\n')}\n`)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await listening(port)
  return {
    name: 'Mosquitto',
    port,
    residentKiB: async () => residentKiB(child.pid ?? 0),
    watchPeak: () => watchPeak(child.pid ?? 0),
    async stop() {
      const ended = once(child, 'exit')
      child.kill()
      await ended
    },
  }
}

function residentKiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN)
}

function watchPeak(pid: number): () => number {
  let peakKiB = residentKiB(pid)
  const timer = setInterval(() => {
    peakKiB = Math.max(peakKiB, residentKiB(pid))
  }, 50)
  return () => {
    clearInterval(timer)
    return peakKiB
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true))
      socket.once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (isOpen) return
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
  }
  throw new Error('mosquitto did not start within 5 s')
}
