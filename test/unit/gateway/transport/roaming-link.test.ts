import { describe, expect, it } from '@jest/globals'
import type { LinkEvent } from '../../../../devices/protocol.ts'
import { createRoamingLink } from '../../../../gateway/transport/roaming-link.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { FakeLink } from '../../../support/fake-device.ts'

function roam(...names: string[]) {
  const clock = new FakeClock()
  const lines = new Map<string, FakeLink>()
  const candidates = [...names]
  const opened: string[] = []
  const lineAt = (path: string): FakeLink => {
    const line = lines.get(path) ?? new FakeLink()
    lines.set(path, line)
    return line
  }
  const link = createRoamingLink({
    candidates: () => candidates,
    openAt: (path) => {
      opened.push(path)
      return lineAt(path)
    },
    clock,
    random: () => 0.5,
  })
  const told: string[] = []
  const listen = () =>
    link.events$.subscribe((event: LinkEvent) =>
      told.push('reason' in event ? `${event.kind} ${event.reason}` : event.kind),
    )
  const openNow = (): readonly string[] =>
    [...lines].filter(([, line]) => line.events$.observed).map(([path]) => path)
  return { clock, link, lineAt, candidates, opened, told, listen, openNow }
}

describe('a line that may be found under several names', () => {
  it('tries one after the other until one stays', () => {
    const { clock, lineAt, listen, openNow, told } = roam('a', 'b', 'c')
    listen()
    expect(openNow()).toEqual(['a'])
    lineAt('a').close('busy')
    clock.advance(200)
    lineAt('b').close('no-permission')
    clock.advance(200)
    lineAt('c').open()
    lineAt('c').say(97)
    expect(openNow()).toEqual(['c'])
    expect(told).toEqual(['closed busy', 'closed no-permission', 'opened', 'bytes'])
  })

  it('sends commands where the line is open, and refuses them elsewhere', () => {
    const { link, lineAt, listen, told } = roam('a')
    const command = { kind: 'send', bytes: Uint8Array.of(1) } as const
    listen()
    lineAt('a').open()
    link.execute(command)
    expect(lineAt('a').commands).toEqual([command])
    lineAt('a').close('unplugged')
    link.execute(command)
    expect(lineAt('a').commands).toHaveLength(1)
    expect(told.at(-1)).toBe('failed closed')
  })

  it('goes on with the next name when nobody wanted what was there', () => {
    const { clock, lineAt, listen, openNow } = roam('a', 'b')
    const first = listen()
    lineAt('a').open()
    first.unsubscribe()
    expect(openNow()).toEqual([])
    const second = listen()
    expect(openNow()).toEqual(['b'])
    second.unsubscribe()
    // A round is over: whoever looks again waits first.
    listen()
    expect(openNow()).toEqual([])
    clock.advance(15_000)
    expect(openNow()).toEqual(['a'])
  })

  it('looks first where the device was recognised last, and elsewhere when it is not there any more', () => {
    const { clock, lineAt, link, listen, openNow } = roam('a', 'b', 'c')
    listen()
    lineAt('a').close('busy')
    clock.advance(200)
    lineAt('b').open()
    link.recognised()
    lineAt('b').close('unplugged')
    clock.advance(15_000)
    expect(openNow()).toEqual(['b'])
    lineAt('b').close('no-such-port')
    clock.advance(200)
    expect(openNow()).toEqual(['a'])
    lineAt('a').close('busy')
    clock.advance(200)
    expect(openNow()).toEqual(['c'])
  })

  it('finds a name that was not there before', () => {
    const { candidates, clock, lineAt, listen, openNow, told } = roam()
    listen()
    expect(told).toEqual(['closed no-such-port'])
    candidates.push('b')
    clock.advance(15_000)
    expect(openNow()).toEqual(['b'])
    lineAt('b').close('unplugged')
    expect(told.at(-1)).toBe('closed unplugged')
  })

  it('pauses longer with every round in vain, up to fifteen seconds', () => {
    const { clock, listen, opened, lineAt, openNow } = roam('a')
    listen()
    const pausesMs: number[] = []
    for (let round = 0; round < 7; round++) {
      lineAt('a').close('busy')
      let waitedMs = 0
      while (openNow().length === 0) {
        clock.advance(250)
        waitedMs += 250
      }
      pausesMs.push(waitedMs)
    }
    expect(pausesMs).toEqual([500, 1_000, 2_000, 4_000, 7_500, 7_500, 7_500])
    expect(opened).toEqual(['a'])
  })

  it('opens nothing more and leaves no timer when nobody listens', () => {
    const { clock, lineAt, listen, openNow } = roam('a', 'b')
    const subscription = listen()
    lineAt('a').close('busy')
    subscription.unsubscribe()
    clock.advance(60_000)
    expect(openNow()).toEqual([])
    expect(clock.pendingCount).toBe(0)
  })
})
