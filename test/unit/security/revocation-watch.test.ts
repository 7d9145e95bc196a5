import { describe, expect, it } from '@jest/globals'
import { watchRevocations } from '../../../gateway/security/revocation-watch.ts'
import { EventRecord } from '../../support/broker-bench.ts'
import { FakeClock } from '../../support/fake-clock.ts'

/** A store of which only the index matters; each change is a new stamp. */
class FakeIndex {
  revoked = new Set<string>()
  reads = 0
  stampFault: string | undefined
  readFault: string | undefined
  #version = 0

  change(...revoked: readonly string[]): void {
    this.revoked = new Set(revoked)
    this.#version += 1
  }

  stamp(): string {
    if (this.stampFault !== undefined) throw new Error(this.stampFault)
    return String(this.#version)
  }

  revokedFingerprints(): ReadonlySet<string> {
    this.reads += 1
    if (this.readFault !== undefined) throw new Error(this.readFault)
    return this.revoked
  }
}

function make(...revoked: readonly string[]) {
  const store = new FakeIndex()
  store.change(...revoked)
  const clock = new FakeClock()
  const events = new EventRecord()
  let changeCount = 0
  const watch = watchRevocations({ store, clock, events, onChange: () => (changeCount += 1) })
  return { store, clock, events, watch, changes: () => changeCount }
}

describe('the watch over the index', () => {
  it('knows at once what was revoked before it began', () => {
    const { watch, changes } = make('a')
    expect([watch.ask('a'), watch.ask('b'), changes()]).toEqual(['revoked', 'not-revoked', 0])
  })

  it('reads the index only when the store has changed, and says so within half a second', () => {
    const { watch, store, clock, changes } = make()
    clock.advance(60_000)
    expect([store.reads, changes()]).toEqual([1, 0])
    store.change('b')
    clock.advance(500)
    expect([store.reads, changes(), watch.ask('b')]).toEqual([2, 1, 'revoked'])
  })

  it('looks at once when it is asked to', () => {
    const { watch, store, changes } = make()
    store.change('b')
    watch.look()
    watch.look()
    expect([watch.ask('b'), changes()]).toEqual(['revoked', 1])
  })

  it.each([
    { name: 'the index is damaged', fault: 'readFault' as const },
    { name: 'the disk does not answer', fault: 'stampFault' as const },
  ])(
    'when $name nobody new is known to be good, the revoked stay so, and it is told every hour',
    ({ fault }) => {
      const { watch, store, clock, events, changes } = make('a')
      store.change('a')
      store[fault] = 'unreadable'
      clock.advance(500)
      expect([watch.ask('a'), watch.ask('b'), watch.fault]).toEqual(['revoked', 'unknown', 'unreadable'])
      clock.advance(3_600_000)
      expect(events.named('revocations-unreadable')).toHaveLength(2)
      store[fault] = undefined
      clock.advance(500)
      expect([watch.ask('b'), watch.fault, changes()]).toEqual(['not-revoked', undefined, 1])
      expect(events.named('revocations-readable')).toHaveLength(1)
    },
  )

  it('keeps who was revoked when an older index comes back, and tells it', () => {
    const { watch, store, clock, events } = make('a', 'b')
    store.change('b')
    clock.advance(500)
    expect(watch.ask('a')).toBe('revoked')
    expect(events.named('revocations-missing').map(({ detail }) => detail)).toEqual([{ count: 1 }])
  })

  it('ends when it is stopped', () => {
    const { watch, store, clock, changes } = make()
    watch.stop()
    store.change('b')
    clock.advance(60_000)
    expect([changes(), clock.pendingCount]).toEqual([0, 0])
  })
})
