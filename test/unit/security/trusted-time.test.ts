import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Clock } from '../../../gateway/clock.ts'
import { timeFileOf, writeTimeFile } from '../../../gateway/security/time-file.ts'
import { createTrustedTime, type KeptTime } from '../../../gateway/security/trusted-time.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FakeUptime } from '../../support/fake-uptime.ts'
import { RecordingEvents } from '../../support/recording-sinks.ts'
import { tempDir } from '../../support/temp-dir.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const START_MS = Date.parse('2026-09-20T10:15:00.000Z')
const BIRTH_MS = START_MS - 30 * DAY_MS

let state: ReturnType<typeof tempDir>
let clock: FakeClock
let uptime: FakeUptime
let events: RecordingEvents
let birthMs: number | undefined
let running: KeptTime[]

beforeEach(() => {
  state = tempDir()
  clock = new FakeClock(START_MS)
  uptime = new FakeUptime(clock)
  events = new RecordingEvents()
  birthMs = BIRTH_MS
  running = []
})
afterEach(() => {
  for (const time of running) time.stop()
  state.remove()
})

function start(looks: Clock = clock): KeptTime {
  const time = createTrustedTime({
    clock: looks,
    uptime,
    birthMs: () => birthMs,
    file: timeFileOf(state.path),
    events,
  })
  running.push(time)
  return time
}

function stopAll(): void {
  for (const time of running.splice(0)) time.stop()
}

/** The machine is off for so long; its own clock shows `wallMs` when it comes up again. */
function powerCycle(wallMs: number): void {
  stopAll()
  uptime.boot()
  clock.step(wallMs - clock.nowMs())
}

/** What `wardgate clock accept` does. */
function confirm(): void {
  writeTimeFile(timeFileOf(state.path), {
    version: 1,
    goodMs: clock.nowMs(),
    uptimeMs: uptime.sinceBootMs(),
    boot: uptime.bootId,
  })
}

const reasons = (): unknown[] => events.named('clock-implausible').map(({ reason }) => reason)
const trustedAgainBy = (): unknown[] => events.named('clock-trusted-again').map(({ by }) => by)

describe('a clock that runs as it should', () => {
  it('is believed, and makes no noise', () => {
    const time = start()
    clock.advance(3 * DAY_MS)
    expect([time.standing, time.reason, time.nowMs()]).toEqual(['trusted', undefined, START_MS + 3 * DAY_MS])
    expect(events.all).toEqual([])
  })

  it.each([
    { name: 'three seconds forward', byMs: 3 * SECOND_MS },
    { name: 'three seconds back', byMs: -3 * SECOND_MS },
    { name: 'almost five minutes back', byMs: -5 * MINUTE_MS + SECOND_MS },
  ])('may be set by a time server: $name', ({ byMs }) => {
    const time = start()
    clock.step(byMs)
    expect([time.standing, time.nowMs()]).toEqual(['trusted', START_MS + byMs])
  })

  it('is believed after 400 days without a time server, and when one sets right what it has lost', () => {
    // A look a day instead of one every ten seconds: the test would write the file 57,600 times.
    const daily: Clock = {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      after: (delayMs, task) => clock.after(delayMs, task),
      every: (_periodMs, task) => clock.every(DAY_MS, task),
    }
    const time = start(daily)
    clock.advance(400 * DAY_MS)
    // 50 millionths: 29 minutes.
    clock.step(-400 * DAY_MS * 50e-6)
    clock.advance(DAY_MS)
    expect([time.standing, events.all]).toEqual(['trusted', []])
  })

  it('is believed after a sleep of the machine, during which no timer ran', () => {
    const time = start()
    clock.advance(HOUR_MS)
    uptime.sleep(70 * HOUR_MS)
    clock.advance(MINUTE_MS)
    expect([time.standing, events.all]).toEqual(['trusted', []])
  })

  it('leaves the last good time on disk for nobody else to read, every ten minutes and at the stop', () => {
    const path = join(state.path, 'time.json')
    start()
    const read = (): unknown => JSON.parse(readFileSync(path, 'utf8'))
    expect(read()).toEqual({ version: 1, goodMs: START_MS, uptimeMs: 0, boot: 'boot-1' })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    clock.advance(9 * MINUTE_MS)
    expect(read()).toMatchObject({ goodMs: START_MS })
    clock.advance(MINUTE_MS)
    expect(read()).toMatchObject({ goodMs: START_MS + 10 * MINUTE_MS })
    clock.advance(MINUTE_MS)
    stopAll()
    expect(read()).toMatchObject({ goodMs: START_MS + 11 * MINUTE_MS, uptimeMs: 11 * MINUTE_MS })
  })
})

