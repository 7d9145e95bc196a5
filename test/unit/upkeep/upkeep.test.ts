import { describe, expect, it } from '@jest/globals'
import { levelBeforeEnd } from '../../../certs/forecast-level.ts'
import type { ExpiryRow } from '../../../gateway/upkeep/expiry-alarms.ts'
import type { Holding, UpkeepAct } from '../../../gateway/upkeep/upkeep-due.ts'
import { startUpkeep, type UpkeepOptions } from '../../../gateway/upkeep/upkeep.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { RecordingEvents } from '../../support/recording-sinks.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const START_MS = Date.parse('2026-09-20T10:15:00Z')

const DUE: Holding = {
  kind: 'certificate',
  role: 'server',
  id: 'server',
  notBeforeMs: START_MS - 300 * DAY_MS,
  notAfterMs: START_MS + 10 * DAY_MS,
  fingerprint: '00',
  renewedBy: 'store',
}

interface Bench {
  held: readonly Holding[]
  rows: readonly ExpiryRow[]
  fault: Error | undefined
  standing: 'trusted' | 'implausible'
}

function bench(change: Partial<UpkeepOptions> = {}) {
  const clock = new FakeClock(START_MS)
  const events = new RecordingEvents()
  const acts: { readonly act: UpkeepAct['act']; readonly afterMs: number }[] = []
  const state: Bench = { held: [DUE], rows: [], fault: undefined, standing: 'trusted' }
  let takenUp = 0
  const upkeep = startUpkeep({
    time: {
      nowMs: () => clock.nowMs(),
      get standing() {
        return state.standing
      },
      get reason() {
        return state.standing === 'trusted' ? undefined : 'it is 1970'
      },
    },
    holdings: () => state.held,
    perform: async ({ act }) => {
      acts.push({ act, afterMs: clock.monotonicMs() })
      if (state.fault !== undefined) throw state.fault
      state.held = []
      return { serial: '0A' }
    },
    expiries: () => state.rows,
    takeUp: async () => {
      takenUp += 1
    },
    clock,
    events,
    ...change,
  })
  const run = async (forMs: number): Promise<void> => {
    for (let elapsedMs = 0; elapsedMs < forMs; elapsedMs += MINUTE_MS) {
      clock.advance(MINUTE_MS)
      // A look ends when every promise of it has.
      for (let turn = 0; turn < 30; turn += 1) await Promise.resolve()
    }
  }
  return { clock, events, acts, state, upkeep, run, takenUp: () => takenUp }
}

function expiring(leftMs: number, isOwn = true): ExpiryRow {
  return {
    role: 'server',
    id: 'server',
    key: 'aa',
    notAfterMs: START_MS + leftMs,
    level: levelBeforeEnd(START_MS + leftMs, START_MS),
    advice: 'run wardgate certs renew server',
    isOwn,
  }
}

