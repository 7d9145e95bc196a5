import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { connectAsync, type MqttClient } from 'mqtt'
import type { CertificateStore } from '../../certs/store.ts'
import { systemClock } from '../../gateway/clock.ts'
import { readAlert, readWaveform } from '../../gateway/contract/read-payload.ts'
import { writeInventory } from '../../gateway/inventory/inventory-file.ts'
import { silentLog } from '../../gateway/log.ts'
import type { InventoryEntry } from '../../gateway/ports.ts'
import { createEventSink } from '../../gateway/security/event-sink.ts'
import { createCounters } from '../../gateway/telemetry/counters.ts'
import { startWardGateway, type WardGateway } from '../../gateway/ward-gateway.ts'
import { portOf } from '../support/broker-bench.ts'
import { ingestAlert, ingestWaveform } from '../support/relayed.ts'
import { OXIMETER } from '../support/sets.ts'
import { believed } from '../support/fake-time.ts'
import { tempDir } from '../support/temp-dir.ts'
import { makeWardFiles } from '../support/ward.ts'

const INVENTORY: readonly InventoryEntry[] = [
  OXIMETER,
  { ...OXIMETER, id: 'ox-2', ward: 'er', bed: 'e01', assoc: 'b1' },
  { role: 'bedside', id: 'box-1' },
  { role: 'consumer', id: 'station-icu', wards: ['icu'] },
  { role: 'consumer', id: 'late-icu', wards: ['icu'] },
  { role: 'consumer', id: 'station-er', wards: ['er'] },
  { role: 'operator', id: 'engineer', duties: ['engineer'], wards: [] },
]
const ALERT = 'vitals/v1/icu/b01/ox-1/alert/spo2-low'

let dir: ReturnType<typeof tempDir>
let stateDir: string
let store: CertificateStore
let gateway: WardGateway
let box: MqttClient
const clients: MqttClient[] = []

interface Arrived {
  readonly topic: string
  readonly payload: Buffer
  readonly qos: number
  readonly retain: boolean
}

/** A station that keeps what it gets and lets a test wait for a message. */
class Station {
  readonly arrived: Arrived[] = []
  #wake: (() => void) | undefined

  constructor(client: MqttClient) {
    client.on('message', (topic, payload, { qos, retain }) => {
      this.arrived.push({ topic, payload, qos, retain })
      this.#wake?.()
    })
  }

  on(topic: string): readonly Arrived[] {
    return this.arrived.filter((message) => message.topic === topic)
  }

  async untilCount(topic: string, count: number): Promise<readonly Arrived[]> {
    while (this.on(topic).length < count)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    return this.on(topic)
  }
}

async function connect(role: 'bedside' | 'consumer' | 'operator', id: string): Promise<MqttClient> {
  const { key, cert, ca } = store.clientMaterial(role, id)
  const url = `mqtts://127.0.0.1:${portOf(gateway.broker)}`
  const client = await connectAsync(url, {
    key,
    cert,
    ca,
    clientId: id,
    reconnectPeriod: 0,
    protocolVersion: 4,
  })
  client.on('error', () => undefined)
  clients.push(client)
  return client
}

async function station(
  id: string,
  filter: string,
  role: 'consumer' | 'operator' = 'consumer',
): Promise<Station> {
  const client = await connect(role, id)
  const seen = new Station(client)
  await client.subscribeAsync(filter, { qos: 1 })
  return seen
}

const now = (): string => new Date(systemClock.nowMs()).toISOString()

async function sendAlert(change: Parameters<typeof ingestAlert>[0] = {}): Promise<void> {
  const alert = ingestAlert({ t: now(), tr: now(), ...change })
  await box.publishAsync(`ingest/v1/${alert.device}/alert`, JSON.stringify(alert), { qos: 1 })
}

function phaseOf(message: Arrived | undefined): string {
  if (message === undefined || message.payload.length === 0) return 'cleared'
  const read = readAlert(message.payload)
  return read.ok ? [read.payload.phase, read.payload.reason].filter(Boolean).join(': ') : read.reason
}

beforeAll(() => {
  dir = tempDir()
  const files = makeWardFiles(dir.path, INVENTORY)
  store = files.store
  stateDir = files.stateDir
})
beforeEach(async () => {
  writeInventory(stateDir, INVENTORY)
  await begin()
})
afterEach(async () => {
  await end()
  // Each test begins with a gateway that remembers nothing.
  rmSync(join(stateDir, 'journal'), { recursive: true })
})
afterAll(() => dir.remove())