describe('a clock that steps while the gateway runs', () => {
  it.each([
    { name: 'ten minutes back', byMs: -10 * MINUTE_MS, reason: 'behind' },
    { name: 'ten minutes forward', byMs: 10 * MINUTE_MS, reason: 'ahead' },
    { name: 'ten years forward', byMs: 3650 * DAY_MS, reason: 'ahead' },
    { name: 'to 1970', byMs: -START_MS, reason: 'before-authority' },
  ])('$name is not believed: time goes on from the last good moment', ({ byMs, reason }) => {
    const time = start()
    clock.advance(HOUR_MS)
    clock.step(byMs)
    expect([time.standing, time.nowMs()]).toEqual(['implausible', START_MS + HOUR_MS])
    clock.advance(HOUR_MS)
    expect(time.nowMs()).toBe(START_MS + 2 * HOUR_MS)
    expect(reasons()[0]).toBe(reason)
    expect(time.reason).toContain('clock:')
  })

  it('is alarmed at once, then every hour, with what is wrong and what to do', () => {
    const time = start()
    clock.step(3650 * DAY_MS)
    expect(time.standing).toBe('implausible')
    expect(reasons()).toHaveLength(1)
    clock.advance(3 * HOUR_MS + MINUTE_MS)
    expect(reasons()).toHaveLength(4)
    expect(events.all.every(({ eventClass }) => eventClass === 'security')).toBe(true)
    expect(events.named('clock-implausible')[0]).toMatchObject({
      reason: 'ahead',
      what: expect.stringContaining('not believed'),
      clock: '2036-09-17T10:15:00.000Z',
      estimate: '2026-09-20T10:15:00.000Z',
      toDo: expect.stringContaining('wardgate clock accept'),
    })
  })

  it('is noticed by whoever asks, before the next look', () => {
    const time = start()
    clock.step(3650 * DAY_MS)
    expect(time.nowMs()).toBe(START_MS)
    expect(reasons()).toEqual(['ahead'])
  })

  it('is believed again when it agrees again', () => {
    const time = start()
    clock.step(3650 * DAY_MS)
    clock.advance(2 * HOUR_MS)
    clock.step(-3650 * DAY_MS + 2 * SECOND_MS)
    clock.advance(10 * SECOND_MS)
    expect([time.standing, trustedAgainBy()]).toEqual(['trusted', ['agreement']])
  })

  it('is believed again when a person confirms it, and goes on from there', () => {
    const time = start()
    clock.step(200 * DAY_MS)
    clock.advance(HOUR_MS)
    confirm()
    clock.advance(10 * SECOND_MS)
    expect([time.standing, trustedAgainBy()]).toEqual(['trusted', ['operator']])
    clock.step(-200 * DAY_MS)
    expect(time.standing).toBe('implausible')
  })

  it('is not believed because of a confirmation of another time', () => {
    const time = start()
    clock.step(200 * DAY_MS)
    expect(time.standing).toBe('implausible')
    confirm()
    clock.step(3650 * DAY_MS)
    clock.advance(MINUTE_MS)
    expect([time.standing, trustedAgainBy()]).toEqual(['implausible', []])
  })

  it('by small steps is caught when they have added up', () => {
    const time = start()
    const standings = [1, 2, 3].map(() => {
      clock.step(2 * MINUTE_MS)
      clock.advance(MINUTE_MS)
      return time.standing
    })
    expect(standings).toEqual(['trusted', 'trusted', 'implausible'])
  })

  it('by less than a day or so is believed after four steady hours, once in thirty days', () => {
    const time = start()
    clock.step(2 * HOUR_MS)
    clock.advance(4 * HOUR_MS - MINUTE_MS)
    expect(time.standing).toBe('implausible')
    clock.advance(2 * MINUTE_MS)
    expect([time.standing, trustedAgainBy()]).toEqual(['trusted', ['steadiness']])
    clock.step(2 * HOUR_MS)
    clock.advance(24 * HOUR_MS)
    expect(time.standing).toBe('implausible')
    stopAll()
    const restarted = start()
    clock.advance(24 * HOUR_MS)
    expect(restarted.standing).toBe('implausible')
    clock.advance(29 * DAY_MS)
    expect(restarted.standing).toBe('trusted')
  })

  it('and does not hold still is not believed, however small its steps', () => {
    const time = start()
    clock.step(2 * HOUR_MS)
    for (let hour = 0; hour < 12; hour += 1) {
      clock.step((hour % 2 === 0 ? 1 : -1) * HOUR_MS)
      clock.advance(HOUR_MS)
    }
    expect([time.standing, trustedAgainBy()]).toEqual(['implausible', []])
  })

  it('is still not believed after a restart of the gateway on the same boot', () => {
    start()
    clock.advance(HOUR_MS)
    clock.step(60 * DAY_MS)
    stopAll()
    clock.advance(HOUR_MS)
    const time = start()
    expect(time.standing).toBe('implausible')
    expect(time.nowMs()).toBe(START_MS + 2 * HOUR_MS)
  })
})

