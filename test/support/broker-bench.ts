/** A broker on loopback with a fresh PKI and everything it reports kept for the test to read. */

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt'
import { issueCertificate, newKeyPair, validityOf, type Authority } from '../../certs/authority.ts'
import { planLeaf } from '../../certs/plan.ts'
import { layoutOfState } from '../../certs/store-layout.ts'
import { initStore, type CertificateStore } from '../../certs/store.ts'
import type { ClientRole as CertificateRole } from '../../certs/profile.ts'
import { startBroker, type Broker, type BrokerOptions } from '../../gateway/broker/aedes-broker.ts'
import { systemClock, type Clock } from '../../gateway/clock.ts'
import { silentLog } from '../../gateway/log.ts'
import type { BrokerRules, Counters, EventSink, Inventory, InventoryEntry } from '../../gateway/ports.ts'
import { createTopicAuthority } from '../../gateway/security/authorise.ts'
import { contest } from '../../gateway/security/contest.ts'
import { createIdentify } from '../../gateway/security/identify.ts'
import { standingOf, type StandingOf } from '../../gateway/security/standing.ts'
import { readAuthorities } from '../../gateway/security/verify-authority.ts'
import type { OddCertificate } from './odd-certificate.ts'
import { believed } from './fake-time.ts'
import { openJournalIn } from './open-journal.ts'
import { tempDir } from './temp-dir.ts'

export const SITE = 'ward.test'
const DAY_MS = 86_400_000

export interface SeenEvent {
  readonly event: string
  readonly detail: Readonly<Record<string, string | number | boolean>>
}

/** Keeps events and lets a test wait for one. */
export class EventRecord implements EventSink {
  readonly seen: SeenEvent[] = []
  #wake: (() => void) | undefined

  emit(_class: string, event: string, detail: SeenEvent['detail']): void {
    this.seen.push({ event, detail })
    this.#wake?.()
  }

  named(event: string): readonly SeenEvent[] {
    return this.seen.filter((one) => one.event === event)
  }

