import { describe, expect, it } from '@jest/globals'
import type { ObservationSet } from '../../../../gateway/contract/reading.ts'
import type { OutboundMessage } from '../../../../gateway/ports.ts'
import { admitSet } from '../../../../gateway/stages/admit-set.ts'
import { DeviceLife } from '../../../../gateway/stages/device-life.ts'
import { ingestSet, OXIMETER, PULSE, SPO2 } from '../../../support/sets.ts'

const startMs = Date.parse('2026-09-20T10:15:00.000Z')

function setAt(atMs: number, metrics = [SPO2, PULSE], ttl = 6000): ObservationSet {
  const t = new Date(atMs).toISOString()
  const { set } = admitSet(ingestSet({ t, tr: t, metrics, ttl }), {
    gateway: 'gw-1',
    entry: OXIMETER,
    nowMs: atMs,
  })
  if (set === undefined) throw new Error('the set was refused')
  return set
}

function leaf(message: OutboundMessage | undefined): string {
  return message?.topic.split('/').slice(5).join('/') ?? ''
}

function read(
  messages: readonly OutboundMessage[],
  name: string,
): { state?: string; metrics?: { value: number }[] } | 'cleared' | undefined {
  const message = messages.findLast((candidate) => leaf(candidate) === name)
  if (message === undefined) return undefined
  return message.payload.length === 0 ? 'cleared' : JSON.parse(message.payload.toString())
}

describe('DeviceLife', () => {
  it('begins in init', () => {
    expect(read([new DeviceLife(OXIMETER, startMs).announce()], 'state')).toMatchObject({ state: 'init' })
  })

  it('is ready with the first valid set and offers its values to late joiners', () => {
    const messages = new DeviceLife(OXIMETER, startMs).accept(setAt(startMs), startMs)
    expect(read(messages, 'state')).toMatchObject({ state: 'ready' })
    expect(read(messages, 'last')).toMatchObject({ metrics: [{ value: 97 }, { value: 72 }] })
    expect(messages.every((message) => message.retain)).toBe(true)
  })

  it('says its state once, not with every set', () => {
    const life = new DeviceLife(OXIMETER, startMs)
    life.accept(setAt(startMs), startMs)
    expect(read(life.accept(setAt(startMs + 1000), startMs + 1000), 'state')).toBeUndefined()
  })

  it('clears the retained values at the very end of their lifetime and turns stale', () => {
    const life = new DeviceLife(OXIMETER, startMs)
    life.accept(setAt(startMs), startMs)
    expect(life.tick(startMs + 5999)).toEqual([])
    const messages = life.tick(startMs + 6000)
    expect(read(messages, 'last')).toBe('cleared')
    expect(read(messages, 'state')).toMatchObject({ state: 'stale' })
  })

  it('gives up one metric and keeps another that lives longer', () => {
    const life = new DeviceLife(OXIMETER, startMs)
    life.accept(setAt(startMs, [SPO2], 1000), startMs)
    life.accept(setAt(startMs, [PULSE], 60_000), startMs)
    expect(read(life.tick(startMs + 1000), 'last')).toMatchObject({ metrics: [{ value: 72 }] })
  })

  it('never offers a value that is not valid', () => {
    const life = new DeviceLife(OXIMETER, startMs)
    const absent = { ...SPO2, value: null, q: 'absent' as const, why: ['probe_off'] }
    const messages = life.accept(setAt(startMs, [absent]), startMs)
    expect(read(messages, 'state')).toMatchObject({ state: 'degraded', reason: 'probe_off' })
    expect(read(messages, 'last')).toBeUndefined()
  })

  it('is not degraded by a parameter for which no sensor was ever connected', () => {
    const life = new DeviceLife(OXIMETER, startMs)
    const never = { ...PULSE, value: null, q: 'absent' as const, why: ['missing'] }
    expect(read(life.accept(setAt(startMs, [SPO2, never]), startMs), 'state')).toMatchObject({
      state: 'ready',
    })
    const gone = { ...SPO2, value: null, q: 'absent' as const, why: ['probe_off'] }
    expect(read(life.accept(setAt(startMs + 1, [gone, never]), startMs + 1), 'state')).toMatchObject({
      state: 'degraded',
    })
  })

  it('takes back an offered value as soon as the device says there is none', () => {
    const life = new DeviceLife(OXIMETER, startMs)
    life.accept(setAt(startMs, [SPO2]), startMs)
    const absent = { ...SPO2, value: null, q: 'absent' as const }
    life.accept(setAt(startMs + 500, [absent]), startMs + 500)
    expect(read(life.tick(life.wakeAtMs ?? 0), 'last')).toBe('cleared')
  })

  it('is lost at once when nothing can come, and ready again with the next reading', () => {
    const life = new DeviceLife(OXIMETER, startMs)
    life.accept(setAt(startMs), startMs)
    expect(read(life.lose('silent', startMs + 100), 'state')).toMatchObject({
      state: 'lost',
      reason: 'silent',
    })
    expect(read(life.accept(setAt(startMs + 200), startMs + 200), 'state')).toMatchObject({ state: 'ready' })
  })

  it('does not let a measurement time ahead of its receipt lengthen a life', () => {
    const life = new DeviceLife(OXIMETER, startMs)
    life.accept(setAt(startMs + 3000), startMs)
    expect(life.wakeAtMs).toBeLessThanOrEqual(startMs + 6000)
  })
})
