/** Many clients at once: all are served, those who are in are served in between, and a flood starves nobody else. */

import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { connectPacket, publishPacket, readAnswers } from '../../bench/mqtt-packets.ts'
import type { BrokerRules } from '../../gateway/ports.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { createBench, portOf, RawClient, wardRules, type Bench } from '../support/broker-bench.ts'

let bench: Bench
const open: { destroy(): void }[] = []
beforeAll(() => {
  bench = createBench()
})
afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy()
  await bench.reset()
})
afterAll(() => bench.remove())

const FLOOD = '127.0.0.2'

/** Everyone with a certificate may publish for itself; the inventory of the bench has no thousand rows. */
const rules: BrokerRules = {
  ...wardRules(),
  mayConnect: ({ id }, clientId) =>
    id === clientId ? { allowed: true } : { allowed: false, reason: 'another id' },
  mayPublish: ({ id }, topic) =>
    topic === topicOf(id) ? { allowed: true } : { allowed: false, reason: 'another topic' },
}

describe('a ward that comes back at once', () => {
  it('is served as a whole, and a device that is in already is served all the while', async () => {
    const broker = await bench.start({ rules })
    const ids = Array.from({ length: 150 }, (_, n) => `storm-${n}`)
    const order: ('first' | 'storm')[] = []
    const first = device('mon-1', portOf(broker), (packetId) => {
      order.push('first')
      first.socket.write(publishPacket(topicOf('mon-1'), (packetId % 60_000) + 1, 'x'))
    })
    await first.served
    order.splice(0)
    const storm = ids.map((id) =>
      device(id, portOf(broker), () => order.push('storm'), bench.mint('device', id)),
    )
    await Promise.all(storm.map(async ({ served }) => served))
    const longestWait = order
      .map((who) => (who === 'first' ? ' ' : '.'))
      .join('')
      .split(' ')
      .reduce((longest, { length }) => Math.max(longest, length), 0)
    expect(order.filter((who) => who === 'storm')).toHaveLength(150)
    // As many as may be under way come to their end in one turn of the loop; then it is the turn of the open session.
    expect(longestWait).toBeLessThanOrEqual(32)
  })

  it('is served beside a flood of handshakes from another address that never go on', async () => {
    const broker = await bench.start()
    const hello = await clientHello()
    const flood = Array.from({ length: 200 }, () => plain(portOf(broker), FLOOD, hello))
    await Promise.all(flood.map(async (socket) => once(socket, 'connect')))
    const devices = await Promise.all([
      bench.client(broker, 'device', 'mon-1'),
      bench.client(broker, 'device', 'mon-2'),
      bench.client(broker, 'consumer', 'station-icu'),
    ])
    await devices[0]?.publishAsync(topicOf('mon-1'), 'x', { qos: 1 })
    expect(flood.filter(({ closed }) => closed)).toHaveLength(0)
    expect(broker.connectionCount).toBe(3)
  })
})

describe('the connections', () => {
  it('of one address have a bound, beyond which they are closed and named, and others are admitted', async () => {
    const broker = await bench.start({ limits: { connectionsPerAddress: 3 } })
    const held = Array.from({ length: 3 }, () => plain(portOf(broker), FLOOD))
    await Promise.all(held.map(async (socket) => once(socket, 'connect')))
    const beyond = plain(portOf(broker), FLOOD)
    await once(beyond, 'close')
    expect(await bench.events.first('address-connection-limit')).toEqual({
      address: expect.stringMatching(/^127\.0\.0\.2:\d+$/),
      limit: 3,
      listener: '127.0.0.1:0',
    })
    await bench.client(broker, 'device', 'mon-1')
    held[0]?.destroy()
    // What is said is heard again, as soon as the broker has noticed that one has gone.
    while (bench.events.named('plaintext-refused').length === 0)
      await once(plain(portOf(broker), FLOOD, Buffer.from('GET / HTTP/1.1\r\n\r\n')), 'close')
  })

  it('have a bound in all, beyond which they are closed and named', async () => {
    const broker = await bench.start({ limits: { connections: 3 } })
    const held = Array.from({ length: 3 }, () => plain(portOf(broker), FLOOD))
    await Promise.all(held.map(async (socket) => once(socket, 'connect')))
    const beyond = plain(portOf(broker), '127.0.0.1')
    await once(beyond, 'close')
    expect(await bench.events.first('connection-limit')).toMatchObject({ limit: 3 })
  })
})

describe('a client that has proved who it is', () => {
  it.each([
    { name: 'says nothing more', bytes: Buffer.alloc(0) },
    { name: 'sends half a CONNECT', bytes: connectPacket('mon-1').subarray(0, 5) },
  ])('and $name is cut off and named when its time is up', async ({ bytes }) => {
    const clock = new FakeClock(Date.now())
    const broker = await bench.start({ clock })
    const mute = new RawClient(portOf(broker), bench.credentials('device', 'mon-1'))
    open.push(mute.socket)
    mute.socket.write(bytes)
    while (broker.connectionCount === 0) await new Promise(setImmediate)
    clock.advance(9_999)
    expect(bench.events.named('no-connect')).toHaveLength(0)
    clock.advance(1)
    await mute.closed
    expect(bench.events.named('no-connect')).toMatchObject([
      { detail: { role: 'device', id: 'mon-1', afterMs: 10_000 } },
    ])
    expect(mute.received).toHaveLength(0)
  })

  it('and stops in the middle of its handshake is cut off and named', async () => {
    const clock = new FakeClock(Date.now())
    const broker = await bench.start({ clock })
    const idleTimerCount = clock.pendingCount
    const half = plain(portOf(broker), '127.0.0.1', await clientHello())
    const closed = new Promise((resolve) => half.once('close', resolve))
    // The answer of the broker: its handshake has begun.
    await once(half, 'readable')
    expect(clock.pendingCount).toBeGreaterThan(idleTimerCount)
    half.resume()
    clock.advance(10_000)
    await closed
    expect(await bench.events.first('handshake-refused')).toMatchObject({ reason: 'handshake-timeout' })
  })
})

function topicOf(id: string): string {
  return `ingest/v1/${id}/numeric`
}

/** Connects, publishes once when it may, and tells of each acknowledgement. */
function device(
  id: string,
  port: number,
  onAcknowledged: (packetId: number) => void,
  credentials = bench.credentials('device', id),
): { readonly socket: RawClient['socket']; readonly served: Promise<void> } {
  const { socket } = new RawClient(port, credentials)
  open.push(socket)
  let rest: Buffer = Buffer.alloc(0)
  socket.write(connectPacket(id))
  const served = new Promise<void>((resolve, reject) => {
    socket.once('close', () => reject(new Error(`${id} was not served`)))
    socket.on('data', (bytes: Buffer) => {
      rest = readAnswers(Buffer.concat([rest, bytes]), {
        connack: () => socket.write(publishPacket(topicOf(id), 1, 'x')),
        puback(packetId) {
          onAcknowledged(packetId)
          resolve()
        },
      })
    })
  })
  return { socket, served }
}

function plain(port: number, localAddress: string, bytes?: Buffer): Socket {
  const socket = connectTcp({ port, host: '127.0.0.1', localAddress })
  open.push(socket)
  socket.on('error', () => undefined)
  if (bytes !== undefined) socket.write(bytes)
  return socket
}

/** The first flight of a real client. */
async function clientHello(): Promise<Buffer> {
  return new Promise((resolve) => {
    const wire = new Duplex({
      read: () => undefined,
      write: (bytes: Buffer) => resolve(bytes),
    })
    connectTls({ socket: wire, servername: 'localhost' })
  })
}
