/** People with certificates on a running ward: what a command writes is in force within two seconds, and only for them. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { MqttClient } from 'mqtt'
import { changeInventory, withEntry, writeInventory } from '../../gateway/inventory/inventory-file.ts'
import type { InventoryEntry } from '../../gateway/ports.ts'
import { startLiveWard, type LiveWard } from '../support/live-ward.ts'
import { personRow } from '../support/people.ts'

const ANNA = personRow('anna', ['nurse'], ['icu'])
const ENGINEER = personRow('engineer', ['engineer'])
const ENTRIES: readonly InventoryEntry[] = [ANNA, ENGINEER]
const ICU = 'vitals/v1/icu/b01/mon-1/numeric'

let ward: LiveWard
beforeAll(async () => {
  ward = await startLiveWard(ENTRIES)
})
afterAll(async () => ward.stop())
beforeEach(async () => {
  await ward.disconnectAll()
  writeInventory(ward.stateDir, ENTRIES)
  await ward.gateway.reload()
  ward.events.seen.splice(0)
})

const change = (row: InventoryEntry): void => {
  changeInventory(ward.stateDir, (rows) => withEntry(rows, row))
}
const closed = async (client: MqttClient): Promise<number> =>
  new Promise((resolve) => client.once('close', () => resolve(performance.now())))
const publish = async (topic: string, text: string): Promise<void> =>
  ward.gateway.broker.publish({ topic, payload: Buffer.from(text), qos: 1, retain: false })

describe('a person with an open session', () => {
  it.each([
    { what: 'locked', act: () => change({ ...ANNA, locked: true }), reason: 'the person is locked' },
    {
      what: 'removed',
      act: () => writeInventory(ward.stateDir, [ENGINEER]),
      reason: 'no such row in the inventory',
    },
  ])(
    'who is $what is out within two seconds, cannot come back, and nobody else notices',
    async ({ act, reason }) => {
      const anna = await ward.client('operator', 'anna')
      const engineer = await ward.client('operator', 'engineer')
      let engineerClosed = false
      engineer.once('close', () => {
        engineerClosed = true
      })
      const closing = closed(anna)
      const changedAtMs = performance.now()
      act()
      expect((await closing) - changedAtMs).toBeLessThan(2_000)
      await expect(ward.client('operator', 'anna')).rejects.toThrow('Identifier rejected')
      expect(
        ward.events.named('session-ended').map(({ detail }) => [detail['id'], detail['reason']]),
      ).toEqual([['anna', reason]])
      await engineer.subscribeAsync('vitals/v1/#', { qos: 1 })
      expect(engineerClosed).toBe(false)
    },
  )

  it('whose wards change reads the new one, and not a message more of the old one', async () => {
    const anna = await ward.client('operator', 'anna')
    await anna.subscribeAsync('vitals/v1/icu/#', { qos: 1 })
    const seen: string[] = []
    const heard = new Promise<void>((resolve) => {
      anna.on('message', (_topic, payload) => {
        seen.push(String(payload))
        if (seen.at(-1) === 'er') resolve()
      })
    })
    await publish(ICU, 'before')
    change({ ...ANNA, wards: ['er'] })
    await ward.gateway.reload()
    await publish(ICU, 'after')
    await anna.subscribeAsync('vitals/v1/er/#', { qos: 1 })
    await publish('vitals/v1/er/b01/mon-9/numeric', 'er')
    await heard
    expect(seen).toEqual(['before', 'er'])
  })

  it('keeps it while the inventory cannot be read, and that is told', async () => {
    const anna = await ward.client('operator', 'anna')
    writeFileSync(join(ward.stateDir, 'inventory.json'), '{"v":1,')
    await ward.events.first('inventory-not-read')
    await expect(ward.gateway.reload()).rejects.toThrow('is not JSON')
    await anna.subscribeAsync('vitals/v1/icu/#', { qos: 1 })
    expect(anna.connected).toBe(true)
  })
})
