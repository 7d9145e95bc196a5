/** How long a session may last, and what may be seen of it: through TLS, and through another listener's connection. */

import { duplexPair, type Duplex } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Broker } from '../../gateway/broker/aedes-broker.ts'
import type { SessionView } from '../../gateway/broker/sessions.ts'
import type { Identity } from '../../gateway/ports.ts'
import { standingOf, type Standing, type StandingFacts } from '../../gateway/security/standing.ts'
import { createBench, portOf, RawClient, type Bench } from '../support/broker-bench.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { CONNACK_ACCEPTED, CONNACK_UNAVAILABLE, connectPacket, PINGREQ } from '../support/live-ward.ts'

const YEAR_MS = 365 * 86_400_000
const DISCONNECT = Buffer.from([0xe0, 0])

let bench: Bench
beforeAll(() => {
  bench = createBench()
})
afterEach(async () => {
  await bench.reset()
})
afterAll(() => bench.remove())

/** A client behind a connection that another listener has secured. */
class SecuredClient {
  readonly far: Duplex
  received = Buffer.alloc(0)
  isClosed = false
  #wake: () => void = () => undefined

  constructor(broker: Broker, view: SessionView) {
    const [near, far] = duplexPair()
    this.far = far
    far.on('data', (bytes: Buffer) => {
      this.received = Buffer.concat([this.received, bytes])
      this.#wake()
    })
    // A socket that is destroyed is closed at its other end too; the two of a pair are not.
    near.on('close', () => far.destroy())
    far.on('error', () => undefined)
    for (const event of ['end', 'close'] as const)
      far.on(event, () => {
        this.isClosed = true
        this.#wake()
      })
    broker.accept(near, view)
  }

  async receive(byteCount: number): Promise<string> {
    while (this.received.length < byteCount && !this.isClosed) await this.#change()
    return this.received.toString('hex')
  }

  async closed(): Promise<void> {
    while (!this.isClosed) await this.#change()
  }

  async #change(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }
}

const identity = (overrides: Partial<Identity> = {}): Identity => ({
  role: 'device',
  id: 'mon-1',
  fingerprint: 'f1',
  notBeforeMs: 0,
  notAfterMs: Date.now() + YEAR_MS,
  ...overrides,
})
const view = (who: Identity, address = '127.0.0.1:50001'): SessionView => ({
  identity: who,
  address,
  listener: '127.0.0.1:8443',
  protocol: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
})

async function connect(broker: Broker, who: Identity, address?: string): Promise<SecuredClient> {
  const client = new SecuredClient(broker, view(who, address))
  client.far.write(connectPacket(who.id, 60))
  expect(await client.receive(4)).toBe(CONNACK_ACCEPTED)
  return client
}