async function begin(): Promise<void> {
  const counters = createCounters()
  gateway = await startWardGateway({
    gateway: 'gw-1',
    software: 'wardgate@test',
    state: stateDir,
    broker: { listen: [{ host: '127.0.0.1', port: 0, tls: '1.3' }] },
    store,
    clock: systemClock,
    time: believed(systemClock),
    log: silentLog,
    events: createEventSink('gw-1', systemClock, silentLog),
    counters,
  })
  box = await connect('bedside', 'box-1')
}

async function end(): Promise<void> {
  for (const client of clients.splice(0)) client.end(true)
  await gateway.stop()
}

describe('an alert over TLS', () => {
  it('is found by a station that joins late, word for word', async () => {
    const early = await station('station-icu', 'vitals/v1/icu/#')
    await sendAlert()
    const [live] = await early.untilCount(ALERT, 1)
    expect(live).toMatchObject({ qos: 1, retain: false })
    const late = await station('late-icu', 'vitals/v1/icu/#')
    const [found] = await late.untilCount(ALERT, 1)
    expect(found?.retain).toBe(true)
    expect(readAlert(found?.payload ?? Buffer.alloc(0))).toMatchObject({
      payload: { phase: 'present', text: '** SpO2 LOW', priority: 'high', flags: ['latched'], bed: 'b01' },
    })
  })

  it('ends as one event before it is cleared, and is not found by those who join later', async () => {
    const early = await station('station-icu', 'vitals/v1/icu/#')
    await sendAlert()
    await sendAlert({ phase: 'ended', seq: 2 })
    const seen = await early.untilCount(ALERT, 3)
    expect(seen.map(phaseOf)).toEqual(['present', 'ended', 'cleared'])
    const late = await station('late-icu', 'vitals/v1/icu/#')
    await late.untilCount('vitals/v1/icu/b01/ox-1/state', 1)
    expect(late.on(ALERT)).toEqual([])
  })

  it('becomes unknown when the line is lost, and present again when the device repeats it', async () => {
    const early = await station('station-icu', 'vitals/v1/icu/#')
    await sendAlert()
    const down = { v: 1, device: 'ox-1', line: 'down', t: now(), reason: 'unplugged' }
    await box.publishAsync('ingest/v1/ox-1/state', JSON.stringify(down), { qos: 1 })
    await sendAlert({ seq: 2, refresh: true })
    const seen = await early.untilCount(ALERT, 3)
    expect(seen.map(phaseOf)).toEqual(['present', 'unknown: unplugged', 'present'])
  })

  it('is retained as unknown when the bedside part loses its session', async () => {
    const early = await station('station-icu', 'vitals/v1/icu/#')
    await sendAlert()
    await early.untilCount(ALERT, 1)
    box.stream.destroy()
    await early.untilCount(ALERT, 2)
    const late = await station('late-icu', 'vitals/v1/icu/#')
    const [found] = await late.untilCount(ALERT, 1)
    expect([found?.retain, phaseOf(found)]).toEqual([
      true,
      'unknown: the bedside part has no session with the gateway',
    ])
  })

  it('is cleared at the bed that its device has left', async () => {
    const early = await station('station-icu', 'vitals/v1/icu/#')
    await sendAlert()
    await early.untilCount(ALERT, 1)
    writeInventory(
      stateDir,
      INVENTORY.map((entry) => (entry === OXIMETER ? { ...OXIMETER, bed: 'b07', assoc: 'c0de' } : entry)),
    )
    await gateway.reload()
    const seen = await early.untilCount(ALERT, 3)
    expect(seen.map(phaseOf)).toEqual(['present', 'ended: moved', 'cleared'])
  })

  it('is uncertain after a restart, until the device says more', async () => {
    const early = await station('station-icu', 'vitals/v1/icu/#')
    await sendAlert()
    await early.untilCount(ALERT, 1)
    await end()
    await begin()
    const late = await station('late-icu', 'vitals/v1/icu/#')
    await late.untilCount(ALERT, 1)
    await sendAlert({ seq: 2 })
    const seen = await late.untilCount(ALERT, 2)
    expect(seen.map(phaseOf)).toEqual(['unknown: the gateway was restarted', 'present'])
  })

  it('is not found after a restart where its device no longer stands', async () => {
    await sendAlert()
    await end()
    writeInventory(
      stateDir,
      INVENTORY.map((entry) => (entry.id === 'ox-1' ? { ...OXIMETER, bed: 'b77' } : entry)),
    )
    await begin()
    const late = await station('late-icu', 'vitals/v1/icu/#')
    await late.untilCount('vitals/v1/icu/b77/ox-1/birth', 1)
    expect(late.on(ALERT)).toEqual([])
  })

  it('reaches the stations of its own ward and no other', async () => {
    const icu = await station('station-icu', 'vitals/v1/icu/#')
    const er = await station('station-er', 'vitals/v1/er/#')
    await sendAlert()
    await sendAlert({ device: 'ox-2', text: 'PROBE OFF', code: 'probe-off' })
    await icu.untilCount(ALERT, 1)
    await er.untilCount('vitals/v1/er/e01/ox-2/alert/probe-off', 1)
    expect(icu.arrived.filter(({ topic }) => !topic.startsWith('vitals/v1/icu/'))).toEqual([])
    expect(er.arrived.filter(({ topic }) => !topic.startsWith('vitals/v1/er/'))).toEqual([])
    const foreign = await connect('consumer', 'late-icu')
    await expect(foreign.subscribeAsync('vitals/v1/er/+/+/alert/+')).rejects.toThrow()
    await expect(foreign.subscribeAsync('ingest/v1/ox-1/alert')).rejects.toThrow()
  })
})

