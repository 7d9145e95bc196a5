/** A mosquitto broker that knows clients by their certificates alone: the other side, written by others. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'

import { watchProcess } from './wardgate-cli.ts'

export interface MosquittoFiles {
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly crl: string
}

export interface Mosquitto {
  readonly port: number
  stop(): Promise<void>
}

const ATTEMPTS = 5

/** It cannot be told to take any free port, so one is found first; whoever takes it in between costs an attempt. */
export async function startMosquitto(directory: string, files: MosquittoFiles): Promise<Mosquitto> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort()
    const config = join(directory, `mosquitto-${port}.conf`)
    const lines = {
      listener: `${port} 127.0.0.1`,
      cafile: files.ca,
      certfile: files.cert,
      keyfile: files.key,
      crlfile: files.crl,
      require_certificate: 'true',
      use_identity_as_username: 'true',
      allow_anonymous: 'false',
      tls_version: 'tlsv1.3',
      user: userInfo().username,
    }
    writeFileSync(
      config,
      Object.entries(lines)
        .map(([key, value]) => `${key} ${value}\n`)
        .join(''),
    )
    const running = watchProcess(
      spawn('mosquitto', ['-v', '-c', config], { stdio: ['pipe', 'pipe', 'pipe'] }),
    )
    try {
      await running.seen(/mosquitto version \S+ running/)
      return {
        port,
        async stop() {
          running.child.kill('SIGTERM')
          await running.finished
        },
      }
    } catch (error) {
      if (attempt === ATTEMPTS) throw error
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}