describe('a machine that starts', () => {
  it('for the first time, with nothing known, is believed', () => {
    birthMs = undefined
    expect(start().standing).toBe('trusted')
  })

  it('before the birth of the issuing CA is not believed: time goes on from the birth', () => {
    powerCycle(0)
    const time = start()
    clock.advance(MINUTE_MS)
    expect([time.standing, reasons()]).toEqual(['implausible', ['before-authority']])
    expect(time.nowMs()).toBe(BIRTH_MS)
  })

  it('in 1970 after a power failure goes on from the last good time, until a time server sets its clock', () => {
    start()
    clock.advance(3 * DAY_MS)
    powerCycle(5 * SECOND_MS)
    const time = start()
    expect([time.standing, time.nowMs()]).toEqual(['implausible', START_MS + 3 * DAY_MS])
    clock.advance(HOUR_MS)
    expect(time.nowMs()).toBe(START_MS + 3 * DAY_MS + HOUR_MS)
    clock.step(START_MS + 10 * DAY_MS - clock.nowMs())
    expect([time.standing, time.nowMs()]).toEqual(['trusted', START_MS + 10 * DAY_MS])
  })

  it('in 1970 knows an authority that was made after the last good time', () => {
    start()
    birthMs = START_MS + DAY_MS
    powerCycle(0)
    expect(start().nowMs()).toBe(START_MS + DAY_MS)
  })

  it('does not take an authority that was made on a wrong clock, in a far future, for a witness', () => {
    start()
    powerCycle(START_MS + DAY_MS)
    birthMs = START_MS + 3650 * DAY_MS
    const time = start()
    expect([time.standing, time.nowMs()]).toEqual(['implausible', START_MS])
    expect(reasons()).toEqual(['before-authority'])
  })

  it.each([
    { name: 'after two months in a cupboard', byMs: 60 * DAY_MS, standing: 'trusted' },
    { name: 'with a clock a few minutes behind', byMs: -20 * MINUTE_MS, standing: 'trusted' },
    { name: 'a day before it was stopped', byMs: -DAY_MS, standing: 'implausible' },
    { name: 'ten years later', byMs: 3650 * DAY_MS, standing: 'implausible' },
  ])('$name is $standing', ({ byMs, standing }) => {
    start()
    clock.advance(DAY_MS)
    powerCycle(clock.nowMs() + byMs)
    expect(start().standing).toBe(standing)
  })

  it('after a year in a cupboard is believed when a person says so', () => {
    start()
    powerCycle(START_MS + 365 * DAY_MS)
    const time = start()
    expect([time.standing, time.nowMs()]).toEqual(['implausible', START_MS])
    confirm()
    clock.advance(10 * SECOND_MS)
    expect([time.standing, time.nowMs()]).toEqual(['trusted', START_MS + 365 * DAY_MS + 10 * SECOND_MS])
  })

  it('with a confirmation that was given before the start is believed', () => {
    start()
    powerCycle(START_MS + 365 * DAY_MS)
    confirm()
    expect([start().standing, events.all]).toEqual(['trusted', []])
  })

  it.each(['', '{', '{"version":1,"goodMs":"soon","uptimeMs":0}', `"${'x'.repeat(5_000)}"`])(
    'with a damaged record of the time says so, and holds its clock against the birth alone: %j',
    (text) => {
      writeFileSync(timeFileOf(state.path), text)
      const time = start()
      expect([time.standing, events.named('time-file-damaged')]).toEqual(['trusted', [expect.anything()]])
    },
  )

  it('that cannot keep the time says so and goes on', () => {
    const nowhere = createTrustedTime({
      clock,
      uptime,
      birthMs: () => birthMs,
      file: join(state.path, 'missing', 'time.json'),
      events,
    })
    expect([nowhere.standing, events.named('time-not-kept')]).toEqual(['trusted', [expect.anything()]])
    nowhere.stop()
  })
})
