import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect, connectAsync, type MqttClient } from 'mqtt'
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

  it('still refuses whoever has no certificate of its CA', async () => {
    const { ca } = ward.store.clientMaterial('consumer', 'station-1')
    const stranger = connect(url, { ca, clientId: 'x', reconnectPeriod: 0 })
    const answered: string[] = []
    stranger.on('connect', () => answered.push('connect'))
    stranger.on('error', () => undefined)
    await new Promise((resolve) => stranger.once('close', () => resolve(undefined)))
    expect(answered).toEqual([])
    await stranger.endAsync(true)
  })
})
