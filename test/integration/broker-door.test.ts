/** The door before TLS, alone: who waits, who is next, and who is sent away when. */

import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { approachDoor, type Approach } from '../../gateway/broker/approach.ts'
import { createFront, type Front } from '../../gateway/broker/front.ts'
import { HANDSHAKE_PACE } from '../../gateway/broker/limits.ts'
import { CounterRecord, EventRecord } from '../support/broker-bench.ts'
import { FakeClock } from '../support/fake-clock.ts'

/** A record that the door takes for a ClientHello; nobody looks into it here. */
const HELLO = Buffer.from('1603010005 0100000101'.replaceAll(' ', ''), 'hex')
const WARD = '127.0.0.1'
const FLOOD = '127.0.0.2'

interface Begun {
  readonly socket: Socket
  readonly approach: Approach
}

const opened: { close(): unknown }[] = []
const clients: Socket[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy()
  for (const one of opened.splice(0)) one.close()
})

describe('a ClientHello', () => {
  it('of an address that waits for the first time is next, whatever another one has sent before', async () => {
    const { clock, begun, port } = await door()
    await flood(port, HANDSHAKE_PACE.underWay + 30)
    await until(() => begun.length === HANDSHAKE_PACE.underWay)
    client(port, WARD, HELLO)
    await seen()
    expect(begun).toHaveLength(HANDSHAKE_PACE.underWay)
    clock.advance(HANDSHAKE_PACE.stallMs)
    await until(() => begun.length > HANDSHAKE_PACE.underWay + 1)
    const next = begun.slice(HANDSHAKE_PACE.underWay, HANDSHAKE_PACE.underWay + 2)
    expect(next.filter(({ approach }) => approach.address.startsWith(WARD))).toHaveLength(1)
  })

  it('has its turn as soon as the handshake before it has ended', async () => {
    const { begun, port } = await door()
    await flood(port, HANDSHAKE_PACE.underWay + 2)
    await until(() => begun.length === HANDSHAKE_PACE.underWay)
    begun[0]?.approach.settle()
    await until(() => begun.length === HANDSHAKE_PACE.underWay + 1)
    begun[1]?.socket.destroy()
    await until(() => begun.length === HANDSHAKE_PACE.underWay + 2)
  })

  it('is handed on whole, with what came after it', async () => {
    const { begun, port } = await door()
    client(port, WARD, Buffer.concat([HELLO, Buffer.from('more')]))
    await until(() => begun.length === 1)
    expect(begun[0]?.socket.read()).toEqual(Buffer.concat([HELLO, Buffer.from('more')]))
  })

  it('whose handshake does not end in its time is cut off, and said to be late', async () => {
    const { clock, begun, port, events } = await door()
    const late = client(port, WARD, HELLO)
    await until(() => begun.length === 1)
    clock.advance(9_999)
    expect(begun[0]?.approach.isLate).toBe(false)
    clock.advance(1)
    expect(begun[0]?.approach.isLate).toBe(true)
    await closed(late)
    expect(events.seen).toEqual([])
    expect(clock.pendingCount).toBe(0)
  })

  it('that comes one byte at a time gains no time by it', async () => {
    const { clock, port, events } = await door()
    const slow = client(port, WARD)
    for (const byte of HELLO.subarray(0, 9)) {
      slow.write(Buffer.from([byte]))
      await seen()
      clock.advance(1_111)
    }
    clock.advance(1)
    await closed(slow)
    expect(events.seen.map(({ event, detail }) => [event, detail['what']])).toEqual([
      ['no-client-hello', 'unfinished ClientHello'],
    ])
  })
})

describe('a client whose handshake has not begun', () => {
  it('and who leaves is noticed, and named', async () => {
    const { events, port, counters } = await waitingRoom()
    const waiting = client(port, WARD, HELLO)
    await seen()
    waiting.end()
    expect(await events.first('handshake-refused')).toMatchObject({
      reason: 'left-while-waiting',
      address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    })
    expect(counters.counts.get('handshake_refused_total')).toBe(1)
  })

  it('is sent away when it has waited too long, not when the time of a handshake is over', async () => {
    const { clock, events, port, entered } = await waitingRoom()
    const waiting = client(port, WARD, HELLO)
    await until(() => entered.length === 1)
    clock.advance(19_999)
    expect(events.seen).toEqual([])
    clock.advance(1)
    await closed(waiting)
    expect(events.seen.map(({ event, detail }) => [event, detail['reason']])).toEqual([
      ['handshake-refused', 'queue-timeout'],
    ])
    expect(clock.pendingCount).toBe(0)
  })

  it('and who talks on unanswered is sent away before much of it is kept', async () => {
    const { events, port } = await waitingRoom()
    const talking = client(port, WARD, HELLO)
    talking.write(Buffer.alloc(64 * 1024))
    expect(await events.first('no-client-hello')).toMatchObject({ what: 'more than a ClientHello' })
    await closed(talking)
  })
})

async function door() {
  const clock = new FakeClock()
  const events = new EventRecord()
  const begun: Begun[] = []
  const front: Front = createFront({
    handshakeMs: 10_000,
    connections: 1000,
    clock,
    events,
    counters: new CounterRecord(),
    listener: 'door',
    onHello: (socket, approach) => begun.push({ socket, approach }),
  })
  opened.push(front)
  return { clock, events, begun, port: await portOf(front.server) }
}

/** A door behind which no handshake ever has its turn. */
async function waitingRoom() {
  const clock = new FakeClock()
  const events = new EventRecord()
  const counters = new CounterRecord()
  const entered: string[] = []
  const server = createServer((socket) => {
    approachDoor(socket, {
      handshakeMs: 10_000,
      clock,
      events,
      counters,
      listener: 'door',
      pacer: {
        announce: () => undefined,
        enter: (address) => {
          entered.push(address)
          return () => undefined
        },
      },
      unsettled: new Set(),
      onHello: () => {
        throw new Error('nobody has a turn here')
      },
    })
  })
  opened.push(server)
  return { clock, events, counters, entered, port: await portOf(server) }
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address() as AddressInfo
  return address.port
}

function client(port: number, localAddress: string, bytes?: Buffer): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  clients.push(socket)
  socket.on('error', () => undefined)
  if (bytes !== undefined) socket.write(bytes)
  return socket
}

async function flood(port: number, count: number): Promise<void> {
  const sockets = Array.from({ length: count }, () => client(port, FLOOD, HELLO))
  await Promise.all(sockets.map(async (socket) => once(socket, 'connect')))
  await seen()
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()))
}

async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; !isSo(); turn += 1) {
    if (turn > 100_000) throw new Error('it never came to that')
    await new Promise(setImmediate)
  }
}

/** What was sent on loopback so far has been read at the other end, many times over. */
async function seen(): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate)
}
