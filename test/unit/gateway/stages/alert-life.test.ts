import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import type { AlertMessage, IngestAlert } from '../../../../gateway/contract/alert.ts'
import { toInstant } from '../../../../gateway/contract/instant.ts'
import { readAlert } from '../../../../gateway/contract/read-payload.ts'
import type { OutboundMessage } from '../../../../gateway/ports.ts'
import { admitAlert } from '../../../../gateway/stages/admit-alert.ts'
import { AlertLife, CONFIRM_WITHIN_MS, MAX_ALERTS } from '../../../../gateway/stages/alert-life.ts'
import { ingestAlert } from '../../../support/relayed.ts'
import { OXIMETER } from '../../../support/sets.ts'

const startMs = Date.parse('2026-09-20T10:15:00.000Z')

function report(nowMs: number, change: Partial<IngestAlert> = {}) {
  const alert = ingestAlert({ t: toInstant(nowMs), ...change })
  const { report } = admitAlert(alert, { gateway: 'gw-1', entry: OXIMETER, nowMs })
  if (report === undefined) throw new Error('refused')
  return report
}

function shown(messages: readonly OutboundMessage[] | 'full'): readonly (AlertMessage | 'cleared')[] {
  if (messages === 'full') throw new Error('full')
  return messages.map(({ topic, payload, qos, retain }) => {
    expect(topic).toMatch(/^vitals\/v1\/icu\/b01\/ox-1\/alert\/[a-z0-9-]+$/)
    expect(qos).toBe(1)
    if (payload.length === 0) {
      expect(retain).toBe(true)
      return 'cleared'
    }
    const read = readAlert(payload)
    if (!read.ok) throw new Error(read.reason)
    expect(retain).toBe(read.payload.phase !== 'ended')
    return read.payload
  })
}

function alive() {
  const life = new AlertLife(OXIMETER)
  life.report(report(startMs), startMs)
  return life
}

describe('the life of an alert', () => {
  it('is retained while it is present', () => {
    const life = new AlertLife(OXIMETER)
    expect(shown(life.report(report(startMs), startMs))).toMatchObject([
      { phase: 'present', text: '** SpO2 LOW', since: '2026-09-20T10:15:00.000Z', bed: 'b01' },
    ])
  })

  it('ends as an event, and is then found no more', () => {
    const life = alive()
    const nowMs = startMs + 9_000
    expect(shown(life.report(report(nowMs, { phase: 'ended' }), nowMs))).toMatchObject([
      { phase: 'ended', since: '2026-09-20T10:15:00.000Z', t: '2026-09-20T10:15:09.000Z' },
      'cleared',
    ])
    expect(life.wakeAtMs).toBeUndefined()
  })

  it('keeps its beginning through repeats and changes', () => {
    const life = alive()
    const nowMs = startMs + 20_000
    expect(shown(life.report(report(nowMs, { refresh: true }), nowMs))).toMatchObject([
      { phase: 'present', refresh: true, since: '2026-09-20T10:15:00.000Z', t: '2026-09-20T10:15:20.000Z' },
    ])
  })

  it('becomes unknown with the reason when the line is lost, once', () => {
    const life = alive()
    expect(shown(life.lose('silent', startMs + 5_000))).toMatchObject([
      { phase: 'unknown', reason: 'silent', text: '** SpO2 LOW', at: '2026-09-20T10:15:05.000Z' },
    ])
    expect(life.lose('the bedside part has no session', startMs + 6_000)).toEqual([])
  })

  it('is no repeat of a report where the gateway decided, and says so by having no number', () => {
    const [unknown] = shown(alive().lose('silent', startMs))
    expect(unknown).not.toHaveProperty('seq')
    expect(unknown).not.toHaveProperty('boot')
  })

  it('stays unknown for ever while the device does not deliver', () => {
    const life = alive()
    life.lose('silent', startMs)
    expect(life.wakeAtMs).toBeUndefined()
    expect(life.tick(startMs + 86_400_000)).toEqual([])
  })

  it('is present again when the device repeats it', () => {
    const life = alive()
    life.lose('silent', startMs)
    const nowMs = startMs + 90_000
    expect(shown(life.report(report(nowMs, { refresh: true }), nowMs))).toMatchObject([
      { phase: 'present', since: '2026-09-20T10:15:00.000Z' },
    ])
  })

  it('ends when the device says so after the line was lost', () => {
    const life = alive()
    life.lose('silent', startMs)
    const nowMs = startMs + 90_000
    const [ended, cleared] = shown(life.report(report(nowMs, { phase: 'ended' }), nowMs))
    expect(ended).toMatchObject({ phase: 'ended' })
    expect(ended).not.toHaveProperty('reason')
    expect(cleared).toBe('cleared')
  })

  it('ends as unconfirmed a documented time after the device delivers again', () => {
    const life = alive()
    life.lose('silent', startMs)
    const backMs = startMs + 600_000
    life.delivered(backMs)
    life.delivered(backMs + 30_000)
    expect(life.tick(backMs + CONFIRM_WITHIN_MS - 1)).toEqual([])
    expect(shown(life.tick(backMs + CONFIRM_WITHIN_MS))).toMatchObject([
      { phase: 'ended', reason: 'unconfirmed' },
      'cleared',
    ])
  })

  it('gets its time anew when the line is lost again before anybody could confirm it', () => {
    const life = alive()
    life.lose('silent', startMs)
    life.delivered(startMs + 1_000)
    life.lose('unplugged', startMs + 2_000)
    expect(life.tick(startMs + 600_000)).toEqual([])
  })

  it('is never shown as certain beyond its lifetime', () => {
    const life = alive()
    expect(life.wakeAtMs).toBe(startMs + 60_000)
    expect(life.tick(startMs + 59_999)).toEqual([])
    expect(shown(life.tick(startMs + 60_000))).toMatchObject([
      { phase: 'unknown', reason: 'not repeated within its lifetime' },
    ])
  })

  it('is unknown from the start when it arrives after its lifetime', () => {
    const life = new AlertLife(OXIMETER)
    const late = report(startMs)
    expect(shown(life.report(late, startMs + 60_000))).toMatchObject([{ phase: 'unknown' }])
  })

  it('does not live longer for a sender whose clock is ahead', () => {
    const life = new AlertLife(OXIMETER)
    life.report(report(startMs + 4_000), startMs)
    expect(life.wakeAtMs).toBe(startMs + 60_000)
  })

  it('is cleared where the device no longer stands', () => {
    const life = alive()
    life.report(report(startMs, { code: 'bpm-low' }), startMs)
    expect(shown(life.close(startMs))).toMatchObject([
      { phase: 'ended', reason: 'moved' },
      'cleared',
      { phase: 'ended', reason: 'moved' },
      'cleared',
    ])
  })

  it('is one of a bounded number', () => {
    const life = new AlertLife(OXIMETER)
    for (let index = 0; index < MAX_ALERTS; index++)
      life.report(report(startMs, { code: `a${index}` }), startMs)
    expect(life.report(report(startMs, { code: 'one-more' }), startMs)).toBe('full')
    expect(life.report(report(startMs, { code: 'a0' }), startMs)).toHaveLength(1)
    expect(life.report(report(startMs, { code: 'one-more', phase: 'ended' }), startMs)).toHaveLength(2)
  })
})