describe('a certificate that ends while its session is open', () => {
  it('ends the session at its very end, on the wall clock', async () => {
    const nowMs = Date.now()
    // Whole seconds: it ends between one and two seconds from now.
    bench.store.issue({ role: 'operator', id: 'brief', nowMs, days: 2 / 86_400 })
    const broker = await bench.start({ rules: { ...everything, admit: nothing } })
    const client = new RawClient(portOf(broker), bench.credentials('operator', 'brief'))
    client.socket.write(connectPacket('brief', 60))
    expect((await client.receive(4)).toString('hex')).toBe(CONNACK_ACCEPTED)
    await client.closed
    const [session] = bench.events.named('session-ended')
    expect(session?.detail).toMatchObject({ id: 'brief', reason: 'certificate-expired' })
    expect(Date.now()).toBeGreaterThan(Math.floor(nowMs / 1000) * 1000 + 2_000)
    expect(Date.now()).toBeLessThan(Math.floor(nowMs / 1000) * 1000 + 3_500)
  })

  it('ends each session at its own time, also beyond the longest timer, and lets the renewed ones be', async () => {
    const clock = new FakeClock(Date.now())
    const broker = await bench.start({ clock, standingOf: byDates(clock) })
    const endMs = clock.nowMs() + 400 * 86_400_000
    const first = await connect(broker, identity({ notAfterMs: endMs }))
    const second = await connect(broker, identity({ id: 'mon-2', notAfterMs: endMs + 10_000 }))
    const renewed = await connect(
      broker,
      identity({ role: 'bedside', id: 'box-1', notAfterMs: endMs + YEAR_MS }),
    )
    clock.leap(endMs - clock.nowMs() - 60_000)
    clock.advance(60_000)
    expect(broker.connectionCount).toBe(3)
    clock.advance(1)
    await first.closed()
    clock.advance(10_000)
    await second.closed()
    expect(bench.events.named('session-ended').map(({ detail }) => detail['id'])).toEqual(['mon-1', 'mon-2'])
    renewed.far.write(PINGREQ)
    expect(await renewed.receive(6)).toBe(`${CONNACK_ACCEPTED}d000`)
  })

  it('ends within a minute when the clock was set forward', async () => {
    const clock = new FakeClock(Date.now())
    const broker = await bench.start({ clock, standingOf: byDates(clock) })
    const client = await connect(broker, identity())
    clock.step(2 * YEAR_MS)
    clock.advance(60_000)
    await client.closed()
  })

  it('ends nothing while the clock cannot be right, and ends it as soon as it can', async () => {
    const clock = new FakeClock(Date.now())
    const time: { clock: StandingFacts['clock'] } = { clock: 'implausible' }
    const broker = await bench.start({ clock, standingOf: byDates(clock, time) })
    const client = await connect(broker, identity())
    clock.leap(3 * YEAR_MS)
    clock.advance(60_000)
    expect(broker.connectionCount).toBe(1)
    time.clock = 'trusted'
    clock.advance(60_000)
    await client.closed()
    expect(await bench.events.first('session-ended')).toMatchObject({ reason: 'certificate-expired' })
  })
})

describe('a connection that another listener has secured', () => {
  it.each<{ standing: Standing }>([
    { standing: 'certificate-revoked' },
    { standing: 'certificate-expired' },
    { standing: 'revocation-unknown' },
  ])('is closed without a byte when the standing is $standing', async ({ standing }) => {
    const broker = await bench.start({ standingOf: () => standing })
    const client = new SecuredClient(broker, view(identity()))
    client.far.write(connectPacket('mon-1', 60))
    await client.closed()
    expect(client.received).toHaveLength(0)
    expect(await bench.events.first('session-refused')).toMatchObject({
      role: 'device',
      id: 'mon-1',
      fingerprint: 'f1',
      reason: standing,
    })
    expect(broker.connectionCount).toBe(0)
  })

  it('ends when its certificate is revoked, and its last will does not count; others stay', async () => {
    const revoked = new Set<string>()
    const broker = await bench.start({
      standingOf: ({ fingerprint }) => (revoked.has(fingerprint) ? 'certificate-revoked' : 'good'),
    })
    const stolen = await bench.client(broker, 'device', 'mon-1', {
      will: { topic: 'ingest/v1/mon-1/state', payload: Buffer.from('gone'), qos: 1, retain: false },
    })
    const other = await connect(broker, identity({ id: 'mon-2', fingerprint: 'f2' }))
    const secured = await connect(broker, identity({ role: 'bedside', id: 'box-1', fingerprint: 'f3' }))
    const closed = new Promise((resolve) => stolen.once('close', () => resolve(undefined)))
    for (const session of broker.sessions())
      if (session.identity.id !== 'mon-2') revoked.add(session.identity.fingerprint)
    broker.review()
    await closed
    await secured.closed()
    expect(await bench.events.first('publish-denied')).toMatchObject({
      id: 'mon-1',
      reason: expect.stringContaining('certificate-revoked'),
    })
    other.far.write(PINGREQ)
    expect(await other.receive(6)).toBe(`${CONNACK_ACCEPTED}d000`)
  })

  it('of the same identity from another address does not cut off the holder, and takes over from the same', async () => {
    const broker = await bench.start()
    const holder = await connect(broker, identity(), '10.0.0.1:1000')
    const copy = new SecuredClient(broker, view(identity({ fingerprint: 'copy' }), '10.0.0.2:1000'))
    copy.far.write(connectPacket('mon-1', 60))
    while (!copy.isClosed && copy.received.length === 0) {
      const before = holder.received.length
      holder.far.write(PINGREQ)
      await holder.receive(before + 2)
      await new Promise(setImmediate)
    }
    expect(await copy.receive(4)).toBe(CONNACK_UNAVAILABLE)
    expect(await bench.events.first('identity-in-use')).toMatchObject({
      address: '10.0.0.2:1000',
      holderAddress: '10.0.0.1:1000',
      fingerprint: 'copy',
      holderFingerprint: 'f1',
    })
    await connect(broker, identity(), '[::ffff:10.0.0.1]:2000'.replaceAll(/[[\]]/g, ''))
    await holder.closed()
  })
})