describe('the upkeep of a running gateway', () => {
  it('renews what is due within the hour, and says so', async () => {
    const { run, acts, events } = bench()
    await run(HOUR_MS)
    expect(acts).toEqual([{ act: 'renew-certificate', afterMs: HOUR_MS }])
    expect(events.named('certificate-renewed')).toEqual([{ role: 'server', id: 'server', serial: '0A' }])
  })

  it('looks at once when it is asked to, once for all who ask', async () => {
    const { upkeep, acts } = bench()
    await Promise.all([upkeep.look(), upkeep.look()])
    expect(acts).toHaveLength(1)
  })

  it('looks once more for who asks in the middle of a look, as that one may have passed by already', async () => {
    const { upkeep, takenUp, clock } = bench()
    await Promise.all([upkeep.look(), upkeep.look(), upkeep.look()])
    expect(takenUp()).toBe(2)
    expect(clock.pendingCount).toBe(1)
  })

  it('tries again after a failure, soon at first and hourly later, and tells it once a day', async () => {
    const { upkeep, run, acts, events, state } = bench()
    state.fault = new Error('no space left: free some and try again')
    await upkeep.look()
    await run(DAY_MS)
    expect(acts.slice(0, 8).map(({ afterMs }) => afterMs / MINUTE_MS)).toEqual([0, 1, 3, 7, 15, 31, 63, 123])
    expect(acts.length).toBeLessThan(32)
    expect(events.named('certificate-not-renewed').length).toBeLessThanOrEqual(2)
    expect(events.named('certificate-not-renewed')[0]).toEqual({
      role: 'server',
      id: 'server',
      reason: 'no space left: free some and try again',
    })
    state.fault = undefined
    await run(HOUR_MS)
    expect(events.named('certificate-renewed')).toHaveLength(1)
  })

  it('goes on with the next certificate when one cannot be renewed', async () => {
    const { upkeep, state, events } = bench({
      perform: async (act) => {
        if (act.act === 'renew-certificate' && act.id === 'server') throw new Error('read-only')
        return {}
      },
    })
    state.held = [DUE, { ...DUE, role: 'bedside', id: 'box-1' }, { kind: 'lists', isDue: true }]
    await upkeep.look()
    expect(events.all.map(({ event }) => event).sort()).toEqual([
      'certificate-not-renewed',
      'certificate-renewed',
      'crl-renewed',
    ])
  })

  it('renews nothing on an implausible clock, says why, and goes on soon after it is right', async () => {
    const { run, acts, events, state } = bench()
    state.standing = 'implausible'
    await run(2 * HOUR_MS)
    expect(acts).toEqual([])
    expect(events.named('upkeep-failed')).toEqual([
      { step: 'upkeep', reason: 'nothing is renewed while the clock is implausible: it is 1970' },
    ])
    state.standing = 'trusted'
    await run(MINUTE_MS)
    expect(acts).toHaveLength(1)
  })

  it('survives a store that cannot be read, and warns all the same', async () => {
    const { upkeep, run, events, state, acts } = bench({
      holdings: () => {
        throw new Error('the index is damaged')
      },
    })
    state.rows = [expiring(20 * DAY_MS)]
    await upkeep.look()
    await run(3 * HOUR_MS)
    expect(acts).toEqual([])
    expect(events.named('upkeep-failed')).toEqual([{ step: 'upkeep', reason: 'the index is damaged' }])
    expect(events.named('certificate-expires')).toHaveLength(1)
  })

  it('lets listeners and links take up what changed after every look', async () => {
    const { upkeep, takenUp } = bench()
    await upkeep.look()
    await upkeep.look()
    expect(takenUp()).toBe(2)
  })

  it('tells a certificate that runs out as a technical event with what to do', async () => {
    const { upkeep, events, state } = bench()
    state.rows = [expiring(6.5 * DAY_MS)]
    await upkeep.look()
    expect(events.all.filter(({ event }) => event === 'certificate-expires')).toEqual([
      {
        eventClass: 'technical',
        event: 'certificate-expires',
        detail: {
          role: 'server',
          id: 'server',
          level: 'warning',
          daysLeft: 6,
          notAfter: '2026-09-26T22:15:00.000Z',
          advice: 'run wardgate certs renew server',
        },
      },
    ])
  })

  it('is not ready when its own certificate has less than a day, and ready when only others have', async () => {
    const { upkeep, state } = bench()
    const notReady = async (row: ExpiryRow): Promise<readonly string[]> => {
      state.rows = [row]
      await upkeep.look()
      return upkeep.notReady()
    }
    expect(await notReady(expiring(DAY_MS / 2, false))).toEqual([])
    expect(await notReady(expiring(DAY_MS / 2))).toEqual([
      "certificates: server 'server' ends 2026-09-20T22:15:00.000Z: run wardgate certs renew server",
    ])
    expect((await notReady(expiring(-DAY_MS)))[0]).toContain('has ended 2026-09-19')
  })

  it('tells that it cannot foresee what runs out, and looks again', async () => {
    let isDamaged = true
    const { upkeep, run, events } = bench({
      expiries: () => {
        if (isDamaged) throw new Error('the index is damaged')
        return [expiring(DAY_MS / 2)]
      },
    })
    await upkeep.look()
    expect(events.named('upkeep-failed')).toEqual([{ step: 'alarms', reason: 'the index is damaged' }])
    isDamaged = false
    await run(HOUR_MS)
    expect(events.named('certificate-expires')).toHaveLength(1)
  })

  it('stops for good and leaves no timer', async () => {
    const { upkeep, clock, run, acts } = bench()
    await upkeep.stop()
    await run(2 * HOUR_MS)
    expect(acts).toEqual([])
    expect(clock.pendingCount).toBe(0)
  })

  it('leaves no timer either when it is stopped in the middle of a look', async () => {
    const { upkeep, clock } = bench()
    const looking = upkeep.look()
    await upkeep.stop()
    await looking
    expect(clock.pendingCount).toBe(0)
  })
})
