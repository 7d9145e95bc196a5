import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import { initStore, openStore } from '../../certs/store.ts'
import { readObservationSet } from '../../gateway/contract/read-payload.ts'
import type { InventoryEntry } from '../../gateway/ports.ts'
import { ingestSet, OXIMETER } from '../support/sets.ts'
import { tempDir } from '../support/temp-dir.ts'
import { makeWardFiles, type WardFiles } from '../support/ward.ts'
import { type Running, startWardgate, watchProcess } from '../support/wardgate-cli.ts'

// A client and a library that nobody here wrote decide whether the contract holds.
const hasMosquitto = spawnSync('mosquitto_sub', ['--help']).error === undefined
const withMosquitto = hasMosquitto ? describe : describe.skip
if (!hasMosquitto)
  process.stderr.write('SKIPPED: mosquitto_sub is missing; apt-get install mosquitto-clients\n')

const DAY_MS = 86_400_000
const elsewhere = { ...OXIMETER, id: 'ox-2', ward: 'ed', bed: 'e01' }
const direct = { ...OXIMETER, id: 'ox-3', bed: 'b03' }
const entries: readonly InventoryEntry[] = [
  { role: 'bedside', id: 'box-1' },
  { role: 'consumer', id: 'station-icu', wards: ['icu'] },
  { role: 'consumer', id: 'station-late', wards: ['icu'] },
  { role: 'consumer', id: 'station-old', wards: ['icu'] },
  {
    role: 'device',
    id: 'ox-1',
    ward: 'icu',
    bed: 'b01',
    assoc: 'a7f3',
    protocol: 'nonin-df2',
    bedside: 'box-1',
  },
  { ...elsewhere },
  { role: 'device', id: direct.id, ward: 'icu', bed: 'b03', assoc: 'd00d', protocol: 'mqtt' },
]

let dir: ReturnType<typeof tempDir>
let ward: WardFiles
let gateway: Running
let port: number

