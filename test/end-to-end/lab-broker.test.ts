import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { ConnectionOptions } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { connectAsync, type MqttClient } from 'mqtt'
import { RawClient } from '../support/broker-bench.ts'
import { CONNACK_ACCEPTED, connectPacket } from '../support/live-ward.ts'
import { tempDir } from '../support/temp-dir.ts'
import { makeWardFiles, type WardFiles } from '../support/ward.ts'
import { type Running, watchProcess } from '../support/wardgate-cli.ts'

const script = fileURLToPath(new URL('../../scripts/lab-broker.mjs', import.meta.url))

let dir: ReturnType<typeof tempDir>
let ward: WardFiles
let lab: Running
let url: string

beforeAll(async () => {
  dir = tempDir()
  ward = makeWardFiles(dir.path, [{ role: 'consumer', id: 'station-1', wards: ['icu'] }])
  const certs = join(ward.stateDir, 'certs')
  const args = [
    '--port',
    '0',
    '--ca',
    join(certs, 'ca.pem'),
    '--crl',
    join(certs, 'crl.pem'),
    '--state',
    join(dir.path, 'lab'),
  ]
  const own = ['--cert', join(certs, 'server/server.pem'), '--key', join(certs, 'server/server.key')]
  lab = watchProcess(spawn(process.execPath, [script, ...args, ...own], { stdio: ['pipe', 'pipe', 'pipe'] }))
  const seen = await lab.seen(/lab broker on mqtts:\/\/\S+:\d+/)
  url = /mqtts:\/\/\S+:\d+/.exec(seen)?.[0] ?? ''
}, 60_000)

afterAll(async () => {
  lab.child.kill('SIGTERM')
  const { code } = await lab.finished
  dir.remove()
  expect(code).toBe(0)
})

async function client(clientId: string): Promise<MqttClient> {
  const { cert, key, ca } = ward.store.clientMaterial('consumer', 'station-1')
  return connectAsync(url, { cert, key, ca, clientId, protocolVersion: 4, reconnectPeriod: 0 })
}

describe('the lab broker', () => {
  it('is the same broker with the topic table and the payload schema replaced: any client id, any topic', async () => {
    const [reader, writer] = await Promise.all([client('any-one'), client('any-other')])
    const arrived = new Promise<string>((resolve) => {
      reader.once('message', (topic, payload) => {
        resolve(`${topic} ${payload.toString()}`)
      })
    })
    await reader.subscribeAsync('any/#', { qos: 2 })
    await writer.publishAsync('any/topic', 'not JSON', { qos: 2 })
    expect(await arrived).toBe('any/topic not JSON')
    await Promise.all([reader.endAsync(), writer.endAsync()])
  })

  it('still refuses whoever has no certificate of its CA: the connection ends without a byte of MQTT', async () => {
    const { ca } = ward.store.clientMaterial('consumer', 'station-1')
    const stranger = new RawClient(Number(new URL(url).port), { ca })
    stranger.socket.once('secureConnect', () => stranger.socket.write(connectPacket('x', 60)))
    await stranger.closed
    expect(stranger.received).toHaveLength(0)
  })

  it('lets the later of two clients with one client id win, from any address and as often as it comes', async () => {
    const { key, cert, ca } = ward.store.clientMaterial('consumer', 'station-1')
    let former: RawClient | undefined
    for (let count = 0; count < 8; count += 1) {
      const localAddress = count % 2 === 0 ? '127.0.0.1' : '127.0.0.2'
      const options: ConnectionOptions & { readonly localAddress: string } = { key, cert, ca, localAddress }
      const later = new RawClient(Number(new URL(url).port), options)
      later.socket.once('secureConnect', () => later.socket.write(connectPacket('fought-over', 60)))
      expect((await later.receive(4)).toString('hex')).toBe(CONNACK_ACCEPTED)
      await former?.closed
      former = later
    }
    former?.socket.destroy()
  })
})