describe('the retained alerts of a device, whatever happens to it', () => {
  const step = fc.record({
    what: fc.constantFrom('present', 'refresh', 'ended', 'late', 'lose', 'delivered', 'tick'),
    code: fc.constantFrom('a', 'b', 'c'),
    afterMs: fc.nat(45_000),
  })

  it('are never certain beyond their lifetime, and never vanish without an end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const life = new AlertLife(OXIMETER)
        const retained = new Map<string, AlertMessage>()
        let hasEnded = new Set<string>()
        let nowMs = startMs
        const take = (messages: readonly OutboundMessage[] | 'full'): void => {
          for (const message of messages === 'full' ? [] : messages) {
            const read = readAlert(message.payload)
            if (read.ok && read.payload.phase === 'ended') hasEnded.add(message.topic)
            else if (read.ok) retained.set(message.topic, read.payload)
            else {
              expect(hasEnded.has(message.topic)).toBe(true)
              retained.delete(message.topic)
            }
          }
        }
        for (const { what, code, afterMs } of steps) {
          nowMs += afterMs
          hasEnded = new Set()
          take(life.tick(nowMs))
          if (what === 'present') take(life.report(report(nowMs, { code }), nowMs))
          if (what === 'refresh') take(life.report(report(nowMs, { code, refresh: true }), nowMs))
          if (what === 'ended') take(life.report(report(nowMs, { code, phase: 'ended' }), nowMs))
          if (what === 'late') take(life.report(report(nowMs - 90_000, { code }), nowMs))
          if (what === 'lose') take(life.lose('silent', nowMs))
          if (what === 'delivered') life.delivered(nowMs)
          for (const { phase, t, ttl } of retained.values())
            if (phase === 'present') expect(Date.parse(t) + ttl).toBeGreaterThan(nowMs)
          if (what === 'lose') for (const { phase } of retained.values()) expect(phase).toBe('unknown')
        }
      }),
      { seed: 23, numRuns: 200 },
    )
  })
})
