import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { createMemoryOutbox } from '../../../../gateway/outbox/memory-outbox.ts'
import type { Lease, Outbox } from '../../../../gateway/outbox/outbox.ts'
import type { OutboundMessage } from '../../../../gateway/ports.ts'
import type { Relayed } from '../../../../gateway/stages/relay.ts'
import { RecordingCounters, RecordingEvents } from '../../../support/recording-sinks.ts'

function relayed(device: string, text: string, extra: Partial<Relayed> = {}): Relayed {
  const kind = extra.kind ?? 'numeric'
  const message: OutboundMessage = {
    topic: `ingest/v1/${device}/${kind}`,
    payload: Buffer.from(text),
    qos: kind === 'waveform' ? 0 : 1,
    retain: false,
  }
  return { device, kind, message, ...extra }
}

function outboxOf(limitPerDevice = 100) {
  const events = new RecordingEvents()
  const counters = new RecordingCounters()
  return { outbox: createMemoryOutbox({ limitPerDevice, events, counters }), events, counters }
}

function text(lease: Lease | undefined): string | undefined {
  return lease?.message.payload.toString()
}

/** Leases and acknowledges until nothing is left. */
function drained(outbox: Outbox): readonly string[] {
  const texts: string[] = []
  for (let lease = outbox.lease(); lease !== undefined; lease = outbox.lease()) {
    texts.push(lease.message.payload.toString())
    outbox.acknowledge(lease)
  }
  return texts
}

describe('the outbox', () => {
  it('gives the messages of a device in the order in which they were put', () => {
    const { outbox } = outboxOf()
    for (const name of ['a', 'b', 'c']) outbox.put(relayed('ox-1', name))

    expect(drained(outbox)).toEqual(['a', 'b', 'c'])
    expect(outbox.pendingCount).toBe(0)
  })

  it('keeps a message until it is acknowledged', () => {
    const { outbox } = outboxOf()
    outbox.put(relayed('ox-1', 'a'))
    const lease = outbox.lease()
    expect(outbox.pendingCount).toBe(1)

    if (lease !== undefined) outbox.acknowledge(lease)

    expect(outbox.pendingCount).toBe(0)
    expect(outbox.lease()).toBeUndefined()
  })

  it('has one message of a device out at a time', () => {
    const { outbox } = outboxOf()
    outbox.put(relayed('ox-1', 'a'))
    outbox.put(relayed('ox-1', 'b'))

    expect(text(outbox.lease())).toBe('a')
    expect(outbox.lease()).toBeUndefined()
  })

  it('gives back a message to its old place', () => {
    const { outbox } = outboxOf()
    outbox.put(relayed('ox-1', 'a'))
    outbox.put(relayed('ox-1', 'b'))
    const lease = outbox.lease()
    if (lease !== undefined) outbox.giveBack(lease)

    expect(drained(outbox)).toEqual(['a', 'b'])
  })

  it('lets devices take turns, whatever one of them has piled up', () => {
    const { outbox } = outboxOf()
    for (const name of ['a1', 'a2', 'a3', 'a4']) outbox.put(relayed('a', name))
    for (const name of ['b1', 'b2']) outbox.put(relayed('b', name))

    expect(drained(outbox)).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'a4'])
  })

  it('drops the oldest when a device has no room left, and counts every drop', () => {
    const { outbox, counters } = outboxOf(3)
    for (const name of ['a', 'b', 'c', 'd', 'e']) outbox.put(relayed('ox-1', name))

    expect(counters.totals).toEqual({ 'dropped_total outbox': 2 })
    expect(drained(outbox)).toEqual(['c', 'd', 'e'])
  })

  it('takes nothing from another device when one overflows', () => {
    const { outbox } = outboxOf(2)
    outbox.put(relayed('b', 'b1'))
    for (const name of ['a1', 'a2', 'a3', 'a4', 'a5']) outbox.put(relayed('a', name))

    expect(drained(outbox)).toEqual(['b1', 'a4', 'a5'])
  })

  it('never drops what is on its way, and drops it when it comes back to a full queue', () => {
    const { outbox, counters } = outboxOf(2)
    outbox.put(relayed('ox-1', 'a'))
    const lease = outbox.lease()
    for (const name of ['b', 'c']) outbox.put(relayed('ox-1', name))
    expect(counters.totals).toEqual({})

    if (lease !== undefined) outbox.giveBack(lease)

    expect(counters.totals).toEqual({ 'dropped_total outbox': 1 })
    expect(drained(outbox)).toEqual(['b', 'c'])
  })

  it('reports an overflow once when it begins and once, with its size, when it is over', () => {
    const { outbox, events } = outboxOf(2)
    for (const name of ['a', 'b', 'c', 'd', 'e']) outbox.put(relayed('ox-1', name))
    expect(events.all).toEqual([
      { eventClass: 'technical', event: 'outbox-overflow', detail: { device: 'ox-1', limit: 2 } },
    ])

    drained(outbox)

    expect(events.named('outbox-recovered')).toEqual([{ device: 'ox-1', dropped: 3 }])
    for (const name of ['f', 'g', 'h']) outbox.put(relayed('ox-1', name))
    expect(events.named('outbox-overflow')).toHaveLength(2)
  })

  it('does not take a stale lease for the present one', () => {
    const { outbox } = outboxOf()
    outbox.put(relayed('ox-1', 'a'))
    const first = outbox.lease()
    if (first === undefined) throw new Error('nothing was leased')
    outbox.giveBack(first)
    const second = outbox.lease()

    outbox.acknowledge(first)
    outbox.giveBack(first)

    expect(outbox.pendingCount).toBe(1)
    if (second !== undefined) outbox.acknowledge(second)
    expect(outbox.pendingCount).toBe(0)
  })

  it('loses, repeats and reorders nothing that has room, whatever fails on the way', () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant('put' as const), device: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ kind: fc.constant('lease' as const) }),
      fc.record({ kind: fc.constantFrom('acknowledge' as const, 'give-back' as const), which: fc.nat(5) }),
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const { outbox } = outboxOf(1_000)
        const put: Record<string, string[]> = { a: [], b: [], c: [] }
        const acknowledged: Record<string, string[]> = { a: [], b: [], c: [] }
        const out: Lease[] = []
        const acknowledge = (lease: Lease): void => {
          acknowledged[lease.device]?.push(lease.message.payload.toString())
          outbox.acknowledge(lease)
        }
        for (const [index, step] of actions.entries()) {
          if (step.kind === 'put') {
            put[step.device]?.push(String(index))
            outbox.put(relayed(step.device, String(index)))
          } else if (step.kind === 'lease') {
            const lease = outbox.lease()
            if (lease !== undefined) out.push(lease)
          } else {
            const [lease] = out.splice(step.which, 1)
            if (lease === undefined) continue
            if (step.kind === 'acknowledge') acknowledge(lease)
            else outbox.giveBack(lease)
          }
        }
        for (const lease of out) outbox.giveBack(lease)
        for (let lease = outbox.lease(); lease !== undefined; lease = outbox.lease()) acknowledge(lease)
        expect(acknowledged).toEqual(put)
        expect(outbox.pendingCount).toBe(0)
      }),
      { seed: 7, numRuns: 300 },
    )
  })
})

