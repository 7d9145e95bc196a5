import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { Aedes } from 'aedes'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { filter, firstValueFrom, Subject, take, toArray } from 'rxjs'
import { systemClock } from '../../gateway/clock.ts'
import { silentLog } from '../../gateway/log.ts'
import type { MessageLinkState, OutboundMessage } from '../../gateway/ports.ts'
import {
  createMqttLink,
  type ClientMaterial,
  type MqttLinkOptions,
  type SubscribingLink,
} from '../../gateway/uplink/mqtt-link.ts'
import type { ReceivedMessage } from '../../gateway/uplink/subscriptions.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { createTestAuthority } from '../support/tls-identities.ts'

const authority = createTestAuthority()
const identity = authority.issue('broker', { ips: ['127.0.0.1'] })
const first: ClientMaterial = { ca: authority.ca, ...authority.issue('station-1') }
const second: ClientMaterial = { ca: authority.ca, ...authority.issue('station-1') }

let broker: Aedes
let server: Server
let url = ''
let newest = first
const connections: TLSSocket[] = []
const links: SubscribingLink[] = []

beforeAll(async () => {
  server = createServer({ ...identity, ca: authority.ca, requestCert: true, minVersion: 'TLSv1.3' })
  server.on('secureConnection', (socket) => {
    connections.push(socket)
    socket.on('error', () => undefined)
    broker.handle(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `mqtts://127.0.0.1:${(server.address() as AddressInfo).port}`
})

beforeEach(async () => {
  newest = first
  broker = await Aedes.createBroker()
})

afterEach(async () => {
  await Promise.all(links.splice(0).map((link) => link.close()))
  broker.close()
  connections.splice(0)
})

afterAll(() => {
  server.close()
})

async function online(options: Partial<MqttLinkOptions> = {}): Promise<SubscribingLink> {
  const link = createMqttLink({
    url,
    clientId: 'station-1',
    material: () => newest,
    clock: systemClock,
    random: () => 0,
    log: silentLog,
    environment: {},
    ...options,
  })
  links.push(link)
  await kind(link, 'online')
  return link
}

function kind(link: SubscribingLink, wanted: MessageLinkState['kind']): Promise<MessageLinkState> {
  return firstValueFrom(link.state$.pipe(filter((each) => each.kind === wanted)))
}

function message(text: string): OutboundMessage {
  return { topic: 'a', payload: Buffer.from(text), qos: 1, retain: false }
}

/** The certificate behind each connection so far, by its serial number. */
function shown(): readonly (string | undefined)[] {
  return connections.map((socket) => socket.getPeerX509Certificate()?.serialNumber)
}

describe('a link whose certificate was renewed', () => {
  it('goes over to the new certificate, and the old session ends', async () => {
    const link = await online()
    newest = second
    expect(await link.renew()).toBe('renewed')
    const [before, after] = connections
    expect(connections).toHaveLength(2)
    expect(shown()[1]).not.toBe(shown()[0])
    await expect(link.publish(message('x'))).resolves.toBeUndefined()
    if (before?.closed === false) await once(before, 'close')
    expect(after?.closed).toBe(false)
  })

  it('stays where it is when its certificate is still the newest', async () => {
    const link = await online()
    expect(await link.renew()).toBe('current')
    expect(connections).toHaveLength(1)
  })

  it('never says offline on the way, so that nobody takes the hand-over for a loss', async () => {
    const link = await online()
    const states: string[] = []
    link.state$.subscribe((state) => states.push(state.kind))
    newest = second
    await link.renew()
    expect(states).toEqual(['online', 'connecting', 'online'])
  })

  it('loses and repeats nothing of a publisher that waits while it is not online', async () => {
    const received: string[] = []
    broker.authorizePublish = (_client, packet, callback) => {
      received.push(packet.payload.toString())
      setImmediate(callback, null)
    }
    const link = await online()
    const wanted = Array.from({ length: 300 }, (_, index) => String(index))
    const publisher = (async () => {
      for (const text of wanted) {
        await kind(link, 'online')
        await link.publish(message(text))
      }
    })()
    for (const next of [second, first, second]) {
      newest = next
      expect(await link.renew()).toBe('renewed')
    }
    await publisher
    expect(received).toEqual(wanted)
    expect(connections).toHaveLength(4)
  })

  it('waits for the acknowledgement of what is on its way before the sessions change places', async () => {
    const link = await online()
    let acknowledge: (() => void) | undefined
    const asked = new Promise<void>((resolve) => {
      broker.authorizePublish = (_client, _packet, callback) => {
        acknowledge = () => callback(null)
        resolve()
      }
    })
    const published = link.publish(message('x'))
    await asked
    newest = second
    const renewing = link.renew()
    await kind(link, 'connecting')
    await expect(link.publish(message('y'))).rejects.toMatchObject({ context: { reason: 'offline' } })
    acknowledge?.()
    await expect(published).resolves.toBeUndefined()
    expect(await renewing).toBe('renewed')
  })

  it('keeps the old session when an acknowledgement does not come in time', async () => {
    const clock = new FakeClock()
    const link = await online({ clock })
    const asked = new Promise<void>((resolve) => {
      broker.authorizePublish = () => resolve()
    })
    const published = link.publish(message('x')).catch(() => 'lost with the end of the test')
    await asked
    newest = second
    const renewing = link.renew()
    await kind(link, 'connecting')
    clock.advance(5_000)
    expect(await renewing).toBe('busy')
    expect(await kind(link, 'online')).toMatchObject({ kind: 'online' })
    expect(connections[0]?.closed).toBe(false)
    const closing = link.close()
    clock.advance(2_000)
    await closing
    await published
  })

  it('keeps the old session when the far end does not take the new certificate', async () => {
    const link = await online()
    newest = { ca: authority.ca, ...createTestAuthority('foreign root').issue('station-1') }
    expect(await link.renew()).toBe('failed')
    await expect(link.publish(message('x'))).resolves.toBeUndefined()
    expect(connections[0]?.closed).toBe(false)
    newest = second
    expect(await link.renew()).toBe('renewed')
  })

  it('keeps the old session when the new material cannot be read', async () => {
    let isDamaged = false
    const link = await online({
      material: () => {
        if (isDamaged) throw new Error('the key does not fit')
        return first
      },
    })
    isDamaged = true
    expect(await link.renew()).toBe('failed')
    await expect(link.publish(message('x'))).resolves.toBeUndefined()
    expect(connections).toHaveLength(1)
  })

  it('keeps the old session where the far end lets nobody take the place of a living one', async () => {
    broker.authenticate = (_client, _user, _password, callback) =>
      callback(null, connections.filter((socket) => !socket.closed).length < 2)
    const link = await online()
    newest = second
    expect(await link.renew()).toBe('failed')
    await expect(link.publish(message('x'))).resolves.toBeUndefined()
    const again = kind(link, 'offline').then(() => kind(link, 'online'))
    connections[0]?.destroy()
    await again
    expect(shown().at(-1)).not.toBe(shown()[0])
  })

  it('takes its subscriptions along', async () => {
    const link = await online()
    const messages = new Subject<ReceivedMessage>()
    const known = once(broker, 'subscribe')
    link.subscribe('a').subscribe(messages)
    await known
    const again = once(broker, 'subscribe')
    newest = second
    await link.renew()
    await again
    const seen = firstValueFrom(messages.pipe(take(1), toArray()))
    await link.publish(message('x'))
    expect((await seen).map(({ payload }) => payload.toString())).toEqual(['x'])
  })

  it('has nothing to do while it is offline: the next attempt shows the newest certificate', async () => {
    const clock = new FakeClock()
    const link = await online({ clock })
    const lost = kind(link, 'offline')
    for (const socket of connections) socket.destroy()
    await lost
    newest = second
    expect(await link.renew()).toBe('offline')
    const back = kind(link, 'online')
    clock.advance(60_000)
    await back
    expect(shown()[1]).not.toBe(shown()[0])
  })

  it('can be closed while it goes over', async () => {
    const link = await online()
    newest = second
    const renewing = link.renew()
    await link.close()
    expect(await renewing).not.toBe('renewed')
    await expect(link.publish(message('x'))).rejects.toMatchObject({ context: { reason: 'offline' } })
  })
})
