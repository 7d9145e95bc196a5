import { describe, expect, it } from '@jest/globals'
import type { DeviceProtocol } from '../../../devices/protocol.ts'
import { readIngestSet, readIngestState } from '../../../gateway/contract/read-payload.ts'
import type { IngestSet } from '../../../gateway/contract/reading.ts'
import { silentLog } from '../../../gateway/log.ts'
import { createMemoryOutbox } from '../../../gateway/outbox/memory-outbox.ts'
import { pipeline, type BedsideDevice } from '../../../gateway/pipeline.ts'
import type { OutboundMessage } from '../../../gateway/ports.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import {
  DISCARD,
  FakeLink,
  fakeProtocol,
  FORBIDDEN,
  NOTHING,
  scriptedProtocol,
  SERIAL_NUMBER_A,
  SERIAL_NUMBER_B,
  THROW,
} from '../../support/fake-device.ts'
import { RecordingCounters, RecordingEvents } from '../../support/recording-sinks.ts'

interface Setup extends Pick<BedsideDevice, 'identity' | 'memory' | 'port'> {
  readonly protocol?: DeviceProtocol
  readonly check?: (set: IngestSet) => IngestSet
}

function running(setup: Setup = {}) {
  const clock = new FakeClock()
  const events = new RecordingEvents()
  const counters = new RecordingCounters()
  const outbox = createMemoryOutbox({ limitPerDevice: 1_000, events, counters })
  const link = new FakeLink()
  const subscription = pipeline(
    { ...setup, id: 'ox-1', protocol: setup.protocol ?? fakeProtocol(), link, linkName: 'serial' },
    {
      outbox,
      bootId: 'b19',
      clock,
      log: silentLog,
      events,
      counters,
      ...(setup.check !== undefined && { check: setup.check }),
    },
  ).subscribe()

  /** What was put into the outbox since the last call. */
  const sent = (): readonly OutboundMessage[] => {
    const messages: OutboundMessage[] = []
    for (let lease = outbox.lease(); lease !== undefined; lease = outbox.lease()) {
      messages.push(lease.message)
      outbox.acknowledge(lease)
    }
    return messages
  }
  return { clock, events, counters, link, sent, subscription }
}

function setOf(message: OutboundMessage | undefined): IngestSet {
  const read = readIngestSet(message?.payload ?? Buffer.alloc(0))
  if (!read.ok) throw new Error(read.reason)
  return read.payload
}

function statesOf(messages: readonly OutboundMessage[]): readonly string[] {
  return messages
    .filter(({ topic }) => topic === 'ingest/v1/ox-1/state')
    .map(({ payload }) => {
      const read = readIngestState(payload)
      if (!read.ok) throw new Error(read.reason)
      return `${read.payload.line} ${read.payload.reason}`
    })
}

describe('the pipeline of a device', () => {
  it('carries a reading from the line to the ingest topic, valid by the published schema', () => {
    const { link, sent } = running()
    link.say(97)

    const message = sent().find(({ topic }) => topic === 'ingest/v1/ox-1/numeric')
    expect(message).toMatchObject({ qos: 1, retain: false })
    expect(setOf(message)).toMatchObject({
      device: 'ox-1',
      seq: 1,
      boot: 'b19',
      tr: '2026-09-20T10:15:00.000Z',
      src: { link: 'serial', driver: 'fake@1.2.3' },
      metrics: [{ ref: 'MDC_PULS_OXIM_SAT_O2', value: 97, q: 'valid' }],
    })
  })

  it('sends what the check made of a set', () => {
    const check = (set: IngestSet): IngestSet => ({
      ...set,
      metrics: set.metrics.map((metric) => ({ ...metric, q: 'questionable' })),
    })
    const { link, sent } = running({ check })
    link.say(12)

    expect(setOf(sent().at(-1)).metrics[0]).toMatchObject({ value: 12, q: 'questionable' })
  })

  it('sends nothing for an observation without numerics, and uses up no number for it', () => {
    const { link, sent } = running()
    link.say(97, NOTHING, 98)

    const sets = sent().filter(({ topic }) => topic.endsWith('/numeric'))
    expect(sets.map((message) => setOf(message).seq)).toEqual([1, 2])
  })

  it('tells the state of the line on every change and on no other occasion', () => {
    const { link, sent } = running()
    link.close('no-such-port')
    link.close('no-such-port')
    link.open()
    link.say(97, 98)
    link.close('unplugged')

    expect(statesOf(sent())).toEqual(['down no-such-port', 'up opened', 'down unplugged'])
  })

  it('counts what was discarded, by reason', () => {
    const { link, counters } = running()
    link.say(DISCARD, DISCARD)

    expect(counters.totals).toEqual({ 'discarded_frames_total checksum': 2 })
  })

  it('counts every command outside the closed list, reports it once and never executes it', () => {
    const { link, counters, events } = running()
    link.say(FORBIDDEN, FORBIDDEN)

    expect(link.commands).toEqual([])
    expect(counters.totals).toEqual({ commands_refused_total: 2 })
    expect(events.named('command-forbidden')).toEqual([{ device: 'ox-1', command: 'send' }])
  })

  it('reports which device is on the line, and raises it when another one takes its place', () => {
    const { link, events } = running()
    link.say(SERIAL_NUMBER_A, SERIAL_NUMBER_A)
    link.close('unplugged')
    link.say(SERIAL_NUMBER_B, SERIAL_NUMBER_B)

    expect(events.all).toEqual([
      {
        eventClass: 'technical',
        event: 'device-identified',
        detail: { device: 'ox-1', name: 'serial-number', value: 'sn-252' },
      },
      {
        eventClass: 'security',
        event: 'device-identity-changed',
        detail: { device: 'ox-1', name: 'serial-number', before: 'sn-252', now: 'sn-251' },
      },
    ])
  })
})

