import { describe, expect, it } from '@jest/globals'
import type { Command, Driver, DriverOutput, LinkEvent } from '../../../../devices/protocol.ts'
import { runDriver, type Received } from '../../../../gateway/stages/run-driver.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { FakeLink, FORBIDDEN, fakeProtocol, scriptedProtocol, THROW } from '../../../support/fake-device.ts'

function run(protocol = fakeProtocol(), link = new FakeLink()) {
  const clock = new FakeClock(1_000_000)
  const seen: Received[] = []
  const ends: string[] = []
  const subscription = runDriver({ link, protocol, clock }).subscribe({
    next: (received) => seen.push(received),
    error: (error: unknown) => ends.push(String(error)),
    complete: () => ends.push('complete'),
  })
  return { clock, link, seen, ends, subscription }
}

function values(seen: readonly Received[]): readonly (readonly [number | null | undefined, number])[] {
  return seen.flatMap((received) =>
    received.kind === 'measured' && received.output.kind === 'observation'
      ? [[received.output.numerics[0]?.value, received.receivedAtMs] as const]
      : [],
  )
}

describe('running a driver on a link', () => {
  it('gives every output the wall-clock time of its receipt', () => {
    const { clock, link, seen } = run()
    link.say(97, 98)
    clock.advance(40)
    link.say(96)

    expect(values(seen)).toEqual([
      [97, 1_000_000],
      [98, 1_000_000],
      [96, 1_000_040],
    ])
  })

  it('tells when the line is opened, delivers for the first time and is closed', () => {
    const { link, seen } = run()
    link.open()
    link.say(97)
    link.say(97)
    link.close('unplugged')

    const line = seen.filter((received) => received.kind === 'line')
    expect(line.map((event) => (event.phase === 'closed' ? event.reason : event.phase))).toEqual([
      'opened',
      'delivering',
      'unplugged',
    ])
  })

  it('executes a command of the closed list', () => {
    const { link } = run()
    link.open()

    expect(link.commands).toEqual([{ kind: 'send', bytes: Uint8Array.of(0x05) }])
  })

  it('never executes a command outside the closed list, tells it, and goes on', () => {
    const { link, seen } = run()
    link.say(FORBIDDEN, 97)

    expect(link.commands).toEqual([])
    expect(seen.some((received) => received.kind === 'command-forbidden')).toBe(true)
    expect(values(seen)).toHaveLength(1)
  })

  it('ends with the exception of the driver as its error, and closes the link', () => {
    const { link, seen, ends } = run()
    link.say(97)
    link.say(THROW)
    link.say(98)

    expect(ends).toEqual(['RangeError: the driver has a fault'])
    expect(values(seen)).toHaveLength(1)
    expect(link.events$.observed).toBe(false)
  })

  it('ends with an error when the driver cannot even be made', () => {
    const { ends } = run(
      scriptedProtocol(() => {
        throw new TypeError('no driver')
      }),
    )

    expect(ends).toEqual(['TypeError: no driver'])
  })

  it('lets the driver finish before it hears the answer that a link gives at once', () => {
    const heard: string[] = []
    const poll: Command = { kind: 'send', bytes: Uint8Array.of(5) }
    const driver: Driver = {
      receive: (event) => {
        heard.push(event.kind)
        return event.kind === 'opened' ? [poll, poll] : []
      },
    }
    class PromptLink extends FakeLink {
      override execute(command: Command): void {
        heard.push('executed')
        this.events$.next({ kind: 'failed', command, reason: 'write-failed' })
      }
    }
    const { link, seen } = run(
      scriptedProtocol(() => driver),
      new PromptLink(),
    )
    link.open()

    expect(heard).toEqual(['opened', 'executed', 'executed', 'failed', 'failed'])
    expect(seen.filter((received) => received.kind === 'command-failed')).toHaveLength(2)
  })
})

/** Wants to be woken `periodMs` after each wake. */
class TickingDriver implements Driver {
  readonly wokenAtMs: number[] = []
  wakeAtMs: number | undefined

  receive(event: LinkEvent, atMs: number): readonly DriverOutput[] {
    this.wakeAtMs = event.kind === 'closed' ? undefined : atMs + 1_000
    return []
  }

  tick(atMs: number): readonly DriverOutput[] {
    this.wokenAtMs.push(atMs)
    this.wakeAtMs = atMs + 1_000
    return [{ kind: 'text', name: 'tick', value: atMs }]
  }
}

describe('the time of a driver', () => {
  it('wakes the driver when it wants, and hands on what it says then', () => {
    const driver = new TickingDriver()
    const { clock, link, seen } = run(scriptedProtocol(() => driver))
    link.open()
    clock.advance(2_500)

    expect(driver.wokenAtMs).toEqual([1_001_000, 1_002_000])
    expect(seen.filter((received) => received.kind === 'measured')).toHaveLength(2)
  })

  it('does not wake a driver that wants nothing more, nor one that was let go', () => {
    const driver = new TickingDriver()
    const { clock, link, subscription } = run(scriptedProtocol(() => driver))
    link.open()
    link.close('unplugged')
    expect(clock.pendingCount).toBe(0)
    link.open()

    subscription.unsubscribe()

    expect(clock.pendingCount).toBe(0)
    expect(driver.wokenAtMs).toEqual([])
  })

  it.each([{ stepMs: 3_600_000 }, { stepMs: -3_600_000 }])(
    'is not moved by a step of the wall clock of $stepMs ms',
    ({ stepMs }) => {
      const driver = new TickingDriver()
      const { clock, link } = run(scriptedProtocol(() => driver))
      link.open()
      clock.step(stepMs)
      clock.advance(999)
      expect(driver.wokenAtMs).toEqual([])

      clock.advance(1)

      expect(driver.wokenAtMs).toEqual([1_001_000])
    },
  )

  it('does not spin for a driver that wants to be woken in the past', () => {
    let wokenCount = 0
    const driver: Driver = {
      wakeAtMs: 0,
      receive: () => [],
      tick: () => {
        wokenCount++
        return []
      },
    }
    const { clock, link, subscription } = run(scriptedProtocol(() => driver))
    link.open()
    clock.advance(1_000)

    expect(wokenCount).toBe(100)
    subscription.unsubscribe()
  })

  it('ends with an error when the driver throws while it is woken', () => {
    const driver: Driver = {
      wakeAtMs: 0,
      receive: () => [],
      tick: () => {
        throw new RangeError('fault in tick')
      },
    }
    const { clock, link, ends } = run(scriptedProtocol(() => driver))
    link.open()
    clock.advance(60_000)

    expect(ends).toEqual(['RangeError: fault in tick'])
    expect(clock.pendingCount).toBe(0)
  })
})