describe('the outbox without room', () => {
  it('drops numerics before alerts and states, oldest first', () => {
    const { outbox, counters } = outboxOf(3)
    outbox.put(relayed('ox-1', 'alert', { kind: 'alert' }))
    outbox.put(relayed('ox-1', 'down', { kind: 'state' }))
    for (const name of ['a', 'b', 'c']) outbox.put(relayed('ox-1', name))

    expect(drained(outbox)).toEqual(['alert', 'down', 'c'])
    expect(counters.totals).toEqual({ 'dropped_total outbox': 2 })
  })

  it('drops the oldest alert where there is nothing else', () => {
    const { outbox } = outboxOf(2)
    for (const name of ['a', 'b', 'c']) outbox.put(relayed('ox-1', name, { kind: 'alert' }))
    expect(drained(outbox)).toEqual(['b', 'c'])
  })

  it('keeps one repeat of a present alert, however long the broker is away', () => {
    const { outbox, counters } = outboxOf(10)
    outbox.put(relayed('ox-1', 'begun', { kind: 'alert' }))
    for (let round = 0; round < 50; round++)
      outbox.put(relayed('ox-1', `again ${round}`, { kind: 'alert', replaces: 'spo2-low' }))
    outbox.put(relayed('ox-1', 'other', { kind: 'alert', replaces: 'bpm-low' }))

    expect(drained(outbox)).toEqual(['begun', 'again 49', 'other'])
    expect(counters.totals).toEqual({})
  })
})

describe('waveforms in the outbox', () => {
  const block = (name: string): Relayed => relayed('ox-1', name, { kind: 'waveform' })

  it('neither wait for numerics nor make them wait', () => {
    const { outbox } = outboxOf()
    outbox.put(block('w1'))
    outbox.put(relayed('ox-1', 'a'))
    expect(text(outbox.lease())).toBe('a')
    expect(text(outbox.leaseLive())).toBe('w1')
    expect(outbox.lease()).toBeUndefined()
    expect(outbox.leaseLive()).toBeUndefined()
  })

  it('push out no numeric, drop their own oldest, and count it', () => {
    const { outbox, counters, events } = outboxOf(2)
    outbox.put(relayed('ox-1', 'a'))
    outbox.put(relayed('ox-1', 'b'))
    for (let round = 0; round < 40; round++) outbox.put(block(`w${round}`))

    expect(drained(outbox)).toEqual(['a', 'b'])
    expect(text(outbox.leaseLive())).toBe('w8')
    expect(counters.totals).toEqual({ 'dropped_total outbox-waveform': 8 })
    expect(events.all).toEqual([])
  })

  it('are not sent again after a failure', () => {
    const { outbox, counters } = outboxOf()
    outbox.put(block('w1'))
    outbox.put(block('w2'))
    const lease = outbox.leaseLive()
    if (lease !== undefined) outbox.giveBack(lease)
    expect(text(outbox.leaseLive())).toBe('w2')
    expect(outbox.pendingCount).toBe(0)
    expect(counters.totals).toEqual({ 'dropped_total outbox-waveform': 1 })
  })
})
