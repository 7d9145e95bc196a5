/** A revocation made by another process bites at once, over real mutual TLS; nobody else notices. */

import { afterEach, describe, expect, it } from '@jest/globals'
import type { MqttClient } from 'mqtt'
import { systemClock } from '../../gateway/clock.ts'
import type { DeviceEntry, InventoryEntry } from '../../gateway/ports.ts'
import { CONNACK_ACCEPTED, startLiveWard, type LiveWard } from '../support/live-ward.ts'
import { ingestSet } from '../support/sets.ts'

const PAIRS = 25
const PUBLISH_MS = 250
/** What the product promises. */
const BITES_WITHIN_MS = 2_000

const device = (id: string): DeviceEntry => ({
  role: 'device',
  id,
  ward: 'icu',
  bed: `b-${id}`,
  assoc: 'a1',
  protocol: 'mqtt',
})
const names = Array.from({ length: PAIRS }, (_, index) => String(index + 1))
const INVENTORY: readonly InventoryEntry[] = [
  ...names.map((name) => device(`mon-${name}`)),
  ...names.map((name) => ({ role: 'consumer' as const, id: `station-${name}`, wards: ['icu'] })),
  device('stolen'),
  { role: 'consumer', id: 'stolen', wards: ['icu'] },
]

let ward: LiveWard
const pairs: Pair[] = []
afterEach(async () => {
  for (const pair of pairs.splice(0)) pair.stop()
  await ward.stop()
})

/** A device that publishes all the time, and a station that reads it: what it gets, and what became of both. */
class Pair {
  readonly sentAtMs: number[] = []
  readonly arrived: { readonly seq: number; readonly lateMs: number }[] = []
  closedCount = 0
  #cancel: () => void = () => undefined
  readonly #source: MqttClient
  #wake: () => void = () => undefined
  readonly #name: string

  constructor(name: string, source: MqttClient, reader: MqttClient) {
    this.#name = name
    this.#source = source
    for (const client of [source, reader])
      client.on('close', () => {
        this.closedCount += 1
        this.#wake()
      })
    reader.on('message', (_topic, payload) => {
      const { seq } = JSON.parse(payload.toString())
      this.arrived.push({ seq, lateMs: systemClock.monotonicMs() - (this.sentAtMs[seq - 1] ?? 0) })
      this.#wake()
    })
  }

  start(): void {
    this.#cancel = systemClock.every(PUBLISH_MS, () => this.#publish())
  }

  stop(): void {
    this.#cancel()
  }

  /** Resolves when so many have arrived, or a connection is gone. */
  async arrive(count: number): Promise<void> {
    while (this.arrived.length < count && this.closedCount === 0)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
  }

  /** Sends no more, and waits for the last one. */
  async finish(): Promise<void> {
    this.stop()
    await this.arrive(this.sentAtMs.length)
  }

  #publish(): void {
    const now = new Date(systemClock.nowMs()).toISOString()
    const seq = this.sentAtMs.push(systemClock.monotonicMs())
    const set = ingestSet({ device: `mon-${this.#name}`, seq, t: now, tr: now })
    this.#source.publish(`ingest/v1/mon-${this.#name}/numeric`, JSON.stringify(set), { qos: 1 })
  }
}

async function startPairs(): Promise<void> {
  for (const name of names) {
    const reader = await ward.client('consumer', `station-${name}`)
    await reader.subscribeAsync(`vitals/v1/icu/b-mon-${name}/mon-${name}/numeric`, { qos: 1 })
    pairs.push(new Pair(name, await ward.client('device', `mon-${name}`), reader))
  }
  for (const pair of pairs) pair.start()
}

/** Nobody has lost a connection or a message, and none came out of order or late. */
async function expectUndisturbed(): Promise<void> {
  await Promise.all(pairs.map((pair) => pair.finish()))
  for (const { arrived, sentAtMs, closedCount } of pairs) {
    expect(closedCount).toBe(0)
    expect(sentAtMs.length).toBeGreaterThan(2)
    expect(arrived.map(({ seq }) => seq)).toEqual(sentAtMs.map((_, index) => index + 1))
    expect(Math.max(...arrived.map(({ lateMs }) => lateMs))).toBeLessThan(1_000)
  }
}

async function closed(client: MqttClient): Promise<number> {
  await new Promise<void>((resolve) => {
    client.once('close', () => resolve())
  })
  return systemClock.monotonicMs()
}

