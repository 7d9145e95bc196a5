import { describe, expect, it } from '@jest/globals'
import { startBedside } from '../../../gateway/bedside.ts'
import { silentLog } from '../../../gateway/log.ts'
import type { OutboundMessage } from '../../../gateway/ports.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FakeLink, fakeProtocol, PART_READING, THROW } from '../../support/fake-device.ts'
import { FakeMessageLink, settled } from '../../support/fake-message-link.ts'
import { RecordingCounters, RecordingEvents } from '../../support/recording-sinks.ts'

function bedside(outboxLimit = 100) {
  const clock = new FakeClock()
  const messageLink = new FakeMessageLink()
  const events = new RecordingEvents()
  const counters = new RecordingCounters()
  const links = { a: new FakeLink(), b: new FakeLink() }
  const running = startBedside({
    devices: Object.entries(links).map(([id, link]) => ({
      id,
      ...(id === 'b' && { parts: { 'pump-14': 'b-14' } }),
      link,
      linkName: 'serial' as const,
      protocol: fakeProtocol(),
    })),
    messageLink,
    bootId: 'b19',
    clock,
    log: silentLog,
    events,
    counters,
    outboxLimit,
    drainMs: 2_000,
  })
  return { ...links, clock, messageLink, events, counters, running }
}

function valuesOf(messages: readonly OutboundMessage[], device: string): readonly number[] {
  return messages
    .filter(({ topic }) => topic === `ingest/v1/${device}/numeric`)
    .map(({ payload }) => JSON.parse(payload.toString()).metrics[0].value)
}

function statesOf(messages: readonly OutboundMessage[], device: string): readonly string[] {
  return messages
    .filter(({ topic }) => topic === `ingest/v1/${device}/state`)
    .map(({ payload }) => JSON.parse(payload.toString()).reason)
}

describe('the bedside part', () => {
  it('publishes what its devices measure', async () => {
    const { a, b, messageLink } = bedside()
    a.say(97, 96)
    b.say(88)
    await settled()

    expect(valuesOf(messageLink.acknowledged, 'a')).toEqual([97, 96])
    expect(valuesOf(messageLink.acknowledged, 'b')).toEqual([88])
  })

  it('goes on with every other device while one has a fault', async () => {
    const { a, b, messageLink } = bedside()
    a.say(THROW)
    b.say(88, 87)
    await settled()

    expect(valuesOf(messageLink.acknowledged, 'b')).toEqual([88, 87])
  })

  it('keeps the readings of each part for the device that it is mapped to', async () => {
    const { b, messageLink } = bedside(3)
    messageLink.break()
    b.say(97, PART_READING, 96, PART_READING, PART_READING)
    messageLink.restore()
    await settled()

    expect(valuesOf(messageLink.acknowledged, 'b-14')).toEqual([91, 91])
    expect(valuesOf(messageLink.acknowledged, 'b')).toContain(96)
  })

  it('keeps readings while the broker is away and delivers them in order afterwards', async () => {
    const { a, messageLink, clock } = bedside()
    messageLink.break()
    for (const value of [97, 96, 95, 94]) {
      a.say(value)
      clock.advance(1_000)
    }
    messageLink.restore()
    await settled()

    expect(valuesOf(messageLink.acknowledged, 'a')).toEqual([97, 96, 95, 94])
  })

  it('drops the oldest readings of a long outage, and says how many', async () => {
    const { a, messageLink, counters, events } = bedside(3)
    messageLink.break()
    a.say(97, 96, 95, 94, 93)
    messageLink.restore()
    await settled()

    expect(valuesOf(messageLink.acknowledged, 'a')).toEqual([94, 93])
    // The state of the line was the oldest message; readings go before it.
    expect(counters.totals['dropped_total outbox']).toBe(3)
    expect(events.named('outbox-recovered')).toEqual([{ device: 'a', dropped: 3 }])
  })

  it('closes its lines, says so, delivers what is left and closes its session when it stops', async () => {
    const { a, b, messageLink, running } = bedside()
    a.open()
    a.say(97)
    await running.stop()

    expect(a.events$.observed).toBe(false)
    expect(b.events$.observed).toBe(false)
    expect(valuesOf(messageLink.acknowledged, 'a')).toEqual([97])
    expect(statesOf(messageLink.acknowledged, 'a')).toEqual(['opened', 'bedside-stopped'])
    for (const device of ['b', 'b-14'])
      expect(statesOf(messageLink.acknowledged, device)).toEqual(['bedside-stopped'])
    expect(messageLink.isClosed).toBe(true)
  })

  it('stops within its time also when the broker never answers, and leaves no timer', async () => {
    const { a, messageLink, clock, running } = bedside()
    messageLink.isPrompt = false
    a.say(97)
    const stopped = running.stop()
    await settled()
    clock.advance(2_000)
    await stopped

    expect(messageLink.isClosed).toBe(true)
    expect(clock.pendingCount).toBe(0)
  })

  it('can be stopped twice', async () => {
    const { running, messageLink } = bedside()
    await Promise.all([running.stop(), running.stop()])

    expect(statesOf(messageLink.acknowledged, 'a')).toEqual(['bedside-stopped'])
  })
})