async function listenPort(running: Running): Promise<number> {
  const seen = await running.seen(/"url":"mqtts:\/\/127\.0\.0\.1:\d+","event":"listening"/)
  return Number(/mqtts:\/\/127\.0\.0\.1:(\d+)","event":"listening"/.exec(seen)?.[1])
}

beforeAll(async () => {
  dir = tempDir()
  // Made ten days ago, so that one certificate can have run out since.
  ward = makeWardFiles(dir.path, entries, { nowMs: Date.now() - 10 * DAY_MS, daysOf: { 'station-old': 1 } })
  gateway = startWardgate(['run', '--config', ward.configFile])
  port = await listenPort(gateway)
}, 60_000)

afterAll(async () => {
  gateway.child.kill('SIGTERM')
  const { code } = await gateway.finished
  dir.remove()
  expect(code).toBe(0)
})

interface Credentials {
  readonly ca: string
  readonly cert?: string
  readonly key?: string
}

function credentials(role: 'consumer' | 'bedside', id: string, stateDir = ward.stateDir): Credentials {
  const { paths } = openStore(stateDir).clientMaterial(role, id)
  return { ca: paths.ca, cert: paths.cert, key: paths.key }
}

/** mosquitto_sub with these credentials; `-W` ends it, so that nothing outlives the test. */
function subscribe(filter: string, id: string, { ca, cert, key }: Credentials): Running {
  const own = cert === undefined || key === undefined ? [] : ['--cert', cert, '--key', key]
  const args = ['-h', '127.0.0.1', '-p', String(port), '-i', id, '--cafile', ca, ...own]
  return watchProcess(
    spawn('mosquitto_sub', [...args, '-t', filter, '-q', '1', '-F', '%t %r %p', '-W', '20', '-d'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    }),
  )
}

async function box(): Promise<MqttClient> {
  const { cert, key, ca } = openStore(ward.stateDir).clientMaterial('bedside', 'box-1')
  return connectAsync(`mqtts://127.0.0.1:${port}`, {
    cert,
    key,
    ca,
    clientId: 'box-1',
    protocolVersion: 4,
    reconnectPeriod: 0,
  })
}

async function send(device: string, seq: number): Promise<void> {
  const client = await box()
  await publish(client, device, seq)
  await client.endAsync()
}

async function publish(client: MqttClient, device: string, seq: number): Promise<void> {
  const t = new Date().toISOString()
  await client.publishAsync(
    `ingest/v1/${device}/numeric`,
    JSON.stringify(ingestSet({ device, seq, t, tr: t })),
    { qos: 1 },
  )
}

const NUMERIC = /^(vitals\/v1\/\S+\/numeric) (\d) (\{.*\})$/m

withMosquitto('mosquitto_sub, a client nobody here wrote', () => {
  it('gets schema-valid observation sets of its own ward with a consumer certificate', async () => {
    const station = subscribe('vitals/v1/icu/#', 'station-icu', credentials('consumer', 'station-icu'))
    await station.seen(/Subscribed/)
    await send('ox-2', 1)
    await send('ox-1', 2)
    const seen = await station.seen(NUMERIC)
    station.child.kill('SIGKILL')
    const [, topic, retained, payload = ''] = NUMERIC.exec(seen) ?? []
    expect(topic).toBe('vitals/v1/icu/b01/ox-1/numeric')
    expect(retained).toBe('0')
    expect(readObservationSet(Buffer.from(payload))).toMatchObject({
      ok: true,
      payload: { bed: 'b01', seq: 2 },
    })
    expect(seen).not.toContain('ox-2')
  })

  it('finds birth, state and last of a device when it joins late', async () => {
    const client = await box()
    await publish(client, 'ox-1', 3)
    const late = subscribe(
      'vitals/v1/icu/b01/ox-1/#',
      'station-late',
      credentials('consumer', 'station-late'),
    )
    const seen = await late.seen(/\/last 1 /)
    late.child.kill('SIGKILL')
    await client.endAsync()
    expect(seen).toMatch(/\/birth 1 .*MDC_PULS_OXIM_SAT_O2/)
    expect(seen).toMatch(/\/state 1 .*"state":"ready"/)
  })

  const forbidden = [
    'vitals/v1/ed/#',
    'vitals/v1/#',
    '#',
    'vitals/v1/+/b01/#',
    'ingest/v1/#',
    'ops/v1/#',
    '$SYS/#',
  ]
  it.each(forbidden)('is refused the subscription %s', async (filter) => {
    const station = subscribe(filter, 'station-icu', credentials('consumer', 'station-icu'))
    const seen = await station.seen(/Subscribed|denied/i)
    station.child.kill('SIGKILL')
    expect(seen).toMatch(/Subscribed .*128|denied/i)
  })

  const strangers: readonly { name: string; make: () => Credentials; id: string }[] = [
    { name: 'no certificate', id: 'station-icu', make: () => ({ ca: join(ward.stateDir, 'certs/ca.pem') }) },
    {
      name: 'a certificate of a foreign CA',
      id: 'station-icu',
      make: () => {
        const stateDir = join(dir.path, 'foreign')
        const foreign = initStore({
          stateDir,
          site: 'wardgate',
          serverNames: ['localhost'],
          nowMs: Date.now(),
        })
        foreign.issue({ role: 'consumer', id: 'station-icu', nowMs: Date.now() })
        return {
          ...credentials('consumer', 'station-icu', stateDir),
          ca: join(ward.stateDir, 'certs/ca.pem'),
        }
      },
    },
    {
      name: 'an expired certificate',
      id: 'station-old',
      make: () => credentials('consumer', 'station-old'),
    },
    {
      name: 'the certificate of another role',
      id: 'station-icu',
      make: () => credentials('bedside', 'box-1'),
    },
    {
      name: "another consumer's client id",
      id: 'station-late',
      make: () => credentials('consumer', 'station-icu'),
    },
  ]
  it.each(strangers)('is refused with $name', async ({ make, id }) => {
    const { code, stdout } = await subscribe('vitals/v1/icu/#', id, make()).finished
    expect(code).not.toBe(0)
    expect(stdout).not.toMatch(/received PUBLISH|SUBACK/)
  })

  it('gets not one byte in plaintext', async () => {
    const plain = watchProcess(
      spawn(
        'mosquitto_pub',
        ['-h', '127.0.0.1', '-p', String(port), '-t', 'ingest/v1/ox-1/numeric', '-m', '{}', '-q', '1'],
        {
          stdio: ['pipe', 'pipe', 'pipe'],
        },
      ),
    )
    expect((await plain.finished).code).not.toBe(0)
    const log = await gateway.seen(/"event":"plaintext-refused"/)
    expect(log).toMatch(/plaintext-refused/)
  })
})
