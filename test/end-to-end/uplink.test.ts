import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connectAsync, type MqttClient } from 'mqtt'
import { stringify } from 'yaml'
import { ingestSet, OXIMETER } from '../support/sets.ts'
import { tempDir } from '../support/temp-dir.ts'
import { makeWardFiles, type WardFiles } from '../support/ward.ts'
import { type Running, startWardgate, wardgate, watchProcess } from '../support/wardgate-cli.ts'

const labBroker = fileURLToPath(new URL('../../scripts/lab-broker.mjs', import.meta.url))

let dir: ReturnType<typeof tempDir>
let near: WardFiles
let far: WardFiles
const running: Running[] = []
const clients: MqttClient[] = []

beforeEach(() => {
  dir = tempDir()
  near = makeWardFiles(join(dir.path, 'near'), [
    { role: 'bedside', id: 'box-1' },
    { role: 'uplink', id: 'up-1' },
  ])
  far = makeWardFiles(join(dir.path, 'far'), [{ role: 'consumer', id: 'reader', wards: ['icu'] }])
  const entries = [{ role: 'bedside', id: 'box-1' }, { role: 'uplink', id: 'up-1' }, OXIMETER]
  writeFileSync(join(near.stateDir, 'inventory.json'), JSON.stringify({ v: 1, entries }))
})
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)))
  for (const { child } of running) child.kill('SIGTERM')
  await Promise.all(running.splice(0).map(({ finished }) => finished))
  dir.remove()
})

function configure(url: string): string {
  const path = join(dir.path, 'near/up.yaml')
  const uplinks = [
    {
      id: 'hospital',
      url,
      identity: 'up-1',
      ca: join(far.stateDir, 'certs/ca.pem'),
      topics: ['vitals/v1/+/+/+/numeric'],
      prefix: 'site-a/',
    },
  ]
  writeFileSync(
    path,
    stringify({
      gateway: 'gw-1',
      state: './state',
      broker: { listen: [{ host: '127.0.0.1', port: 0 }] },
      uplinks,
    }),
  )
  return path
}

/** A broker of another house: its own server certificate, trusting the CA of the ward for its clients. */
async function startFarBroker(): Promise<string> {
  const trusted = join(dir.path, 'trusted.pem')
  const ca = (ward: WardFiles): string => ward.store.serverMaterial().ca
  writeFileSync(trusted, ca(near) + ca(far))
  const certs = join(far.stateDir, 'certs/server')
  const args = [
    '--port',
    '0',
    '--ca',
    trusted,
    '--cert',
    join(certs, 'server.pem'),
    '--key',
    join(certs, 'server.key'),
  ]
  const broker = watchProcess(
    spawn(process.execPath, [labBroker, ...args, '--state', join(dir.path, 'lab')], {
      stdio: ['pipe', 'pipe', 'pipe'],
    }),
  )
  running.push(broker)
  return /mqtts:\/\/\S+:\d+/.exec(await broker.seen(/lab broker on mqtts:\/\/\S+:\d+/))?.[0] ?? ''
}

async function client(
  url: string,
  ward: WardFiles,
  role: 'bedside' | 'consumer',
  id: string,
): Promise<MqttClient> {
  const { cert, key } = ward.store.clientMaterial(role, id)
  const ca = ward.store.serverMaterial().ca
  const made = await connectAsync(url, {
    cert,
    key,
    ca,
    clientId: id,
    protocolVersion: 4,
    reconnectPeriod: 0,
  })
  clients.push(made)
  return made
}

describe('an uplink', () => {
  it('forwards admitted readings, and them alone, to a broker that has proved itself', async () => {
    const url = await startFarBroker()
    const reader = await client(url, far, 'consumer', 'reader')
    await reader.subscribeAsync('#', { qos: 1 })
    const topics: string[] = []
    const arrived = new Promise<{ topic: string; payload: string }>((resolve) => {
      reader.on('message', (topic, payload) => {
        topics.push(topic)
        if (topic.endsWith('/numeric')) resolve({ topic, payload: payload.toString() })
      })
    })
    const gateway = startWardgate(['run', '--config', configure(url)])
    running.push(gateway)
    const seen = await gateway.seen(/"event":"link-online"/)
    const own = /"url":"(mqtts:\/\/127\.0\.0\.1:\d+)","event":"listening"/.exec(
      await gateway.seen(/"event":"listening"/),
    )?.[1]
    expect(seen).toContain('"uplink":"hospital"')
    const box = await client(own ?? '', near, 'bedside', 'box-1')
    const t = new Date().toISOString()
    await box.publishAsync('ingest/v1/ox-1/numeric', JSON.stringify(ingestSet({ t, tr: t })), { qos: 1 })
    const { topic, payload } = await arrived
    expect(topic).toBe('site-a/vitals/v1/icu/b01/ox-1/numeric')
    expect(JSON.parse(payload)).toMatchObject({ device: 'ox-1', bed: 'b01' })
    expect(topics.filter((each) => !each.startsWith('site-a/vitals/v1/'))).toEqual([])
  }, 60_000)

  const refused: readonly (readonly [url: string, reason: string])[] = [
    ['mqtt://10.0.0.5:1883', 'plaintext-scheme'],
    ['wss://10.0.0.5:443', 'unsupported-scheme'],
    ['mqtts://8.8.8.8:8883', 'public-address'],
    ['mqtts://0177.0.0.1:8883', 'ambiguous-address'],
    ['mqtts://user:secret@10.0.0.5:8883', 'credentials'],
  ]
  it.each(refused)('to %s is refused before anything starts: %s', async (url, reason) => {
    const { code, stderr } = await wardgate(['run', '--config', configure(url)])
    expect(stderr).toContain(reason)
    expect(stderr).not.toContain('secret')
    expect(code).toBe(78)
  })
})
