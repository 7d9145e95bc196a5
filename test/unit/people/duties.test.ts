/** The whole table of rights: every duty against every action and every topic. What is not listed is refused. */

import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { ACTIONS, DUTIES, rightsOf, scopesOf, type Action } from '../../../gateway/people/duties.ts'
import { mayDo } from '../../../gateway/people/may-do.ts'
import type { Duty } from '../../../gateway/ports.ts'
import { mayPublish, mayReceive, maySubscribe } from '../../../gateway/security/authorise.ts'
import { filterWithin } from '../../../gateway/security/topic-filter.ts'
import { identityOf, inventoryWith, personRow } from '../../support/people.ts'

const ALLOWED: Readonly<Record<Action, readonly Duty[]>> = {
  'alerts:acknowledge': ['charge-nurse'],
  'devices:read': ['engineer', 'security', 'auditor'],
  'devices:manage': ['engineer'],
  'devices:quarantine': ['engineer', 'security'],
  'devices:release': ['engineer'],
  'certs:read': ['engineer', 'security', 'auditor'],
  'certs:approve': ['engineer'],
  'certs:revoke': ['engineer', 'security'],
  'users:read': ['security', 'auditor'],
  'users:manage': ['security'],
  'audit:read': ['security', 'auditor'],
}

const READERS: readonly { readonly topic: string; readonly by: readonly Duty[] }[] = [
  { topic: 'vitals/v1/icu/b01/mon-1/numeric', by: ['nurse', 'charge-nurse', 'engineer'] },
  { topic: 'vitals/v1/er/b01/mon-1/alert/x', by: ['nurse', 'charge-nurse', 'engineer'] },
  { topic: 'vitals/v1/ward9/b01/mon-9/numeric', by: ['engineer'] },
  { topic: 'ops/v1/gw-1/state', by: ['engineer', 'security', 'auditor'] },
  { topic: 'ops/v1/gw-1/event/security', by: ['engineer', 'security', 'auditor'] },
  { topic: 'ops/v1/gw-1/event/technical', by: ['engineer', 'auditor'] },
  { topic: 'ops/v1/gw-1/rejected/mon-1', by: ['engineer', 'auditor'] },
  { topic: '$SYS/gw-1/uptime', by: ['engineer'] },
  { topic: 'ingest/v1/mon-1/numeric', by: [] },
  { topic: 'vitals/v2/icu/b01/mon-1/numeric', by: [] },
]

const FILTERS: readonly { readonly filter: string; readonly by: readonly Duty[] }[] = [
  { filter: 'vitals/v1/icu/#', by: ['nurse', 'charge-nurse', 'engineer'] },
  { filter: 'vitals/v1/er/+/+/numeric', by: ['nurse', 'charge-nurse', 'engineer'] },
  { filter: 'vitals/v1/ward9/#', by: ['engineer'] },
  { filter: 'vitals/v1/+/b01/mon-1/numeric', by: ['engineer'] },
  { filter: 'vitals/v1/+/#', by: ['engineer'] },
  { filter: 'vitals/v1/#', by: ['engineer'] },
  { filter: 'vitals/#', by: [] },
  { filter: '+/v1/icu/#', by: [] },
  { filter: '#', by: [] },
  { filter: '+/+/#', by: [] },
  { filter: 'ops/v1/#', by: ['engineer', 'auditor'] },
  { filter: 'ops/v1/+/event/security', by: ['engineer', 'security', 'auditor'] },
  { filter: 'ops/v1/+/event/+', by: ['engineer', 'auditor'] },
  { filter: 'ops/v1/+/state', by: ['engineer', 'security', 'auditor'] },
  { filter: 'ops/#', by: [] },
  { filter: '$SYS/#', by: ['engineer'] },
  { filter: '+/gw-1/uptime', by: [] },
  { filter: 'ingest/#', by: [] },
]

const inventory = inventoryWith(...DUTIES.map((duty) => personRow(duty, [duty], ['icu', 'er'])))
const holders = (decide: (duty: Duty) => { readonly allowed: boolean }) =>
  DUTIES.filter((duty) => decide(duty).allowed)

