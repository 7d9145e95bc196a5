import { describe, expect, it } from '@jest/globals'
import { drawBoard } from '../../../cli/draw-board.ts'
import { WardBoard } from '../../../cli/ward-board.ts'
import { admitSet } from '../../../gateway/stages/admit-set.ts'
import { DeviceLife } from '../../../gateway/stages/device-life.ts'
import { ingestAlert } from '../../support/relayed.ts'
import { ingestSet, OXIMETER, payloadOf, SPO2 } from '../../support/sets.ts'

const startMs = Date.parse('2026-09-20T10:15:00.000Z')
const topic = 'vitals/v1/icu/b01/ox-1/numeric'

function trusted(overrides = {}): Buffer {
  const { set } = admitSet(ingestSet(overrides), { gateway: 'gw-1', entry: OXIMETER, nowMs: startMs })
  return payloadOf(set)
}

describe('WardBoard', () => {
  it('shows a value with unit, quality and age', () => {
    const board = new WardBoard()
    board.apply(topic, trusted(), startMs)
    const row = board.rows(startMs + 2000)[0]
    expect(row).toMatchObject({ ward: 'icu', bed: 'b01', device: 'ox-1' })
    expect(row?.values[0]).toMatchObject({
      value: 97,
      unit: '%',
      quality: 'valid',
      ageMs: 2000,
      isStale: false,
    })
  })

  it('strikes a value out at the end of its lifetime by its own clock alone', () => {
    const board = new WardBoard()
    board.apply(topic, trusted(), startMs)
    expect(board.rows(startMs + 5999)[0]?.values[0]?.isStale).toBe(false)
    expect(board.rows(startMs + 6000)[0]?.values[0]?.isStale).toBe(true)
  })

  it('is not fooled by a sender whose clock is ahead', () => {
    const board = new WardBoard()
    board.apply(topic, trusted({ t: '2026-09-20T10:15:04.000Z' }), startMs)
    expect(board.rows(startMs + 6000)[0]?.values[0]?.isStale).toBe(true)
  })

  it('shows nothing of the old bed when a device moves', () => {
    const board = new WardBoard()
    board.apply(topic, trusted(), startMs)
    board.apply('vitals/v1/icu/b02/ox-1/state', Buffer.alloc(0), startMs)
    expect(board.rows(startMs)).toMatchObject([{ bed: 'b02', values: [] }])
  })

  it('never shows back-fill as current', () => {
    const board = new WardBoard()
    board.apply('vitals/v1/icu/b01/ox-1/history', trusted({ history: true }), startMs)
    board.apply(topic, trusted({ history: true }), startMs)
    expect(board.rows(startMs)[0]?.values).toEqual([])
  })

  it('gives a late joiner the retained last values with their own age', () => {
    const life = new DeviceLife(OXIMETER, startMs)
    const { set } = admitSet(ingestSet(), { gateway: 'gw-1', entry: OXIMETER, nowMs: startMs })
    const messages = set === undefined ? [] : life.accept(set, startMs)
    const board = new WardBoard()
    for (const message of messages) board.apply(message.topic, message.payload, startMs + 3000)
    expect(board.rows(startMs + 3000)[0]).toMatchObject({ state: 'ready' })
    expect(board.rows(startMs + 3000)[0]?.values[0]).toMatchObject({ value: 97, ageMs: 3000, isStale: false })
    expect(board.rows(startMs + 6000)[0]?.values[0]?.isStale).toBe(true)
  })

  it('ignores what is not of its contract', () => {
    const board = new WardBoard()
    expect(board.apply('ops/v1/gw-1/state', Buffer.alloc(0), startMs).kind).toBe('ignored')
    expect(board.apply(topic, Buffer.from('{}'), startMs).kind).toBe('ignored')
    expect(board.apply(topic, Buffer.from([0xff]), startMs).kind).toBe('ignored')
  })
})

