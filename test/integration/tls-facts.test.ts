/** What OpenSSL and Node would let pass by themselves, tried with a client that nobody here wrote where there is one. */

import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { startCertificateCutter } from '../support/certificate-cutter.ts'
import { createBench, portOf, RawClient, type Bench } from '../support/broker-bench.ts'
import { tempDir } from '../support/temp-dir.ts'

const OLD = [{ host: '127.0.0.1', port: 0, minVersion: '1.2' as const }]

let bench: Bench
beforeAll(() => {
  bench = createBench()
})
afterEach(async () => {
  await bench.reset()
})
afterAll(() => bench.remove())

describe('renegotiation in TLS 1.2', () => {
  it('asked for by openssl is refused, and its neighbour stays', async () => {
    const broker = await bench.start({ listen: OLD })
    const neighbour = await bench.client(broker, 'device', 'mon-2')
    const said = await renegotiate(portOf(broker))
    expect(said).toContain('RENEGOTIATING')
    expect(said).toMatch(/no renegotiation/i)
    await neighbour.publishAsync('ingest/v1/mon-2/numeric', 'x', { qos: 1 })
    expect(neighbour.connected).toBe(true)
  })
})

describe('a certificate cut short on the wire', () => {
  it.each([1, 7, 100, 300])('by %i bytes is refused, and the good go on', async (cutBytes) => {
    const broker = await bench.start({ listen: OLD })
    const cutter = await startCertificateCutter(portOf(broker), cutBytes)
    const good = { ...bench.credentials('device', 'mon-1'), maxVersion: 'TLSv1.2' as const }
    const client = new RawClient(cutter.port, good)
    await client.closed
    cutter.close()
    expect(client.received).toHaveLength(0)
    expect(bench.events.seen).toMatchObject([
      {
        event: 'handshake-refused',
        detail: { reason: 'ERR_SSL_TOO_LONG', meaning: expect.stringContaining('damaged') },
      },
    ])
    expect(broker.connectionCount).toBe(0)
    const device = await bench.client(broker, 'device', 'mon-1')
    await device.publishAsync('ingest/v1/mon-1/numeric', 'x', { qos: 1 })
  })

  it('is what the cutter makes: with nothing taken off, the same client is let in', async () => {
    const broker = await bench.start({ listen: OLD })
    const cutter = await startCertificateCutter(portOf(broker), 0)
    const good = { ...bench.credentials('device', 'mon-1'), maxVersion: 'TLSv1.2' as const }
    const client = new RawClient(cutter.port, good)
    await new Promise((resolve) => client.socket.once('secureConnect', () => resolve(undefined)))
    while (broker.connectionCount === 0) await new Promise(setImmediate)
    expect(bench.events.seen).toEqual([])
    client.socket.destroy()
    cutter.close()
  })
})

/** Everything `openssl s_client` says when its user asks for a new handshake in the middle of the connection. */
async function renegotiate(port: number): Promise<string> {
  const { key, cert, ca } = bench.credentials('device', 'mon-1')
  const directory = tempDir()
  const path = (name: string): string => join(directory.path, name)
  writeFileSync(path('key'), key, { mode: 0o600 })
  writeFileSync(path('cert'), cert)
  writeFileSync(path('ca'), ca)
  try {
    const files = [
      '-key',
      path('key'),
      '-cert',
      path('cert'),
      '-cert_chain',
      path('cert'),
      '-CAfile',
      path('ca'),
    ]
    const client = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-tls1_2', ...files])
    let said = ''
    let hasAsked = false
    const hear = (bytes: Buffer): void => {
      said += bytes.toString('latin1')
      if (hasAsked || !said.includes('Extended master secret')) return
      hasAsked = true
      client.stdin.write('R\n')
    }
    client.stdout.on('data', hear)
    client.stderr.on('data', hear)
    await new Promise((resolve) => client.once('close', resolve))
    return said
  } finally {
    directory.remove()
  }
}