describe('what each duty may do', () => {
  it.each(ACTIONS)('%s', (action) => {
    expect(holders((duty) => mayDo(identityOf(duty), action, inventory, 'icu'))).toEqual(ALLOWED[action])
  })

  it('does not reach beyond the wards of the person where it is bound to a ward', () => {
    const acknowledge = (ward?: string) =>
      mayDo(identityOf('charge-nurse'), 'alerts:acknowledge', inventory, ward)
    expect(acknowledge('er')).toEqual({ allowed: true })
    const refused = { allowed: false, reason: 'the duty does not reach that ward' }
    expect(acknowledge('ward9')).toEqual(refused)
    expect(acknowledge()).toEqual(refused)
  })

  it('needs no ward where it is not bound to one', () => {
    expect(mayDo(identityOf('engineer'), 'devices:quarantine', inventory)).toEqual({ allowed: true })
  })
})

describe('what each duty may read', () => {
  it.each(READERS)('receives $topic: $by', ({ topic, by }) => {
    expect(holders((duty) => mayReceive(identityOf(duty), topic, inventory))).toEqual(by)
  })

  it.each(FILTERS)('subscribes to $filter: $by', ({ filter, by }) => {
    expect(holders((duty) => maySubscribe(identityOf(duty), filter, inventory))).toEqual(by)
  })

  it('never writes', () => {
    const topics = [...READERS.map(({ topic }) => topic), 'ingest/v1/nurse/numeric']
    for (const topic of topics)
      expect(holders((duty) => mayPublish(identityOf(duty), topic, inventory))).toEqual([])
  })

  it('is never widened by a wildcard: what a filter may match lies within one scope', () => {
    const levels = (...words: readonly string[]) => fc.array(fc.constantFrom(...words), { maxLength: 4 })
    fc.assert(
      fc.property(
        fc.constantFrom(...DUTIES),
        fc.constantFrom('vitals', 'ops', '$SYS', '+'),
        fc.tuple(
          fc.constantFrom('v1', '+'),
          levels('+', '#', 'icu', 'er', 'ward9', 'gw-1', 'event', 'state'),
        ),
        fc.tuple(fc.constantFrom('vitals', 'ops', '$SYS'), levels('icu', 'ward9', 'gw-1', 'event', 'state')),
        (duty, root, [version, filterRest], [topicRoot, topicRest]) => {
          const filter = [root, version, ...filterRest].join('/')
          const topic = [topicRoot, 'v1', ...topicRest].join('/')
          const who = identityOf(duty)
          if (!maySubscribe(who, filter, inventory).allowed || !filterWithin(topic, filter)) return
          expect(mayReceive(who, topic, inventory).allowed).toBe(true)
        },
      ),
      { seed: 7, numRuns: 5000 },
    )
  })
})

describe('a person', () => {
  const topic = 'vitals/v1/icu/b01/mon-1/numeric'

  it('without a duty reads and does nothing, and the log can say why', () => {
    const none = inventoryWith(personRow('old', [], ['icu']))
    expect(maySubscribe(identityOf('old'), 'vitals/v1/icu/#', none)).toEqual({
      allowed: false,
      reason: 'no duty allows it',
    })
    expect(mayReceive(identityOf('old'), topic, none).allowed).toBe(false)
    expect(mayDo(identityOf('old'), 'devices:read', none)).toEqual({
      allowed: false,
      reason: 'no duty allows it',
    })
  })

  it('who is a nurse without a ward reads nothing', () => {
    const none = inventoryWith(personRow('anna', ['nurse']))
    expect(mayReceive(identityOf('anna'), topic, none).allowed).toBe(false)
  })

  it('with two duties has the rights of both, and no other', () => {
    const both = personRow('dora', ['nurse', 'auditor'], ['icu'])
    expect(scopesOf(both)).toEqual(['vitals/v1/icu/#', 'ops/v1/#'])
    expect(rightsOf(both).map(({ action }) => action)).toEqual([
      'devices:read',
      'certs:read',
      'users:read',
      'audit:read',
    ])
  })

  it('who is locked has no right left', () => {
    const locked = { ...personRow('anna', [...DUTIES], ['icu']), locked: true } as const
    const here = inventoryWith(locked)
    expect(mayReceive(identityOf('anna'), topic, here).allowed).toBe(false)
    for (const action of ACTIONS)
      expect(mayDo(identityOf('anna'), action, here, 'icu')).toEqual({
        allowed: false,
        reason: 'the person is locked',
      })
    expect(rightsOf(locked)).toEqual([])
  })

  it('who is not in the inventory may do nothing, and neither may anything that is no person', () => {
    expect(mayDo(identityOf('stranger'), 'devices:read', inventory).allowed).toBe(false)
    expect(mayDo(identityOf('engineer', 'consumer'), 'devices:read', inventory)).toEqual({
      allowed: false,
      reason: 'only a person may do that',
    })
  })
})
