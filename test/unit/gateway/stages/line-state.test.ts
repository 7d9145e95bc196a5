import { describe, expect, it } from '@jest/globals'
import { from, toArray } from 'rxjs'
import { lineStates, type LineEvent } from '../../../../gateway/stages/line-state.ts'

const AT_MS = Date.parse('2026-09-20T10:15:00.000Z')
const opened: LineEvent = { kind: 'line', phase: 'opened', atMs: AT_MS }
const delivering: LineEvent = { kind: 'line', phase: 'delivering', atMs: AT_MS }
const notUnderstood: LineEvent = { kind: 'line', phase: 'not-understood', atMs: AT_MS }
const understood: LineEvent = { kind: 'line', phase: 'understood', atMs: AT_MS }
const closed = (reason: string): LineEvent => ({ kind: 'line', phase: 'closed', reason, atMs: AT_MS })

function statesOf(events: readonly LineEvent[]): readonly string[] {
  let states: readonly string[] = []
  from(events)
    .pipe(lineStates('ox-1'), toArray())
    .subscribe((all) => {
      states = all.map(({ line, reason }) => `${line} ${reason}`)
    })
  return states
}

describe('the state of a line', () => {
  it.each([
    { name: 'opens', events: [opened], states: ['up opened'] },
    { name: 'opens and delivers', events: [opened, delivering], states: ['up opened'] },
    {
      name: 'breaks and comes back',
      events: [opened, delivering, closed('unplugged'), opened, delivering],
      states: ['up opened', 'down unplugged', 'up opened'],
    },
    {
      name: 'stays away for the same reason',
      events: [closed('no-such-port'), closed('no-such-port'), closed('no-such-port')],
      states: ['down no-such-port'],
    },
    {
      name: 'stays away for another reason',
      events: [opened, closed('unplugged'), closed('no-such-port')],
      states: ['up opened', 'down unplugged', 'down no-such-port'],
    },
    {
      name: 'can be opened but stays silent',
      events: [opened, closed('silent'), opened, closed('silent'), opened, closed('silent')],
      states: ['up opened', 'down silent'],
    },
    {
      name: 'speaks again after a silence',
      events: [opened, closed('silent'), opened, delivering],
      states: ['up opened', 'down silent', 'up opened'],
    },
    {
      name: 'brings bytes that nobody understands, and then is understood',
      events: [opened, delivering, notUnderstood, notUnderstood, understood],
      states: ['up opened', 'up not-understood', 'up opened'],
    },
  ])('is told once for each change when it $name', ({ events, states }) => {
    expect(statesOf(events)).toEqual(states)
  })

  it('says whose line it is and when it changed', () => {
    const seen: unknown[] = []
    from([opened])
      .pipe(lineStates('ox-1'))
      .subscribe((state) => seen.push(state))

    expect(seen).toEqual([
      { v: 1, device: 'ox-1', line: 'up', t: '2026-09-20T10:15:00.000Z', reason: 'opened' },
    ])
  })
})
