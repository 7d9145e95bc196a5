import { describe, expect, it } from '@jest/globals'
import { silentLog } from '../../../../gateway/log.ts'
import { startDelivery } from '../../../../gateway/outbox/deliver.ts'
import { createMemoryOutbox } from '../../../../gateway/outbox/memory-outbox.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { FakeMessageLink, settled } from '../../../support/fake-message-link.ts'
import { RecordingCounters, RecordingEvents } from '../../../support/recording-sinks.ts'

function delivering() {
  const clock = new FakeClock()
  const messageLink = new FakeMessageLink()
  const outbox = createMemoryOutbox({
    limitPerDevice: 1_000,
    events: new RecordingEvents(),
    counters: new RecordingCounters(),
  })
  const delivery = startDelivery({ outbox, messageLink, clock, log: silentLog })
  const put = (device: string, text: string): void =>
    outbox.put({
      device,
      kind: 'numeric',
      message: {
        topic: `ingest/v1/${device}/numeric`,
        payload: Buffer.from(text),
        qos: 1,
        retain: false,
      },
    })
  const acknowledged = (): readonly string[] => messageLink.acknowledged.map(({ payload }) => String(payload))
  return { clock, messageLink, outbox, delivery, put, acknowledged }
}

describe('delivery', () => {
  it('sends what is put, at once', async () => {
    const { put, acknowledged, outbox } = delivering()
    put('ox-1', 'a')
    put('ox-1', 'b')
    await settled()

    expect(acknowledged()).toEqual(['a', 'b'])
    expect(outbox.pendingCount).toBe(0)
  })

  it('does not send while the link is offline, and catches up in order afterwards', async () => {
    const { put, acknowledged, messageLink } = delivering()
    messageLink.break()
    for (const text of ['a', 'b', 'c']) put('ox-1', text)
    await settled()
    expect(messageLink.onTheWay).toHaveLength(0)

    messageLink.restore()
    await settled()

    expect(acknowledged()).toEqual(['a', 'b', 'c'])
  })

  it('sends again, first, what was on its way when the connection broke', async () => {
    const { put, acknowledged, messageLink, clock, outbox } = delivering()
    messageLink.isPrompt = false
    put('ox-1', 'a')
    put('ox-1', 'b')
    messageLink.break()
    await settled()
    expect(outbox.pendingCount).toBe(2)

    messageLink.isPrompt = true
    messageLink.restore()
    clock.advance(1_000)
    await settled()

    expect(acknowledged()).toEqual(['a', 'b'])
  })

  it('waits before it sends again what was refused, and does not spin', async () => {
    const { put, messageLink, clock } = delivering()
    messageLink.isPrompt = false
    put('ox-1', 'a')
    messageLink.onTheWay[0]?.settle(new Error('refused'))
    await settled()
    expect(messageLink.onTheWay).toHaveLength(0)
    put('ox-2', 'b')
    clock.advance(999)
    expect(messageLink.onTheWay).toHaveLength(0)

    clock.advance(1)

    expect(messageLink.onTheWay).toHaveLength(2)
  })

  it('sends again what was not acknowledged in time, and stays in order', async () => {
    const { put, acknowledged, messageLink, clock } = delivering()
    messageLink.isPrompt = false
    put('ox-1', 'a')
    put('ox-1', 'b')
    clock.advance(30_000)
    await settled()
    messageLink.isPrompt = true
    clock.advance(1_000)
    await settled()

    expect(acknowledged()).toEqual(['a', 'b'])
  })

  it('has a bounded number of messages on their way', () => {
    const { put, messageLink } = delivering()
    messageLink.isPrompt = false
    for (let device = 0; device < 200; device++) put(`ox-${device}`, 'a')

    expect(messageLink.onTheWay).toHaveLength(64)
  })

  it('is not held up for other devices by one message that is not acknowledged', async () => {
    const { put, messageLink, acknowledged } = delivering()
    messageLink.isPrompt = false
    put('slow', 'x')
    messageLink.isPrompt = true
    put('ox-1', 'a')
    put('ox-1', 'b')
    await settled()

    expect(acknowledged()).toEqual(['a', 'b'])
    expect(messageLink.onTheWay).toHaveLength(1)
  })

  it('drains: resolves with nothing left as soon as everything is acknowledged', async () => {
    const { put, messageLink, delivery } = delivering()
    messageLink.isPrompt = false
    put('ox-1', 'a')
    const draining = delivery.drain(5_000)
    messageLink.onTheWay[0]?.settle()

    expect(await draining).toBe(0)
  })

  it('drains no longer than it may, and says what is left', async () => {
    const { put, messageLink, delivery, clock } = delivering()
    messageLink.break()
    put('ox-1', 'a')
    put('ox-2', 'b')
    const draining = delivery.drain(5_000)
    clock.advance(5_000)

    expect(await draining).toBe(2)
  })

  it('sends nothing after it was stopped, and leaves no timer', async () => {
    const { put, messageLink, delivery, clock } = delivering()
    messageLink.isPrompt = false
    put('ox-1', 'a')
    messageLink.onTheWay[0]?.settle(new Error('refused'))
    await settled()
    delivery.stop()
    put('ox-2', 'b')
    clock.advance(60_000)

    expect(messageLink.onTheWay).toHaveLength(0)
    expect(clock.pendingCount).toBe(0)
  })

  it('starts no timer for a failure that comes after it was stopped', async () => {
    const { put, messageLink, delivery, clock } = delivering()
    messageLink.isPrompt = false
    put('ox-1', 'a')
    delivery.stop()
    messageLink.onTheWay[0]?.settle(new Error('closed'))
    await settled()

    expect(clock.pendingCount).toBe(0)
  })

  it('sends a reading though waveforms fill every place of theirs', async () => {
    const { put, outbox, messageLink } = delivering()
    messageLink.isPrompt = false
    for (let device = 0; device < 40; device++)
      outbox.put({
        device: `mon-${device}`,
        kind: 'waveform',
        message: { topic: 'ingest/v1/mon/waveform', payload: Buffer.from('w'), qos: 0, retain: false },
      })
    put('ox-1', 'a')
    await settled()

    const onTheWay = messageLink.onTheWay.map(({ message }) => String(message.payload))
    expect(onTheWay.filter((text) => text === 'w')).toHaveLength(16)
    expect(onTheWay).toContain('a')
  })
})
