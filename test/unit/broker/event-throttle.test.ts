import { describe, expect, it } from '@jest/globals'
import { throttleEvents } from '../../../gateway/broker/event-throttle.ts'
import { EventRecord } from '../../support/broker-bench.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const emitTimes = (times: number, event: string, sink: { emit: EventRecord['emit'] }): void => {
  for (let n = 0; n < times; n += 1) sink.emit('security', event, { n })
}

describe('a flood of events', () => {
  it('passes a hundred of each kind in ten seconds and counts the rest', () => {
    const clock = new FakeClock()
    const record = new EventRecord()
    const throttled = throttleEvents(record, clock)
    emitTimes(250, 'plaintext-refused', throttled)
    emitTimes(3, 'publish-denied', throttled)
    expect(record.named('plaintext-refused')).toHaveLength(100)
    expect(record.named('publish-denied')).toHaveLength(3)
    clock.advance(10_000)
    expect(record.named('events-suppressed')).toEqual([
      { event: 'events-suppressed', detail: { of: 'plaintext-refused', count: 150 } },
    ])
    emitTimes(1, 'plaintext-refused', throttled)
    expect(record.named('plaintext-refused')).toHaveLength(101)
  })

  it('leaves nothing behind when it is closed', () => {
    const clock = new FakeClock()
    const record = new EventRecord()
    const throttled = throttleEvents(record, clock)
    emitTimes(101, 'handshake-refused', throttled)
    throttled.close()
    emitTimes(1, 'handshake-refused', throttled)
    expect(record.named('events-suppressed')).toHaveLength(1)
    expect(record.named('handshake-refused')).toHaveLength(101)
    expect(clock.pendingCount).toBe(0)
  })
})
