import type { AedesPublishPacket } from 'aedes'
import { describe, expect, it } from '@jest/globals'
import { SessionStore, VOID_TOPIC } from '../../../gateway/broker/session-store.ts'
import { MemoryLog } from '../../support/memory-log.ts'

const packet = (topic: string, text: string, brokerCounter = 1): AedesPublishPacket => ({
  cmd: 'publish',
  brokerId: 'b',
  brokerCounter,
  topic,
  payload: Buffer.from(text),
  qos: 1,
  retain: true,
  dup: false,
})
const createStore = (mayKeep = (_clientId: string, _filter: string): boolean => true) =>
  new SessionStore({
    queuedMessages: 10,
    queuedBytes: 1000,
    mayKeep,
    onOverflow: () => undefined,
    retainedTopics: 10,
    onRetainedFull: () => undefined,
    log: new MemoryLog(),
  })
const OWNER = { id: 'station' }

describe('retained messages', () => {
  it('are found by filter, also across empty levels, and $ topics only by name', async () => {
    const store = createStore()
    for (const topic of ['a/b', 'a//b', '$SYS/x']) store.takePublished(packet(topic, 'x'), undefined)
    expect(store.retained('a/+/b').map(({ topic }) => topic)).toEqual(['a//b'])
    expect(store.retained('#').map(({ topic }) => topic)).toEqual(['a/b', 'a//b'])
    expect(store.retained('$SYS/#')).toHaveLength(1)
    store.takePublished(packet('a/b', ''), undefined)
    expect(store.retained('a/b')).toEqual([])
  })
})

describe('a durable session', () => {
  it('never keeps a filter that was refused, nor one whose right was withdrawn', async () => {
    let isWithdrawn = false
    const store = createStore((_id, filter) => filter === 'mine/#' && !isWithdrawn)
    const both = [
      { topic: 'mine/#', qos: 1 as const },
      { topic: 'yours/#', qos: 1 as const },
    ]
    await store.addSubscriptions(OWNER, both)
    expect(store.state.matching('yours/x')).toEqual([])
    expect(await store.subscriptionsByClient(OWNER)).toEqual([both[0]])
    isWithdrawn = true
    expect(await store.subscriptionsByClient(OWNER)).toEqual([{ topic: VOID_TOPIC, qos: 0 }])
  })

  it('is known from its first CONNECT until a clean one', async () => {
    const store = createStore()
    expect(await store.subscriptionsByClient(OWNER)).toEqual([])
    expect(await store.subscriptionsByClient(OWNER)).toHaveLength(1)
    await store.cleanSubscriptions(OWNER)
    expect(await store.subscriptionsByClient(OWNER)).toEqual([])
  })

  it('gets a message once, at the highest QoS of its overlapping filters, and none at QoS 0', async () => {
    const store = createStore()
    await store.addSubscriptions(OWNER, [
      { topic: 'a/#', qos: 1 },
      { topic: 'a/+', qos: 2 },
      { topic: 'z', qos: 0 },
    ])
    expect(store.state.matching('a/b')).toEqual([{ clientId: 'station', topic: 'a/b', qos: 2 }])
    expect(store.state.matching('z')).toEqual([])
    await store.removeSubscriptions(OWNER, ['a/+', 'a/#'])
    expect(store.state.matching('a/b')).toEqual([])
  })
})

describe('a message at QoS 2', () => {
  it('is held from its reservation to its release, and is found only once stored', async () => {
    const store = createStore()
    expect(store.reserveIncoming('mon-1', 7)).toBe(true)
    expect(store.reserveIncoming('mon-1', 7)).toBe(false)
    expect(store.reserveIncoming('mon-2', 7)).toBe(true)
    await expect(store.incomingGetPacket({ id: 'mon-1' }, { messageId: 7 })).rejects.toThrow()
    await store.incomingStorePacket({ id: 'mon-1' }, { ...packet('$void', ''), messageId: 7 })
    expect(await store.incomingGetPacket({ id: 'mon-1' }, { messageId: 7 })).toMatchObject({ messageId: 7 })
    await store.incomingDelPacket({ id: 'mon-1' }, { messageId: 7 })
    expect(store.reserveIncoming('mon-1', 7)).toBe(true)
    store.releaseIncoming('mon-1', 7)
    expect(store.reserveIncoming('mon-1', 7)).toBe(true)
  })
})