describe('the pipeline of a device that is known by its identity', () => {
  const identity = { value: 'sn-252', untold: 'wait' } as const

  it('publishes nothing before the device has said that it is the one', () => {
    const { link, sent } = running({ identity })
    link.open()
    link.say(97)
    expect(sent()).toEqual([])
    link.say(SERIAL_NUMBER_A, 98)

    const messages = sent()
    expect(statesOf(messages)).toEqual(['up opened'])
    expect(messages.filter(({ topic }) => topic.endsWith('/numeric'))).toHaveLength(1)
    expect(setOf(messages.at(-1)).metrics[0]?.value).toBe(98)
  })

  it('says wrong-device of another one, as a state and as a security event, and publishes nothing of it', () => {
    const { clock, events, link, sent } = running({ identity })
    link.open()
    link.say(SERIAL_NUMBER_B, 97)
    clock.advance(2_000)
    link.say(96)

    const messages = sent()
    expect(statesOf(messages)).toEqual(['down wrong-device'])
    expect(messages).toHaveLength(1)
    expect(events.all).toMatchObject([
      { eventClass: 'security', event: 'wrong-device', detail: { found: 'sn-251' } },
    ])
    clock.advance(10_000)
    link.open()
    link.say(SERIAL_NUMBER_B)
    clock.advance(2_000)
    expect(statesOf(sent())).toEqual([])
  })

  it('gives the device that comes after a wrong one a driver that has not heard the wrong one', () => {
    let drivers = 0
    const { clock, link } = running({
      identity,
      protocol: scriptedProtocol(() => {
        drivers++
        return fakeProtocol().createDriver()
      }),
    })
    link.open()
    link.say(SERIAL_NUMBER_B)
    clock.advance(2_000)
    clock.advance(10_000)
    expect(drivers).toBe(2)
  })
})

describe('the pipeline of a line that nobody understands', () => {
  it('says so after fifteen seconds, with advice once, and takes it back with the first good reading', () => {
    const { clock, events, link, sent } = running({ port: '/dev/ttyUSB0' })
    link.open()
    for (let second = 0; second < 40; second++) {
      link.say(DISCARD)
      clock.advance(1_000)
    }
    expect(statesOf(sent())).toEqual(['up opened', 'up not-understood'])
    expect(events.named('line-not-understood')).toEqual([
      {
        device: 'ox-1',
        advice: 'check protocol and line settings: wardgate doctor --port /dev/ttyUSB0',
      },
    ])
    link.say(97)
    expect(statesOf(sent())).toEqual(['up opened'])
  })

  it('does not say so of a line that is merely bad', () => {
    const { clock, events, link, sent } = running()
    link.open()
    for (let second = 0; second < 40; second++) {
      link.say(DISCARD, DISCARD, ...(second % 10 === 0 ? [97] : []))
      clock.advance(1_000)
    }
    expect(statesOf(sent())).toEqual(['up opened'])
    expect(events.named('line-not-understood')).toEqual([])
  })

  it('tells the engineer once, however often the line is opened again meanwhile', () => {
    const { clock, events, link } = running()
    for (let opening = 0; opening < 3; opening++) {
      link.open()
      for (let second = 0; second < 20; second++) {
        link.say(DISCARD)
        clock.advance(1_000)
      }
      link.close('unplugged')
    }
    expect(events.named('line-not-understood')).toHaveLength(1)
  })
})

it('the driver of a device is given the memory of that device', () => {
  const memory = { get: () => '4711', set: () => undefined }
  let given: unknown
  running({
    memory,
    protocol: fakeProtocol({
      createDriver: (known) => {
        given = known?.get('last-record')
        return { receive: () => [] }
      },
    }),
  })
  expect(given).toBe('4711')
})

describe('a fault of ours in the pipeline of a device', () => {
  it('restarts it after a pause with a fresh driver, and tells the ward and the engineer', () => {
    let driverCount = 0
    const { link, clock, events, sent } = running({
      protocol: scriptedProtocol(() => {
        driverCount++
        return fakeProtocol().createDriver()
      }),
    })
    link.open()
    link.say(97, THROW, 98)
    expect(statesOf(sent())).toEqual(['up opened', 'down internal-fault'])
    expect(events.named('pipeline-restarted')).toEqual([{ device: 'ox-1', reason: 'the driver has a fault' }])
    expect(link.events$.observed).toBe(false)

    clock.advance(5_000)
    link.open()
    link.say(96)

    expect(driverCount).toBe(2)
    expect(statesOf(sent())).toEqual(['up opened'])
  })

  it('numbers on after the restart, so that nothing new is taken for a repeat', () => {
    const { link, clock, sent } = running()
    link.say(97)
    link.say(THROW)
    clock.advance(5_000)
    link.say(96)

    const seqs = sent()
      .filter(({ topic }) => topic.endsWith('/numeric'))
      .map((message) => setOf(message).seq)
    expect(seqs).toEqual([1, 2])
  })

  it('is survived also when the check throws', () => {
    let hasThrown = false
    const { link, clock, events, sent } = running({
      check: (set) => {
        if (hasThrown) return set
        hasThrown = true
        throw new TypeError('the check has a fault')
      },
    })
    link.say(97)
    expect(events.named('pipeline-restarted')).toHaveLength(1)
    clock.advance(5_000)
    link.say(96)

    expect(setOf(sent().at(-1)).metrics[0]?.value).toBe(96)
  })

  it('does not restart after it was unsubscribed', () => {
    const { link, clock, subscription } = running()
    link.say(THROW)
    subscription.unsubscribe()
    clock.advance(60_000)

    expect(link.events$.observed).toBe(false)
    expect(clock.pendingCount).toBe(0)
  })
})