describe('a newcomer from another address that nobody answers for', () => {
  it('is told no after eight seconds, and let in once the holder has been silent for long enough', async () => {
    const clock = new FakeClock(Date.now())
    const broker = await bench.start({ clock, standingOf: () => 'good' })
    const holder = await connect(broker, identity(), '10.0.0.1:1000')
    const knock = (): SecuredClient => {
      const client = new SecuredClient(broker, view(identity(), '10.0.0.2:1000'))
      client.far.write(connectPacket('mon-1', 60))
      return client
    }
    const early = knock()
    await untilAnswered(early, clock)
    expect(await early.receive(4)).toBe(CONNACK_UNAVAILABLE)
    expect(await bench.events.first('identity-in-use')).toMatchObject({
      reason: 'holder-not-yet-silent',
      holderSilentMs: expect.any(Number),
    })
    // One and a half times the keep alive of a minute that the holder asked for.
    clock.advance(90_000)
    const late = knock()
    await untilAnswered(late, clock)
    expect(await late.receive(4)).toBe(CONNACK_ACCEPTED)
    await holder.closed()
  })
})

/** Lets time pass in the steps in which a contest is looked at, at most half a minute. */
async function untilAnswered(client: SecuredClient, clock: FakeClock): Promise<void> {
  for (let step = 0; step < 150 && client.received.length === 0; step += 1) {
    clock.advance(200)
    await new Promise(setImmediate)
  }
}

describe('a person who has logged in without a certificate', () => {
  it('takes over from where that person was logged in before', async () => {
    const broker = await bench.start()
    const person: Identity = {
      role: 'operator',
      id: 'engineer',
      fingerprint: 's1',
      notAfterMs: Date.now() + YEAR_MS,
    }
    const first = await connect(broker, person, '10.0.0.1:1000')
    await connect(broker, { ...person, fingerprint: 's2' }, '10.0.0.2:1000')
    await first.closed()
    expect(await bench.events.first('session-taken-over')).toMatchObject({
      address: '10.0.0.2:1000',
      holderAddress: '10.0.0.1:1000',
    })
  })
})

describe('what may be seen of the open sessions', () => {
  it('is who, since when, from where, by what, until when, and when it was last heard', async () => {
    const clock = new FakeClock(1_800_000_000_000)
    const broker = await bench.start({ clock, standingOf: () => 'good' })
    const client = await connect(broker, identity({ notAfterMs: 1_900_000_000_000 }))
    clock.advance(5_000)
    const expected = {
      ...view(identity({ notAfterMs: 1_900_000_000_000 })),
      clientId: 'mon-1',
      connectedAtMs: 1_800_000_000_000,
      heardAtMs: 1_800_000_000_000,
    }
    expect(broker.sessions()).toEqual([expected])
    client.far.write(PINGREQ)
    await client.receive(6)
    expect(broker.sessions()).toEqual([{ ...expected, heardAtMs: 1_800_000_005_000 }])
    client.far.write(DISCONNECT)
    await client.closed()
    expect(broker.sessions()).toEqual([])
  })
})

const everything = {
  mayConnect: () => ({ allowed: true as const }),
  mayPublish: () => ({ allowed: true as const }),
  maySubscribe: () => ({ allowed: true as const }),
  mayReceive: () => ({ allowed: true as const }),
}
const nothing = async () => ({ instead: undefined, also: [] })

function byDates(clock: FakeClock, time: { readonly clock: StandingFacts['clock'] } = { clock: 'trusted' }) {
  return (who: Identity): Standing =>
    standingOf(who, { revocation: 'not-revoked', nowMs: clock.nowMs(), clock: time.clock })
}
