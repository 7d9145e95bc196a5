import { describe, expect, it } from '@jest/globals'
import type { TalkingKind } from '../../../simulators/device-kinds.ts'
import { DEAF, firstReader, type DeviceLine } from '../../../simulators/device-line.ts'
import { linkFaults, linksOf } from '../../../simulators/kind-links.ts'
import { loadRecording } from '../../../simulators/patients.ts'
import type { DevicePlan } from '../../../simulators/simulated-device.ts'
import { startTalkingDevice } from '../../../simulators/talking-device.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { questionKind } from '../../support/question-device.ts'

/** A line whose other end is the test. */
class HandLine implements DeviceLine {
  readonly address = { kind: 'serial', path: '/dev/none' } as const
  readonly sent: number[][] = []
  readonly #reader = firstReader()
  readonly readerArrived = this.#reader.arrived
  listener = DEAF
  isClosed = false

  listen(listener: typeof DEAF): void {
    this.listener = listener
  }

  send(bytes: Uint8Array): void {
    this.sent.push([...bytes])
  }

  close(): Promise<void> {
    this.isClosed = true
    return Promise.resolve()
  }

  arrive(): void {
    this.#reader.arrive()
  }

  hear(text: string): void {
    this.listener.heard(new TextEncoder().encode(text))
  }

  taken(): readonly number[][] {
    return this.sent.splice(0)
  }
}

function start(kind: TalkingKind = questionKind(), parts: Partial<DevicePlan> = {}) {
  const clock = new FakeClock()
  const line = new HandLine()
  const recording = loadRecording('bidmc_01_numerics', '.')
  const device = startTalkingDevice(kind, line, {
    recording,
    replay: { startS: 0, speed: 1 },
    seed: 300,
    isLoop: false,
    waitsForReader: false,
    faults: {},
    clock,
    ...parts,
  })
  clock.advance(0)
  const spo2At = (atS: number): number => recording.rows.find((row) => row.atS >= atS)?.spo2 ?? 0
  return { clock, line, device, spo2At }
}

describe('a simulated device that is spoken to', () => {
  it('answers each message with what it shows at that moment', () => {
    const { clock, line, spo2At } = start()
    line.hear('?')
    clock.advance(120_000)
    line.hear('??')
    const [first, ...later] = line.taken()
    expect(first).toEqual([0x52, spo2At(0)])
    expect(later).toEqual([
      [0x52, spo2At(120)],
      [0x52, spo2At(120)],
    ])
  })

  it('says nothing by itself before it is asked to, and then by the clock', () => {
    const { clock, line, spo2At } = start()
    clock.advance(5_000)
    expect(line.taken()).toEqual([])
    line.hear('!')
    clock.advance(3_100)
    expect(line.taken()).toEqual([[0x21, 0], ...[1, 2, 3].map(() => [0x52, spo2At(8)])])
  })

  it('refuses what it does not know, and goes on', () => {
    const { line, spo2At } = start()
    line.hear('x?')
    expect(line.taken()).toEqual([
      [0x4e, 0],
      [0x52, spo2At(0)],
    ])
  })

  it('begins what counts per connection again with each one, and greets', () => {
    const { clock, line } = start()
    line.listener.connected()
    line.hear('!')
    line.listener.connected()
    line.taken()
    clock.advance(10_000)
    expect(line.taken()).toEqual([])
    line.hear('x')
    expect(line.taken()).toEqual([[0x4e, 2]])
  })

  it('tells its own serial number', () => {
    const { line } = start()
    line.hear('I')
    expect(line.taken()).toEqual([[0x49, 300 % 256]])
  })

  it('shows nothing before somebody listens, when it is asked to wait', async () => {
    const { clock, line, spo2At } = start(questionKind(), { waitsForReader: true })
    line.hear('?')
    expect(line.taken()).toEqual([[0x52, 0]])
    line.arrive()
    await line.readerArrived
    await Promise.resolve()
    clock.advance(0)
    line.hear('?')
    expect(line.taken()).toEqual([[0x52, spo2At(0)]])
  })

  it('loses and damages messages on a bad cable', () => {
    const { line } = start(questionKind(), { faults: { silence: 1 } })
    line.hear('???')
    expect(line.taken()).toEqual([])
  })

  it('is not woken in a busy loop by a wake in the past', () => {
    let ticks = 0
    const { clock, line } = start(
      questionKind({
        createTalker: () => ({
          show: () => [],
          hear: () => [],
          tick: () => {
            ticks += 1
            return []
          },
          wakeAtMs: 0,
        }),
      }),
    )
    line.hear('x')
    ticks = 0
    clock.advance(100)
    expect(ticks).toBeLessThanOrEqual(20)
    expect(ticks).toBeGreaterThan(5)
  })

  it('says nothing more and leaves no timer when it is stopped', async () => {
    const { clock, line, device } = start()
    line.hear('!')
    line.taken()
    await device.stop()
    await device.finished
    line.hear('?')
    clock.advance(10_000)
    expect(line.taken()).toEqual([])
    expect(line.isClosed).toBe(true)
    expect(clock.pendingCount).toBe(0)
  })
})

describe('the links of a simulated device', () => {
  const cases = [
    { over: 'serial', links: ['pty', 'tcp'] },
    { over: 'udp', links: ['udp'] },
    { over: 'tcp-caller', links: ['call'] },
  ] as const
  it.each(cases)('are those of $over: $links', ({ over, links }) => {
    expect(linksOf(questionKind({ over }))).toEqual(links)
  })

  it.each([
    {
      name: 'a wire for datagrams',
      over: 'udp',
      link: 'pty',
      fields: {},
      texts: ['question speaks over udp, not pty'],
    },
    {
      name: 'datagrams on a wire',
      over: 'serial',
      link: 'udp',
      fields: {},
      texts: ['question speaks over pty or tcp, not udp'],
    },
    {
      name: 'a call without a port',
      over: 'tcp-caller',
      link: 'call',
      fields: {},
      texts: ["'tcpPort' is missing; it must be the port of the gateway to call"],
    },
    {
      name: 'a call to port 0',
      over: 'tcp-caller',
      link: 'call',
      fields: { tcpPort: 0 },
      texts: ["'tcpPort' is missing; it must be the port of the gateway to call"],
    },
    {
      name: 'a TCP port of a device in datagrams',
      over: 'udp',
      link: 'udp',
      fields: { tcpPort: 1 },
      texts: ["'tcpPort' belongs to a tcp or call link, not to udp"],
    },
    {
      name: 'a UDP port of a wire',
      over: 'serial',
      link: 'pty',
      fields: { udpPort: 1 },
      texts: ["'udpPort' belongs to a udp link, not to pty"],
    },
    {
      name: 'faults of datagrams',
      over: 'udp',
      link: 'udp',
      fields: { faults: {} },
      texts: ["'faults' belongs to a pty or tcp link, not to udp"],
    },
    { name: 'all that is right', over: 'tcp-caller', link: 'call', fields: { tcpPort: 2575 }, texts: [] },
  ] as const)('are refused when they do not fit: $name', ({ over, link, fields, texts }) => {
    expect(linkFaults(questionKind({ over }), link, fields).map(({ text }) => text)).toEqual(texts)
  })
})
