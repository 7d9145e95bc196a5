import { mkdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { filter, firstValueFrom, ReplaySubject } from 'rxjs'
import { systemClock } from '../../gateway/clock.ts'
import type { DeviceConfig } from '../../gateway/config/config.ts'
import { createDeviceLink } from '../../gateway/device-links.ts'
import { silentLog } from '../../gateway/log.ts'
import { createMemoryOutbox } from '../../gateway/outbox/memory-outbox.ts'
import { pipeline } from '../../gateway/pipeline.ts'
import type { DeviceLine } from '../../simulators/device-line.ts'
import { openTerminalLine } from '../../simulators/terminal-line.ts'
import { createQuestionTalker, questionProtocol } from '../support/question-device.ts'
import { RecordingCounters, RecordingEvents } from '../support/recording-sinks.ts'
import { tempDir } from '../support/temp-dir.ts'

const PROTOCOL = questionProtocol({ id: 'question' })

let dir = tempDir()
const lines: DeviceLine[] = []
const undo: (() => void)[] = []

beforeEach(() => {
  dir = tempDir()
  mkdirSync(join(dir.path, 'dev'))
})

afterEach(async () => {
  for (const step of undo.splice(0)) step()
  await Promise.all(lines.splice(0).map((line) => line.close()))
  dir.remove()
})

/** Puts the device with this serial number, which shows this saturation, on the terminal of this name. */
async function plugIn(name: string, serial: string, spo2: number): Promise<DeviceLine> {
  const line = await openTerminalLine(terminal(name), systemClock)
  const talker = createQuestionTalker(serial, spo2)
  line.listen({
    connected: () => undefined,
    heard: (bytes) => {
      for (const message of talker.hear(bytes, 0)) line.send(message)
    },
  })
  lines.push(line)
  return line
}

function terminal(name: string): string {
  return join(dir.path, 'dev', name)
}

/** What is published of the device of this row: states as `line reason`, readings as numbers. */
function run(
  row: { readonly path?: string; readonly paths?: readonly string[] },
  reservedPaths: readonly string[] = [],
) {
  const config: DeviceConfig = { id: 'ox-1', protocol: 'question', link: 'serial', identity: '42', ...row }
  const events = new RecordingEvents()
  const context = {
    clock: systemClock,
    log: silentLog,
    events,
    random: () => 0,
    lockDir: join(dir.path, 'lock'),
    reservedPaths,
  }
  const told$ = new ReplaySubject<string | number>()
  const all: (string | number)[] = []
  const counters = new RecordingCounters()
  const outbox = createMemoryOutbox({ limitPerDevice: 100, events, counters })
  const put: typeof outbox.put = (relayed) => {
    outbox.put(relayed)
    const { message } = relayed
    const payload: { line?: string; reason?: string; metrics?: readonly { value: number }[] } = JSON.parse(
      message.payload.toString(),
    )
    const told = payload.metrics?.[0]?.value ?? `${payload.line} ${payload.reason}`
    all.push(told)
    told$.next(told)
  }
  const device = { id: 'ox-1', protocol: PROTOCOL, linkName: 'serial' as const }
  const subscription = pipeline(
    { ...device, ...createDeviceLink(config, PROTOCOL, context) },
    { outbox: { ...outbox, put }, bootId: 'b1', clock: systemClock, log: silentLog, events, counters },
  ).subscribe()
  undo.push(() => subscription.unsubscribe())
  const next = (what: string | number): Promise<unknown> =>
    firstValueFrom(told$.pipe(filter((told) => told === what)))
  return { all, events, next }
}

describe('a device that is known by its identity, on real terminals', () => {
  it('is found on the terminal where it is, and on another one after it was replugged', async () => {
    await plugIn('ttyUSB0', '7', 80)
    const cable = await plugIn('ttyUSB1', '42', 97)
    const { all, events, next } = run({ paths: [terminal('ttyUSB*')] })
    await next(97)
    const pts = readlinkSync(terminal('ttyUSB1'))

    const isAway = next('down unplugged')
    const isBack = next(96)
    // Made before the old one is gone, so that it cannot get its number.
    await plugIn('ttyUSB2', '42', 96)
    await cable.close()
    await isAway
    await plugIn('ttyUSB1', '8', 81)
    expect(readlinkSync(terminal('ttyUSB2'))).not.toBe(pts)
    await isBack

    expect(all.filter((told) => typeof told === 'number')).toEqual([97, 96])
    const strangers = events.named('wrong-device').map(({ found }) => found)
    expect(strangers).toContain('7')
  }, 60_000)

  it('is not read from a terminal that another device has taken under the same name', async () => {
    const cable = await plugIn('bed-1', '42', 97)
    const { all, events, next } = run({ path: terminal('bed-1') })
    await next(97)
    const isWrong = next('down wrong-device')
    await cable.close()
    await plugIn('bed-1', '7', 80)
    await isWrong

    expect(all).not.toContain(80)
    expect(events.named('wrong-device')).toEqual([
      { device: 'ox-1', name: 'serial', expected: '42', found: '7' },
    ])
  }, 60_000)

  it('is read again when its own cable comes back as another terminal under the same name', async () => {
    const cable = await plugIn('bed-1', '42', 97)
    const { all, next } = run({ path: terminal('bed-1') })
    await next(97)
    const before = readlinkSync(terminal('bed-1'))
    // Takes the number of the terminal, so that the cable cannot come back under it.
    await plugIn('holder', '1', 1)
    const again = plugIn('bed-1', '42', 96)
    const isBack = next(96)
    await again
    await cable.close()
    await isBack

    expect(readlinkSync(terminal('bed-1'))).not.toBe(before)
    expect(all.filter((told) => typeof told === 'number')).toEqual([97, 96])
  }, 60_000)

  it('is not looked for on a terminal that is being read, nor on one on which another device stands for good', async () => {
    await plugIn('ttyUSB0', '42', 97)
    const first = run({ path: terminal('ttyUSB0') })
    await first.next(97)
    const second = run({ paths: [terminal('ttyUSB*')] })
    expect(second.all).toEqual(['down busy'])
    const third = run({ paths: [terminal('ttyUSB*')] }, [terminal('ttyUSB0')])
    expect(third.all).toEqual(['down no-such-port'])
  })
})
