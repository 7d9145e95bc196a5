import { describe, expect, it } from '@jest/globals'
import { Subject } from 'rxjs'
import type { LinkEvent } from '../../../../devices/protocol.ts'
import { closeWhenSilent } from '../../../../gateway/transport/no-data-watchdog.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

const BYTES: LinkEvent = { kind: 'bytes', bytes: Uint8Array.of(1) }

function watchedLine() {
  const clock = new FakeClock()
  const line = new Subject<LinkEvent>()
  const seen: string[] = []
  const subscription = line
    .pipe(closeWhenSilent({ clock, silenceMs: 3_000 }))
    .subscribe((event) => seen.push(event.kind === 'closed' ? `closed ${event.reason}` : event.kind))
  return { clock, line, seen, subscription }
}

describe('the no-data watchdog', () => {
  it('closes an opened line that never says anything', () => {
    const { clock, line, seen } = watchedLine()
    line.next({ kind: 'opened' })
    clock.advance(2_999)
    expect(seen).toEqual(['opened'])

    clock.advance(1)

    expect(seen).toEqual(['opened', 'closed silent'])
    expect(line.observed).toBe(false)
  })

  it('counts the silence from the last data, not from the opening', () => {
    const { clock, line, seen } = watchedLine()
    line.next({ kind: 'opened' })
    for (let piece = 0; piece < 5; piece++) {
      clock.advance(2_500)
      line.next(BYTES)
    }
    clock.advance(2_999)
    expect(seen.at(-1)).toBe('bytes')

    clock.advance(1)

    expect(seen.at(-1)).toBe('closed silent')
  })

  it('takes a value of a characteristic for data', () => {
    const { clock, line, seen } = watchedLine()
    line.next({ kind: 'opened' })
    clock.advance(2_000)
    line.next({ kind: 'value', characteristic: '2A37', via: 'notification', bytes: Uint8Array.of(0, 60) })
    clock.advance(2_999)

    expect(seen).toEqual(['opened', 'value'])
  })

  it('does not take the failure of a command for data', () => {
    const { clock, line, seen } = watchedLine()
    line.next({ kind: 'opened' })
    clock.advance(2_000)
    line.next({ kind: 'failed', command: { kind: 'send', bytes: Uint8Array.of(1) }, reason: 'write-failed' })
    clock.advance(1_000)

    expect(seen).toEqual(['opened', 'failed', 'closed silent'])
  })

  it('does not watch a line that is still being opened', () => {
    const { clock, seen } = watchedLine()
    clock.advance(60_000)

    expect(seen).toEqual([])
  })

  it('needs one timer, however much data comes, and leaves none behind', () => {
    const { clock, line, subscription } = watchedLine()
    line.next({ kind: 'opened' })
    for (let piece = 0; piece < 100; piece++) line.next(BYTES)
    expect(clock.pendingCount).toBe(1)

    subscription.unsubscribe()

    expect(clock.pendingCount).toBe(0)
  })
})