  /** The first event of that name, seen already or still to come. */
  async first(event: string): Promise<SeenEvent['detail']> {
    for (;;) {
      const [found] = this.named(event)
      if (found !== undefined) return found.detail
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

export class CounterRecord implements Counters {
  readonly counts = new Map<string, number>()

  count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
  }

  observeLatencyMs(): void {
    // The broker measures no latency.
  }
}

const INVENTORY: readonly InventoryEntry[] = [
  { role: 'device', id: 'mon-1', ward: 'icu', bed: 'b01', assoc: 'a1', protocol: 'nonin-df2' },
  {
    role: 'device',
    id: 'mon-2',
    ward: 'icu',
    bed: 'b02',
    assoc: 'a2',
    protocol: 'nonin-df2',
    bedside: 'box-1',
  },
  { role: 'device', id: 'expired', ward: 'icu', bed: 'b03', assoc: 'a3', protocol: 'nonin-df2' },
  { role: 'bedside', id: 'box-1' },
  { role: 'consumer', id: 'station-icu', wards: ['icu'] },
  { role: 'consumer', id: 'station-er', wards: ['er'] },
  { role: 'operator', id: 'engineer', duties: ['engineer'], wards: [] },
]

function inventoryOf(entries: readonly InventoryEntry[]): Inventory {
  const devices = entries.filter((entry) => entry.role === 'device')
  return {
    find: (role, id) => entries.find((entry) => entry.role === role && entry.id === id),
    device: (id) => devices.find((entry) => entry.id === id),
    devices: () => devices,
  }
}

/** The ward's authority; what is admitted goes to `vitals/v1/icu/b01/{device}/{kind}` unchanged. */
export function wardRules(admit?: BrokerRules['admit']): BrokerRules {
  return {
    ...createTopicAuthority(inventoryOf(INVENTORY)),
    admit:
      admit ??
      (async (_identity, message) => {
        const [, , device, kind] = message.topic.split('/')
        const topic = `vitals/v1/icu/b01/${device ?? ''}/${kind ?? ''}`
        return { instead: { ...message, topic, retain: false }, also: [] }
      }),
  }
}

/** What the index of the store says at every question, and the clock. */
export function standingIn(store: CertificateStore, clock: Clock): StandingOf {
  return (identity) =>
    standingOf(identity, {
      revocation: store.revokedFingerprints().has(identity.fingerprint) ? 'revoked' : 'not-revoked',
      nowMs: clock.nowMs(),
      clock: 'trusted',
    })
}

export interface Bench {
  readonly store: CertificateStore
  readonly issuing: OddCertificate
  readonly events: EventRecord
  readonly counters: CounterRecord
  start(options?: Partial<BrokerOptions>): Promise<Broker>
  /** A connected client with the certificate of that identity. */
  client(broker: Broker, role: CertificateRole, id: string, options?: IClientOptions): Promise<MqttClient>
  /** Connection options of that identity for a raw TLS socket. */
  credentials(role: CertificateRole, id: string): { key: string; cert: string; ca: string }
  /** The same for an identity that the store has never heard of: nothing is written, so it is quick. */
  mint(role: CertificateRole, id: string): { key: string; cert: string; ca: string }
  /** Ends clients and brokers of one test and forgets its events. */
  reset(): Promise<void>
  remove(): void
}

/** `nowMs`: the moment as of which everything is made. */
export function createBench(nowMs = Date.now()): Bench {
  const state = tempDir()
  // Made nine days ago, so that one of its certificates can have ended since.
  const store = initStore({
    stateDir: state.path,
    site: SITE,
    serverNames: ['localhost', '127.0.0.1'],
    nowMs: nowMs - 9 * DAY_MS,
  })
  store.issue({ role: 'device', id: 'expired', nowMs: nowMs - 8 * DAY_MS, days: 1 })
  for (const { role, id } of INVENTORY) if (id !== 'expired') store.issue({ role, id, nowMs })
  store.refreshCrl(nowMs)
  const layout = layoutOfState(state.path)
  const events = new EventRecord()
  const counters = new CounterRecord()
  const brokers: Broker[] = []
  let started = 0
  const clients: MqttClient[] = []

  const certificatePem = readFileSync(layout.issuingCertificate, 'utf8')
  const authority: Authority = {
    role: 'issuing-ca',
    certificatePem,
    certificate: new X509Certificate(certificatePem),
    privateKey: createPrivateKey(readFileSync(layout.issuingKey, 'utf8')),
  }
  const credentials: Bench['credentials'] = (role, id) => {
    const { key, cert, ca } = store.clientMaterial(role, id)
    return { key, cert, ca }
  }
  return {
    store,
    issuing: {
      cert: readFileSync(layout.issuingCertificate, 'utf8'),
      key: readFileSync(layout.issuingKey, 'utf8'),
    },
    events,
    counters,
    credentials,
    mint(role, id) {
      const { publicKey, privateKey } = newKeyPair()
      const issuer = validityOf(authority.certificate)
      const names = { dnsNames: [], ipAddresses: [] }
      const plan = planLeaf({ role, id, site: SITE, publicKey, nowMs, issuer, ...names })
      return {
        key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        cert: issueCertificate(authority, plan, nowMs) + authority.certificatePem,
        ca: store.serverMaterial().ca,
      }
    },
    async start(options) {
      started += 1
      const broker = await startBroker({
        id: 'gw-test',
        journal: options?.journal ?? openJournalIn(join(state.path, `run-${started}`), events),
        listen: [{ host: '127.0.0.1', port: 0 }],
        material: store.serverMaterial(),
        identify: createIdentify({
          site: SITE,
          time: options?.time ?? believed(systemClock),
          issuers: () => readAuthorities((options?.material ?? store.serverMaterial()).ca).issuing,
          isRevoked: (fingerprint) => store.revokedFingerprints().has(fingerprint),
        }),
        standingOf: standingIn(store, options?.clock ?? systemClock),
        contest,
        rules: wardRules(),
        events,
        counters,
        clock: systemClock,
        log: silentLog,
        ...withoutJournal(options),
      })
      brokers.push(broker)
      return broker
    },
    async client(broker, role, id, options) {
      const client = await connectAsync(`mqtts://127.0.0.1:${portOf(broker)}`, {
        ...credentials(role, id),
        clientId: id,
        reconnectPeriod: 0,
        protocolVersion: 4,
        ...options,
      })
      client.on('error', () => undefined)
      clients.push(client)
      return client
    },
    async reset() {
      for (const client of clients.splice(0)) client.end(true)
      for (const broker of brokers.splice(0)) await broker.stop()
      events.seen.splice(0)
      counters.counts.clear()
    },
    remove: () => state.remove(),
  }
}

function withoutJournal(options: Partial<BrokerOptions> = {}): Omit<Partial<BrokerOptions>, 'journal'> {
  const { journal: _journal, ...others } = options
  return others
}

export function portOf(broker: Broker, index = 0): number {
  return broker.addresses[index]?.port ?? 0
}

/** Sends bytes over plain TCP, and resolves with all that came back once the other end has closed. */
export async function sendPlain(port: number, pieces: readonly Uint8Array[]): Promise<Buffer> {
  const socket = connectTcp(port, '127.0.0.1')
  const received: Buffer[] = []
  socket.on('data', (bytes: Buffer) => received.push(bytes))
  socket.on('error', () => undefined)
  socket.setNoDelay(true)
  await once(socket, 'connect')
  for (const piece of pieces) {
    if (socket.destroyed) break
    await new Promise<void>((resolve) => socket.write(piece, () => setImmediate(resolve)))
  }
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  return Buffer.concat(received)
}

/** A raw TLS client: what it received, and how it ended. */
export class RawClient {
  readonly socket: TLSSocket
  received = Buffer.alloc(0)
  readonly closed: Promise<void>

  constructor(port: number, options: ConnectionOptions) {
    this.socket = connectTls({ host: '127.0.0.1', port, servername: 'localhost', ...options })
    this.socket.on('data', (bytes: Buffer) => {
      this.received = Buffer.concat([this.received, bytes])
    })
    this.socket.on('error', () => undefined)
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()))
  }

  /** Resolves when at least that many bytes have come, or the connection has ended. */
  async receive(byteCount: number): Promise<Buffer> {
    while (this.received.length < byteCount && !this.socket.closed)
      await Promise.race([once(this.socket, 'data'), this.closed])
    return this.received
  }
}