async function untilArrived(count: number): Promise<void> {
  await Promise.all(pairs.map((pair) => pair.arrive(count)))
}

function revoke(role: 'device' | 'consumer', id: string): number {
  const row = ward.store.list(systemClock.nowMs()).find((one) => one.role === role && one.id === id)
  const revokedAtMs = systemClock.monotonicMs()
  ward.store.revoke(row?.serial ?? '', 'keyCompromise', systemClock.nowMs())
  return revokedAtMs
}

describe('a certificate that is revoked while fifty others are at work', () => {
  it('loses its session and every way back within two seconds, and nobody else notices', async () => {
    ward = await startLiveWard(INVENTORY)
    await startPairs()
    const stolen = await ward.client('device', 'stolen')
    await untilArrived(2)
    const ended = closed(stolen)
    const revokedAtMs = revoke('device', 'stolen')
    // The index decides at the handshake: not even a moment is left.
    expect(await ward.attempt('device', 'stolen')).toBe('closed')
    expect((await ended) - revokedAtMs).toBeLessThan(BITES_WITHIN_MS)
    expect(ward.events.named('session-ended').map(({ detail }) => detail)).toEqual([
      expect.objectContaining({ role: 'device', id: 'stolen', reason: 'certificate-revoked' }),
    ])
    await untilArrived(12)
    // By now the list is in use as well, and TLS refuses by itself.
    expect(await ward.attempt('device', 'stolen')).toBe('closed')
    expect(ward.events.named('handshake-refused').at(-1)?.detail).toMatchObject({
      reason: 'revoked',
      openssl: 'CERT_REVOKED',
    })
    await expectUndisturbed()
    expect(ward.gateway.broker.sessions().map(({ identity }) => identity.id)).not.toContain('stolen')
    expect(ward.gateway.broker.connectionCount).toBe(2 * PAIRS)
  }, 60_000)
})

describe('what else changes while fifty are at work', () => {
  it('a reload, a new list and a new server certificate are noticed by nobody', async () => {
    ward = await startLiveWard(INVENTORY)
    await startPairs()
    await untilArrived(2)
    await ward.gateway.reload()
    ward.store.refreshCrl(systemClock.nowMs())
    const before = await serverSerial()
    ward.store.renew('server', 'server', systemClock.nowMs())
    await untilArrived(10)
    expect(await serverSerial()).not.toBe(before)
    await ward.gateway.reload()
    await expectUndisturbed()
    expect(ward.events.named('session-ended')).toEqual([])
  }, 60_000)
})

describe('a TLS session that was saved before the revocation', () => {
  it('does not resume after it', async () => {
    ward = await startLiveWard(INVENTORY)
    const first = ward.raw('device', 'stolen')
    let session: Buffer | undefined
    first.socket.on('session', (saved: Buffer) => {
      session = saved
    })
    expect((await first.receive(4)).toString('hex')).toBe(CONNACK_ACCEPTED)
    session ??= first.socket.getSession()
    revoke('device', 'stolen')
    await first.closed
    const resumed = await ward.attempt('device', 'stolen', session === undefined ? {} : { session })
    expect(resumed).toBe('closed')
    // Also when the list is there and the context new.
    await ward.gateway.reload()
    expect(await ward.attempt('device', 'stolen', session === undefined ? {} : { session })).toBe('closed')
    expect(ward.gateway.broker.connectionCount).toBe(0)
  })
})

describe('an issuing authority that is revoked', () => {
  it('takes every session of its certificates with it, and lets none of them in again', async () => {
    ward = await startLiveWard(INVENTORY)
    const clients = [await ward.client('device', 'mon-1'), await ward.client('consumer', 'station-1')]
    const ended = Promise.all(clients.map(async (client) => closed(client)))
    const row = ward.store.list(systemClock.nowMs()).find(({ role }) => role === 'issuing-ca')
    ward.store.revoke(row?.serial ?? '', 'keyCompromise', systemClock.nowMs())
    await ended
    expect(ward.events.named('session-ended').map(({ detail }) => detail['reason'])).toEqual([
      'certificate-revoked',
      'certificate-revoked',
    ])
    expect(await ward.attempt('device', 'mon-2')).toBe('closed')
  })
})

async function serverSerial(): Promise<string> {
  const probe = ward.raw('device', 'stolen')
  await probe.receive(4)
  const { serialNumber } = probe.socket.getPeerCertificate()
  probe.socket.destroy()
  await probe.closed
  return serialNumber
}
