/**
 * A broker that is killed without warning while publishers and a durable subscriber go on. It keeps what was acknowledged
 * and what arrived, so that a test can compare the two.
 */

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connectAsync, type MqttClient } from 'mqtt'
import { makeWardFiles } from './ward.ts'
import { watchProcess, type Running } from './wardgate-cli.ts'

const script = fileURLToPath(new URL('../../scripts/lab-broker.mjs', import.meta.url))

/** Publishers wait when the subscriber is so far behind. */
const BACKLOG = 5_000

export interface Arrival {
  readonly publisher: number
  readonly n: number
  readonly isRepeat: boolean
}

export class CrashRig {
  readonly acknowledged: number[][] = []
  readonly arrivals: Arrival[] = []
  readonly #dir: string
  readonly #credentials: { readonly cert: string; readonly key: string; readonly ca: string }
  readonly #args: readonly string[]
  #broker: Running | undefined
  #url = ''
  #port = '0'
  #publishers: MqttClient[] = []
  #subscriber: MqttClient | undefined
  #isStopping = false
  #next = 0
  #loops: Promise<void>[] = []
  #waiting: (() => void)[] = []
  readonly #arrived = new Set<string>()

  constructor(dir: string) {
    this.#dir = dir
    const ward = makeWardFiles(dir, [{ role: 'consumer', id: 'station-1', wards: ['icu'] }])
    this.#credentials = ward.store.clientMaterial('consumer', 'station-1')
    const certs = join(ward.stateDir, 'certs')
    const files = { ca: 'ca.pem', crl: 'crl.pem', cert: 'server/server.pem', key: 'server/server.key' }
    this.#args = Object.entries(files).flatMap(([name, file]) => [`--${name}`, join(certs, file)])
  }

  async start(): Promise<void> {
    const args = [script, '--port', this.#port, ...this.#args, '--state', join(this.#dir, 'lab')]
    const broker = watchProcess(spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] }))
    this.#broker = broker
    const seen = await broker.seen(/lab broker on mqtts:\/\/\S+:\d+/)
    this.#url = /mqtts:\/\/\S+:\d+/.exec(seen)?.[0] ?? ''
    this.#port = /\d+$/.exec(this.#url)?.[0] ?? '0'
  }

  async kill(): Promise<void> {
    this.#broker?.child.kill('SIGKILL')
    await this.#broker?.finished
  }

  /** Ends the broker as an operator does; its exit code. */
  async stop(): Promise<number | null | undefined> {
    this.#broker?.child.kill('SIGTERM')
    return (await this.#broker?.finished)?.code
  }

  async connectSubscriber(): Promise<void> {
    const subscriber = await this.#client('reader')
    this.#subscriber = subscriber
    subscriber.on('message', (topic, payload, { dup }) => {
      const publisher = Number(topic.split('/')[1])
      const n = Number(payload.toString().split(' ')[0])
      this.arrivals.push({ publisher, n, isRepeat: dup })
      this.#arrived.add(`${publisher}/${n}`)
      this.#wake()
    })
    await subscriber.subscribeAsync('ward/+', { qos: 1 })
  }

  /** Each publishes the next number when one before was acknowledged, `window` of them at a time. */
  async startPublishers(count: number, window: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const publisher = this.acknowledged.push([]) - 1
      const client = await this.#client(`writer-${publisher}`)
      this.#publishers.push(client)
      for (let slot = 0; slot < window; slot += 1) this.#loops.push(this.#publishOn(client, publisher))
    }
  }

  get acknowledgedCount(): number {
    return this.acknowledged.reduce((sum, { length }) => sum + length, 0)
  }

  /** Resolves at the next acknowledgements or arrivals that make the condition true. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition())
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
      })
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** No new messages; resolves when the last one was acknowledged. */
  async finishPublishing(): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#loops)
  }

  /** The numbers of one publisher in the order in which they first arrived. */
  firstArrivals(publisher: number): readonly number[] {
    return [...new Set(this.arrivals.filter((one) => one.publisher === publisher).map(({ n }) => n))]
  }

  /** What was acknowledged and has not arrived. */
  missing(): readonly string[] {
    return this.acknowledged.flatMap((numbers, publisher) =>
      numbers.map((n) => `${publisher}/${n}`).filter((name) => !this.#arrived.has(name)),
    )
  }

  close(): void {
    for (const client of [...this.#publishers, ...(this.#subscriber === undefined ? [] : [this.#subscriber])])
      client.end(true)
  }

  async #publishOn(client: MqttClient, publisher: number): Promise<void> {
    while (!this.#isStopping) {
      // What a queue gives up at its bound is another matter than what a crash loses.
      await this.until(() => this.acknowledgedCount - this.#arrived.size < BACKLOG)
      const n = this.#next
      this.#next += 1
      await publishUntilAcknowledged(client, `ward/${publisher}`, `${n} ${'x'.repeat(200)}`)
      this.acknowledged[publisher]?.push(n)
      this.#wake()
    }
  }

  async #client(clientId: string): Promise<MqttClient> {
    const client = await connectAsync(this.#url, {
      ...this.#credentials,
      clientId,
      clean: false,
      protocolVersion: 4,
      reconnectPeriod: 50,
    })
    client.on('error', () => undefined)
    return client
  }
}

/** As a device does: what was not acknowledged is sent again. The client library does so too, but not at every moment. */
async function publishUntilAcknowledged(client: MqttClient, topic: string, text: string): Promise<void> {
  for (;;) {
    try {
      await client.publishAsync(topic, text, { qos: 1 })
      return
    } catch {
      if (!client.connected) await new Promise<void>((resolve) => client.once('connect', () => resolve()))
    }
  }
}
