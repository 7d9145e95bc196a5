import { once } from 'node:events'
import { Socket, type AddressInfo } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { Aedes } from 'aedes'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { filter, firstValueFrom, Subject, take, toArray, type Observable } from 'rxjs'
import { systemClock } from '../../gateway/clock.ts'
import { UplinkError } from '../../gateway/errors.ts'
import { silentLog } from '../../gateway/log.ts'
import type { MessageLinkState, OutboundMessage } from '../../gateway/ports.ts'
import { createMqttLink, type MqttLinkOptions, type SubscribingLink } from '../../gateway/uplink/mqtt-link.ts'
import type { ReceivedMessage } from '../../gateway/uplink/subscriptions.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { createTestAuthority } from '../support/tls-identities.ts'

const authority = createTestAuthority()
const identity = authority.issue('broker', { ips: ['127.0.0.1'] })
const material = { ca: authority.ca, ...authority.issue('station-1') }

let broker: Aedes
let server: Server
let url = ''
const connections = new Set<TLSSocket>()
const links: SubscribingLink[] = []

beforeAll(async () => {
  server = createServer({ ...identity, ca: authority.ca, requestCert: true, minVersion: 'TLSv1.3' })
  server.on('secureConnection', (socket) => {
    connections.add(socket)
    socket.on('error', () => undefined).once('close', () => connections.delete(socket))
    broker.handle(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `mqtts://127.0.0.1:${(server.address() as AddressInfo).port}`
})

beforeEach(async () => {
  broker = await Aedes.createBroker()
})

afterEach(async () => {
  await Promise.all(links.splice(0).map((link) => link.close()))
  broker.close()
})

afterAll(() => {
  server.close()
})

function open(options: Partial<MqttLinkOptions> = {}): SubscribingLink {
  const link = createMqttLink({
    url,
    clientId: 'station-1',
    material: () => material,
    clock: systemClock,
    random: () => 0,
    log: silentLog,
    environment: {},
    ...options,
  })
  links.push(link)
  return link
}

function state<Kind extends MessageLinkState['kind']>(link: SubscribingLink, kind: Kind) {
  return firstValueFrom(
    link.state$.pipe(filter((each): each is Extract<MessageLinkState, { kind: Kind }> => each.kind === kind)),
  )
}

function message(topic: string, text: string, options: Partial<OutboundMessage> = {}): OutboundMessage {
  return { topic, payload: Buffer.from(text), qos: 1, retain: false, ...options }
}

function texts(messages: Observable<{ topic: string; payload: Buffer }>, count: number): Promise<string[]> {
  return firstValueFrom(messages.pipe(take(count), toArray())).then((all) =>
    all.map(({ topic, payload }) => `${topic} ${payload.toString()}`),
  )
}

/** Publishes from inside the broker. */
function announce(topic: string, payload: string): void {
  broker.publish({ cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false }, () => undefined)
}

/** Resolves when the broker has taken a subscription. */
function subscribed(): Promise<unknown> {
  return once(broker, 'subscribe')
}

describe('a link', () => {
  it('says where it leads and by what encryption', async () => {
    expect(await state(open(), 'online')).toMatchObject({ address: '127.0.0.1', protocol: 'TLSv1.3' })
  })

  it('logs in with its client id, a clean session and a keep-alive of 15 s', async () => {
    const connect = new Promise<unknown>((resolve) => {
      broker.preConnect = (_client, packet, callback) => {
        resolve(packet)
        callback(null, true)
      }
    })
    await state(open({ clientId: 'box-1' }), 'online')
    expect(await connect).toMatchObject({ clientId: 'box-1', clean: true, keepalive: 15, protocolVersion: 4 })
  })

  it('resolves a publish when the broker has acknowledged it, and not before', async () => {
    const link = open()
    await state(link, 'online')
    let admit: (() => void) | undefined
    const asked = new Promise<void>((resolve) => {
      broker.authorizePublish = (_client, _packet, callback) => {
        admit = () => callback(null)
        resolve()
      }
    })
    let isResolved = false
    const published = link.publish(message('a', 'x')).then(() => {
      isResolved = true
    })
    await asked
    expect(isResolved).toBe(false)
    admit?.()
    await published
    expect(isResolved).toBe(true)
  })

  it('rejects what was not acknowledged when the connection is lost', async () => {
    const link = open()
    await state(link, 'online')
    const asked = new Promise<void>((resolve) => {
      broker.authorizePublish = () => resolve()
    })
    const published = Promise.allSettled([link.publish(message('a', '1')), link.publish(message('a', '2'))])
    await asked
    for (const socket of connections) socket.destroy()
    expect(await published).toMatchObject([
      { status: 'rejected', reason: { code: 'WG_UPLINK' } },
      { status: 'rejected', reason: { code: 'WG_UPLINK' } },
    ])
  })

  it('rejects a publish at once when it is not connected', async () => {
    const link = open({ url: 'mqtts://10.0.0.1', connect: () => new Socket() })
    await expect(link.publish(message('a', 'x'))).rejects.toBeInstanceOf(UplinkError)
  })

  it('delivers what it published at QoS 0 and QoS 1 with topic, payload and retain flag', async () => {
    const link = open()
    await state(link, 'online')
    await link.publish(message('kept/1', 'old', { retain: true }))
    const known = subscribed()
    const kept = firstValueFrom(link.subscribe('kept/+'))
    await known
    expect(await kept).toMatchObject({ topic: 'kept/1', payload: Buffer.from('old'), retain: true })
    const wanted = subscribed()
    const live = firstValueFrom(link.subscribe('live/#'))
    await wanted
    await link.publish(message('live/2', 'new', { qos: 0 }))
    expect(await live).toMatchObject({ topic: 'live/2', retain: false })
  })

  it('connects again after a loss and takes up its subscriptions', async () => {
    const link = open()
    const messages = new Subject<ReceivedMessage>()
    link.subscribe('a/#').subscribe(messages)
    await subscribed()
    const before = texts(messages, 1)
    announce('a/1', 'before')
    expect(await before).toEqual(['a/1 before'])
    const again = subscribed()
    const offline = state(link, 'offline')
    for (const socket of connections) socket.destroy()
    await offline
    await again
    const after = texts(messages, 1)
    announce('a/2', 'after')
    expect(await after).toEqual(['a/2 after'])
  })

  it('errors a subscription that the broker denies, and stays connected', async () => {
    broker.authorizeSubscribe = (_client, subscription, callback) =>
      callback(null, subscription.topic.startsWith('secret') ? null : subscription)
    const link = open()
    await state(link, 'online')
    await expect(firstValueFrom(link.subscribe('secret/#'))).rejects.toMatchObject({
      context: { reason: 'subscription-denied' },
    })
    await expect(link.publish(message('a', 'x'))).resolves.toBeUndefined()
  })

  it('shares one subscription among the readers of a filter and ends it with the last', async () => {
    const link = open()
    await state(link, 'online')
    const known = subscribed()
    const first = link.subscribe('a').subscribe()
    const second = texts(link.subscribe('a'), 1)
    await known
    first.unsubscribe()
    await link.publish(message('a', 'x'))
    const ended = once(broker, 'unsubscribe')
    expect(await second).toEqual(['a x'])
    expect((await ended)[0]).toEqual(['a'])
  })

  it('says goodbye when it is closed', async () => {
    const link = open()
    await state(link, 'online')
    const gone = once(broker, 'clientDisconnect')
    const states = firstValueFrom(link.state$.pipe(toArray()))
    await link.close()
    await gone
    expect((await states).at(-1)).toEqual({ kind: 'offline', reason: 'closed' })
    await expect(link.publish(message('a', 'x'))).rejects.toBeInstanceOf(UplinkError)
  })

  it('can be closed while it connects, and twice', async () => {
    const link = open()
    await Promise.all([link.close(), link.close()])
    expect(await firstValueFrom(link.state$.pipe(toArray()))).toEqual([])
  })
})

describe('a link that does not come up', () => {
  it('names the reason of the broker', async () => {
    broker.authenticate = (_client, _user, _password, callback) => callback(null, false)
    expect(await state(open(), 'offline')).toMatchObject({ reason: expect.stringMatching(/not opened/) })
  })

  it('names the refusal of its certificate', async () => {
    const foreign = createTestAuthority('foreign root').issue('station-1')
    const refused = await state(open({ material: () => ({ ca: authority.ca, ...foreign }) }), 'offline')
    expect(refused.reason).toMatch(/UNKNOWN_CA|ECONNRESET|closed/)
  })

  it('gives up waiting for the broker to accept it', async () => {
    const clock = new FakeClock()
    const asked = new Promise<void>((resolve) => {
      broker.authenticate = () => resolve()
    })
    const offline = state(open({ clock }), 'offline')
    await asked
    clock.advance(10_000)
    expect(await offline).toMatchObject({ reason: expect.stringContaining('no CONNACK') })
  })

  it('notices by its keep-alive that the far end has fallen silent', async () => {
    const clock = new FakeClock()
    const link = open({ clock })
    await state(link, 'online')
    for (const socket of connections) socket.pause()
    const offline = state(link, 'offline')
    clock.advance(23_000)
    expect(await offline).toMatchObject({ reason: 'Keepalive timeout' })
  })

  it('waits longer after every failure', async () => {
    const clock = new FakeClock()
    let attempts = 0
    const resolver = (): Promise<string[]> => {
      attempts += 1
      return Promise.reject(new Error('ENOTFOUND'))
    }
    const link = open({ url: 'mqtts://broker.internal', resolver, clock })
    for (const [delayMs, expected] of [
      [250, 2],
      [500, 3],
      [1_000, 4],
      [2_000, 5],
    ] as const) {
      await state(link, 'offline')
      await settled()
      clock.advance(delayMs - 1)
      await settled()
      expect(attempts).toBe(expected - 1)
      clock.advance(1)
      await settled()
      expect(attempts).toBe(expected)
    }
  })
})

describe('a link that the guard refuses', () => {
  it('says so once, counts every attempt, and goes on asking', async () => {
    const clock = new FakeClock()
    const answers = [['8.8.8.8'], ['8.8.8.8'], ['169.254.169.254'], ['127.0.0.1']]
    const resolver = async (): Promise<string[]> => answers.shift() ?? ['127.0.0.1']
    const emitted: unknown[] = []
    const counted: unknown[] = []
    const named = createServer({
      ...authority.issue('named', { dns: ['broker.internal'] }),
      ca: authority.ca,
      requestCert: true,
    })
    named.on('secureConnection', (socket) => broker.handle(socket.on('error', () => undefined)))
    named.listen(0, '127.0.0.1')
    await once(named, 'listening')
    const link = open({
      url: `mqtts://broker.internal:${(named.address() as AddressInfo).port}`,
      clock,
      resolver,
      counters: {
        count: (name, labels) => counted.push([name, labels]),
        observeLatencyMs: () => undefined,
      },
      events: { emit: (...event) => emitted.push(event) },
    })
    const states = firstValueFrom(link.state$.pipe(take(4), toArray()))
    const online = state(link, 'online')
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await settled()
      clock.advance(15_000)
    }
    await online
    const event = (reason: string): unknown => [
      'security',
      'uplink-refused',
      { url: expect.stringContaining('mqtts://broker.internal'), reason },
    ]
    expect(await states).toMatchObject([
      { kind: 'connecting' },
      { kind: 'refused', reason: 'public-address' },
      { kind: 'refused', reason: 'link-local-address' },
      { kind: 'online' },
    ])
    expect(emitted).toEqual([event('public-address'), event('link-local-address')])
    expect(counted).toEqual([
      ['uplink_refused_total', { reason: 'public-address' }],
      ['uplink_refused_total', { reason: 'public-address' }],
      ['uplink_refused_total', { reason: 'link-local-address' }],
    ])
    await link.close()
    named.close()
  })
})

/** Lets everything that is not waiting for time or network come to rest. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