describe('drawBoard', () => {
  const board = new WardBoard()
  board.apply(
    topic,
    trusted({
      metrics: [
        SPO2,
        { ...SPO2, mdc: 150488, ref: 'MDC_BLD_PERF_INDEX', value: null, q: 'absent', why: ['probe_off'] },
      ],
    }),
    startMs,
  )

  it('writes value, unit and age, and a reason where there is no value', () => {
    const text = drawBoard(board.rows(startMs + 1000), { style: 'plain', columns: 100 }).join('\n')
    expect(text).toContain('SpO2 97 % 1s')
    expect(text).toContain('PI -- probe_off')
  })

  it('marks a stale value in words as well as by striking it out', () => {
    const plain = drawBoard(board.rows(startMs + 9000), { style: 'plain', columns: 100 }).join('\n')
    const ansi = drawBoard(board.rows(startMs + 9000), { style: 'ansi', columns: 100 }).join('\n')
    expect(plain).toContain('SpO2 (97 %) STALE 9s')
    expect(ansi).toContain('\u001B[9;2m97 %\u001B[0m STALE 9s')
  })
})

describe('alerts on the board', () => {
  const place = 'vitals/v1/icu/b01/ox-1/alert/spo2-low'
  const alert = (change: object = {}): Buffer =>
    payloadOf({
      ...ingestAlert(),
      bed: 'b01',
      assoc: 'a7f3',
      since: '2026-09-20T10:14:50.000Z',
      at: '2026-09-20T10:15:00.000Z',
      src: { gateway: 'gw-1', link: 'serial', driver: 'masimo-ascii1@1.0.0' },
      ...change,
    })
  const drawn = (board: WardBoard, nowMs = startMs) =>
    drawBoard(board.rows(nowMs), { style: 'plain', columns: 100 }).join('\n')

  it('show the words of the device with their priority, and how long it has been there', () => {
    const board = new WardBoard()
    expect(board.apply(place, alert(), startMs)).toMatchObject({ kind: 'alert', change: 'raised' })
    expect(drawn(board)).toMatch(/ALERT \(HIGH\) "\*\* SpO2 LOW" 10s$/m)
  })

  it('are marked where nobody knows whether they still hold, with the reason', () => {
    const board = new WardBoard()
    board.apply(place, alert(), startMs)
    const unknown = alert({ phase: 'unknown', reason: 'silent', at: '2026-09-20T10:15:01.000Z' })
    expect(board.apply(place, unknown, startMs)).toMatchObject({ change: 'doubted' })
    expect(drawn(board)).toContain('"** SpO2 LOW" 10s   UNKNOWN WHETHER STILL PRESENT: silent')
  })

  it('are not shown as certain beyond their lifetime, whoever is silent', () => {
    const board = new WardBoard()
    board.apply(place, alert(), startMs)
    expect(drawn(board, startMs + 59_999)).not.toContain('UNKNOWN')
    expect(drawn(board, startMs + 60_000)).toContain('UNKNOWN WHETHER STILL PRESENT')
  })

  it('go when they end, once', () => {
    const board = new WardBoard()
    board.apply(place, alert(), startMs)
    expect(board.apply(place, alert({ phase: 'ended' }), startMs)).toMatchObject({ change: 'ended' })
    expect(board.apply(place, Buffer.alloc(0), startMs)).toMatchObject({ change: 'cleared' })
    expect(drawn(board)).not.toContain('ALERT')
  })

  it('are not overwritten by an older message that comes later', () => {
    const board = new WardBoard()
    board.apply(place, alert(), startMs)
    const older = alert({ at: '2026-09-20T10:14:00.000Z', text: 'old' })
    expect(board.apply(place, older, startMs)).toEqual({ kind: 'ignored', reason: 'an older alert' })
  })

  it('stand with the most urgent first', () => {
    const board = new WardBoard()
    for (const priority of ['unknown', 'low', 'high', 'medium'])
      board.apply(`vitals/v1/icu/b01/ox-1/alert/${priority}`, alert({ code: priority, priority }), startMs)
    expect(board.rows(startMs)[0]?.alerts.map(({ priority }) => priority)).toEqual([
      'high',
      'medium',
      'low',
      'unknown',
    ])
  })

  it('cannot steer the terminal with their text', () => {
    const board = new WardBoard()
    board.apply(place, alert({ text: 'A\u001B[2JB' }), startMs)
    expect(drawn(board)).toContain('"A?[2JB"')
  })

  it('are not crowded out by waveforms: a block changes nothing on the board', () => {
    const board = new WardBoard()
    board.apply(place, alert(), startMs)
    const before = board.rows(startMs)
    for (let block = 0; block < 100; block++)
      expect(board.apply('vitals/v1/icu/b01/ox-1/waveform/pleth', Buffer.from('x'), startMs)).toEqual({
        kind: 'waveform',
      })
    expect(board.rows(startMs)).toEqual(before)
  })
})
