import { Aedes } from 'aedes'
import { describe, expect, it } from '@jest/globals'
import { brokerOptions } from '../../../gateway/broker/broker-options.ts'
import { createGatekeeper } from '../../../gateway/broker/gatekeeper.ts'
import { WARD_LIMITS } from '../../../gateway/broker/limits.ts'
import { SessionStore } from '../../../gateway/broker/session-store.ts'
import { Sessions } from '../../../gateway/broker/sessions.ts'
import { silentLog } from '../../../gateway/log.ts'
import { contest } from '../../../gateway/security/contest.ts'
import { CounterRecord, EventRecord, wardRules } from '../../support/broker-bench.ts'
import { MemoryLog } from '../../support/memory-log.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const store = new SessionStore({
  ...WARD_LIMITS,
  mayKeep: () => false,
  onOverflow: () => undefined,
  onRetainedFull: () => undefined,
  log: new MemoryLog(),
})
const hooks = createGatekeeper({
  rules: wardRules(),
  contest,
  clock: new FakeClock(),
  sessions: new Sessions(),
  store,
  events: new EventRecord(),
  counters: new CounterRecord(),
  log: silentLog,
  limits: WARD_LIMITS,
  shedding: { leavesOut: () => false },
  send: () => undefined,
  keepReceived: () => undefined,
})
const options: Readonly<Record<string, unknown>> = brokerOptions('gw-1', hooks, store, WARD_LIMITS)
const aedesDefaults: Readonly<Record<string, unknown>> = Object.assign({}, Reflect.get(new Aedes(), 'opts'))

describe('the options of Aedes', () => {
  it('are all set by us, none is left to a default', () => {
    expect(Object.keys(aedesDefaults).length).toBeGreaterThan(15)
    expect(Object.keys(options)).toEqual(expect.arrayContaining(Object.keys(aedesDefaults)))
    expect(Object.values(options)).not.toContain(undefined)
  })

  it('hold none of the hooks with which Aedes allows everything', () => {
    const defaults = Object.entries(aedesDefaults).filter(([, value]) => typeof value === 'function')
    expect(defaults.map(([name]) => name)).toHaveLength(6)
    for (const [name, hook] of defaults) expect(options[name]).not.toBe(hook)
  })

  it('bound time and size wherever Aedes by itself waits a minute or for ever', () => {
    expect(options).toMatchObject({ drainTimeout: 5_000, connectTimeout: 10_000, keepaliveLimit: 300 })
  })
})
