import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { Observable, of, Subject, throwError } from 'rxjs'
import type { LinkEvent } from '../../../../devices/protocol.ts'
import { reconnectDelayMs, reconnecting } from '../../../../gateway/transport/reconnect.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

const OPENED: LinkEvent = { kind: 'opened' }
const CLOSED: LinkEvent = { kind: 'closed', reason: 'unplugged' }
const BYTES: LinkEvent = { kind: 'bytes', bytes: Uint8Array.of(1) }

/** A line whose every opening is a Subject the test drives. */
function scriptedLine() {
  const clock = new FakeClock()
  const openings: Subject<LinkEvent>[] = []
  const seen: string[] = []
  let activeCount = 0
  const open = (): Observable<LinkEvent> =>
    new Observable((subscriber) => {
      const opening = new Subject<LinkEvent>()
      openings.push(opening)
      activeCount++
      const inner = opening.subscribe(subscriber)
      return () => {
        activeCount--
        inner.unsubscribe()
      }
    })
  const line$ = reconnecting(open, { clock, random: () => 0.5, minDelayMs: 1_000, maxDelayMs: 8_000 })
  const subscription = line$.subscribe((event) =>
    seen.push(event.kind === 'closed' ? `closed ${event.reason}` : event.kind),
  )
  const last = (): Subject<LinkEvent> => {
    const opening = openings.at(-1)
    if (opening === undefined) throw new Error('the line was never opened')
    return opening
  }
  return { clock, openings, seen, subscription, last, active: () => activeCount }
}

describe('the pause before a line is opened again', () => {
  it('never exceeds its ceiling, which doubles up to the maximum', () => {
    fc.assert(
      fc.property(
        fc.nat(2000),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, random) => {
          const delayMs = reconnectDelayMs(attempt, {
            random: () => random,
            minDelayMs: 500,
            maxDelayMs: 30_000,
          })
          expect(delayMs).toBeGreaterThanOrEqual(0)
          expect(delayMs).toBeLessThanOrEqual(Math.min(30_000, 500 * 2 ** attempt))
        },
      ),
      { seed: 20, numRuns: 500 },
    )
  })

  it('is spread over the whole range between nothing and the ceiling', () => {
    const at = (random: number): number =>
      reconnectDelayMs(2, { random: () => random, minDelayMs: 1_000, maxDelayMs: 30_000 })
    expect([at(0), at(0.25), at(0.999)]).toEqual([0, 1_000, 3_996])
  })
})

describe('a reconnecting line', () => {
  it('opens again after a closed event, and only after the pause', () => {
    const line = scriptedLine()
    line.last().next(OPENED)
    line.last().next(CLOSED)
    line.clock.advance(499)
    expect(line.openings).toHaveLength(1)

    line.clock.advance(1)

    expect(line.openings).toHaveLength(2)
    expect(line.seen).toEqual(['opened', 'closed unplugged'])
  })

  it('releases the broken opening before the next one', () => {
    const line = scriptedLine()
    line.last().next(CLOSED)
    expect(line.active()).toBe(0)

    line.clock.advance(500)

    expect(line.active()).toBe(1)
  })

  it('turns an error and a completion into one closed event each', () => {
    const line = scriptedLine()
    line.last().error(new Error('no such port'))
    line.clock.advance(500)
    line.last().complete()
    line.clock.advance(1_000)

    expect(line.seen).toEqual(['closed no such port', 'closed ended'])
    expect(line.openings).toHaveLength(3)
  })

  it('ignores what a line says after it was closed', () => {
    const line = scriptedLine()
    const first = line.last()
    first.next(CLOSED)
    first.next(BYTES)
    first.next(CLOSED)

    expect(line.seen).toEqual(['closed unplugged'])
  })

  it('pauses longer with every failure, up to the maximum', () => {
    const line = scriptedLine()
    const pauses = [500, 1_000, 2_000, 4_000, 4_000, 4_000]
    for (const [index, pauseMs] of pauses.entries()) {
      line.last().next(CLOSED)
      line.clock.advance(pauseMs - 1)
      expect(line.openings).toHaveLength(index + 1)
      line.clock.advance(1)
      expect(line.openings).toHaveLength(index + 2)
    }
  })

  it('goes on backing off when the line opens and breaks at once', () => {
    const line = scriptedLine()
    for (const pauseMs of [500, 1_000, 2_000]) {
      line.last().next(OPENED)
      line.last().next(BYTES)
      line.last().next(CLOSED)
      line.clock.advance(pauseMs - 1)
      const before = line.openings.length
      line.clock.advance(1)
      expect(line.openings).toHaveLength(before + 1)
    }
  })

  it('does not take an open but silent line for a healthy one', () => {
    const line = scriptedLine()
    line.last().next(CLOSED)
    line.clock.advance(500)
    line.last().next(OPENED)
    line.clock.advance(60_000)
    line.last().next(CLOSED)

    line.clock.advance(999)

    expect(line.openings).toHaveLength(2)
  })

  it('starts again with the shortest pause after a line that delivered for a while', () => {
    const line = scriptedLine()
    line.last().next(CLOSED)
    line.clock.advance(500)
    line.last().next(CLOSED)
    line.clock.advance(1_000)
    line.last().next(OPENED)
    line.clock.advance(8_000)
    line.last().next(BYTES)
    line.last().next(CLOSED)

    line.clock.advance(500)

    expect(line.openings).toHaveLength(4)
  })

  it('closes the line when it is unsubscribed', () => {
    const line = scriptedLine()
    line.last().next(OPENED)
    line.subscription.unsubscribe()

    expect(line.active()).toBe(0)
    expect(line.seen).toEqual(['opened'])
  })

  it('cancels the pause when it is unsubscribed', () => {
    const line = scriptedLine()
    line.last().next(CLOSED)
    line.subscription.unsubscribe()

    expect(line.clock.pendingCount).toBe(0)
    line.clock.advance(60_000)
    expect(line.openings).toHaveLength(1)
  })

  it.each([
    { name: 'fails at once', open: () => throwError(() => new Error('busy')), reason: 'busy' },
    { name: 'closes at once', open: () => of(CLOSED), reason: 'unplugged' },
    {
      name: 'cannot even be created',
      open: () => {
        throw new Error('no binding')
      },
      reason: 'no binding',
    },
  ])('survives a line that $name', ({ open, reason }) => {
    const clock = new FakeClock()
    const reasons: string[] = []
    const subscription = reconnecting(open, {
      clock,
      random: () => 0.5,
      minDelayMs: 1_000,
      maxDelayMs: 1_000,
    }).subscribe((event) => reasons.push(event.kind === 'closed' ? event.reason : event.kind))

    clock.advance(1_000)

    expect(reasons).toEqual([reason, reason, reason])
    subscription.unsubscribe()
  })
})