describe('what the gateway reads itself, to forward it', () => {
  it('keeps the retain flag, so that what is cleared here is cleared further up', async () => {
    const read: string[] = []
    const reading = gateway.broker.messages('vitals/v1/icu/+/+/alert/+').subscribe(({ payload, retain }) => {
      const phase = payload.length === 0 ? 'cleared' : String(/"phase":"(\w+)"/.exec(String(payload))?.[1])
      read.push(`${phase} ${retain ? 'retained' : 'once'}`)
    })
    const early = await station('station-icu', 'vitals/v1/icu/#')
    await sendAlert()
    await sendAlert({ phase: 'ended', seq: 2 })
    await early.untilCount(ALERT, 3)
    reading.unsubscribe()
    expect(read).toEqual(['present retained', 'ended once', 'cleared retained'])
  })
})

describe('a waveform over TLS', () => {
  it('reaches a station unretained at QoS 0, and none that joins later', async () => {
    const early = await station('station-icu', 'vitals/v1/icu/#')
    const block = ingestWaveform({ t: now(), tr: now() })
    await box.publishAsync('ingest/v1/ox-1/waveform', JSON.stringify(block), { qos: 0 })
    const topic = 'vitals/v1/icu/b01/ox-1/waveform/pleth'
    const [arrived] = await early.untilCount(topic, 1)
    expect(arrived).toMatchObject({ qos: 0, retain: false })
    expect(readWaveform(arrived?.payload ?? Buffer.alloc(0))).toMatchObject({
      payload: { samples: block.samples, n: 25, seq: 1, bed: 'b01' },
    })
    const late = await station('late-icu', 'vitals/v1/icu/#')
    await late.untilCount('vitals/v1/icu/b01/ox-1/state', 1)
    expect(late.on(topic)).toEqual([])
  })

  it('as large as the contract allows passes, and one that breaks a rule leaves its sender connected', async () => {
    const engineer = await station('engineer', 'ops/v1/gw-1/rejected/#', 'operator')
    const early = await station('station-icu', 'vitals/v1/icu/#')
    const samples = Buffer.alloc(4 * 8192).toString('base64')
    const large = ingestWaveform({
      t: now(),
      rate: 4000,
      periodUs: 250,
      format: 'int32',
      n: 8192,
      samples,
    })
    const send = (content: object) =>
      box.publishAsync('ingest/v1/ox-1/waveform', JSON.stringify(content), { qos: 0 })
    await send({ ...large, ref: 'MDC_ECG_ELEC_POTL_II' })
    await send(large)
    await early.untilCount('vitals/v1/icu/b01/ox-1/waveform/pleth', 1)
    const [rejected] = await engineer.untilCount('ops/v1/gw-1/rejected/ox-1', 1)
    expect(JSON.parse(String(rejected?.payload))).toMatchObject({ rule: 'unknown-wave' })
    expect(box.connected).toBe(true)
  })
})
