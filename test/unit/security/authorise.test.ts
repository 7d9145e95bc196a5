import { describe, expect, it } from '@jest/globals'
import { mayConnect, mayPublish, mayReceive, maySubscribe } from '../../../gateway/security/authorise.ts'
import type { ClientRole, Identity, Inventory, InventoryEntry } from '../../../gateway/ports.ts'

const ENTRIES: readonly InventoryEntry[] = [
  { role: 'device', id: 'mon-1', ward: 'icu', bed: 'b01', assoc: 'a', protocol: 'p' },
  { role: 'device', id: 'mon-2', ward: 'icu', bed: 'b02', assoc: 'a', protocol: 'p', bedside: 'box-1' },
  { role: 'bedside', id: 'box-1' },
  { role: 'bedside', id: 'box-2' },
  { role: 'consumer', id: 'station', wards: ['icu', 'er'] },
  { role: 'consumer', id: 'wardless', wards: [] },
  { role: 'operator', id: 'engineer', duties: ['engineer'], wards: [] },
  { role: 'uplink', id: 'up' },
]
const inventory: Inventory = {
  find: (role, id) => ENTRIES.find((entry) => entry.role === role && entry.id === id),
  device: (id) => ENTRIES.filter((entry) => entry.role === 'device').find((entry) => entry.id === id),
  devices: () => ENTRIES.filter((entry) => entry.role === 'device'),
}
const who = (role: ClientRole, id: string): Identity => ({ role, id, fingerprint: 'f', notAfterMs: 0 })
const everyone: readonly Identity[] = [
  ...ENTRIES.map(({ role, id }) => who(role, id)),
  who('device', 'stranger'),
  who('operator', 'mon-1'),
  who('consumer', 'engineer'),
]
const nameOf = ({ role, id }: Identity): string => `${role} ${id}`
const allowed = (decide: (identity: Identity) => { readonly allowed: boolean }): string[] =>
  everyone.filter((identity) => decide(identity).allowed).map(nameOf)

describe('who may connect', () => {
  it('is who has a row in the inventory under its role, with its own id as client id, but for uplinks', () => {
    expect(allowed((identity) => mayConnect(identity, identity.id, inventory))).toEqual(
      ENTRIES.flatMap(({ role, id }) => (role === 'uplink' ? [] : [`${role} ${id}`])),
    )
    expect(allowed((identity) => mayConnect(identity, 'mon-1', inventory))).toEqual(['device mon-1'])
    expect(allowed((identity) => mayConnect(identity, '', inventory))).toEqual([])
  })
})

describe('who may publish', () => {
  it.each([
    { topic: 'ingest/v1/mon-1/numeric', by: ['device mon-1'] },
    { topic: 'ingest/v1/mon-1/waveform', by: ['device mon-1'] },
    { topic: 'ingest/v1/mon-1/alert', by: ['device mon-1'] },
    { topic: 'ingest/v1/mon-1/state', by: ['device mon-1'] },
    { topic: 'ingest/v1/mon-2/numeric', by: ['device mon-2', 'bedside box-1'] },
    { topic: 'ingest/v1/mon-2/waveform', by: ['device mon-2', 'bedside box-1'] },
    { topic: 'ingest/v1/mon-2/alert', by: ['device mon-2', 'bedside box-1'] },
    { topic: 'ingest/v1/mon-1/waveform/pleth', by: [] },
    { topic: 'vitals/v1/icu/b01/mon-1/alert/x', by: [] },
    { topic: 'ingest/v1/mon-1/other', by: [] },
    { topic: 'ingest/v1/mon-1', by: [] },
    { topic: 'ingest/v1/mon-1/numeric/x', by: [] },
    { topic: 'ingest/v2/mon-1/numeric', by: [] },
    { topic: 'ingest/v1/stranger/numeric', by: [] },
    { topic: 'ingest/v1/box-1/numeric', by: [] },
    { topic: '/ingest/v1/mon-1/numeric', by: [] },
    { topic: 'vitals/v1/icu/b01/mon-1/numeric', by: [] },
    { topic: 'ops/v1/gw-1/state', by: [] },
    { topic: '$SYS/x', by: [] },
    { topic: 'ingest/v1/+/numeric', by: [] },
    { topic: '', by: [] },
    { topic: 'ingest/v1/mon-1/numeric\u0000', by: [] },
  ])('on $topic: $by', ({ topic, by }) => {
    expect(allowed((identity) => mayPublish(identity, topic, inventory))).toEqual(by)
  })
})

describe('who may subscribe', () => {
  const station = 'consumer station'
  const engineer = 'operator engineer'
  it.each([
    { filter: 'vitals/v1/icu/#', by: [station, engineer] },
    { filter: 'vitals/v1/er/b01/+/numeric', by: [station, engineer] },
    { filter: 'vitals/v1/icu', by: [station, engineer] },
    { filter: 'vitals/v1/icu/+/+/waveform/+', by: [station, engineer] },
    { filter: 'vitals/v1/ward9/#', by: [engineer] },
    { filter: 'vitals/v1/+/#', by: [engineer] },
    { filter: 'vitals/v1/#', by: [engineer] },
    { filter: 'ops/v1/#', by: [engineer] },
    { filter: '$SYS/#', by: [engineer] },
    { filter: 'vitals/#', by: [] },
    { filter: '#', by: [] },
    { filter: '+/v1/icu/#', by: [] },
    { filter: 'ingest/#', by: [] },
    { filter: 'ingest/v1/mon-1/numeric', by: [] },
    { filter: '', by: [] },
    { filter: 'vitals/v1/icu/+b', by: [] },
    { filter: 'vitals/v1/icu/#/b', by: [] },
    { filter: 'vitals/v1/icu/a\u0000', by: [] },
    { filter: 'vitals/v1/icu/4/5/6/7/8/9', by: [] },
    { filter: `vitals/v1/icu/${'x'.repeat(256)}`, by: [] },
  ])('to $filter: $by', ({ filter, by }) => {
    expect(allowed((identity) => maySubscribe(identity, filter, inventory))).toEqual(by)
  })
})

describe('who may receive', () => {
  it.each([
    { topic: 'vitals/v1/icu/b01/mon-1/numeric', by: ['consumer station', 'operator engineer'] },
    { topic: 'vitals/v1/ward9/b01/mon-9/numeric', by: ['operator engineer'] },
    { topic: 'ops/v1/gw-1/state', by: ['operator engineer'] },
    { topic: 'ingest/v1/mon-1/numeric', by: [] },
    { topic: '$void', by: [] },
  ])('$topic: $by', ({ topic, by }) => {
    expect(allowed((identity) => mayReceive(identity, topic, inventory))).toEqual(by)
  })
})
