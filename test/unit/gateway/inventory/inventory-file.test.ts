import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  inventoryOf,
  readInventory,
  withEntry,
  writeInventory,
} from '../../../../gateway/inventory/inventory-file.ts'
import { OXIMETER } from '../../../support/sets.ts'
import { tempDir } from '../../../support/temp-dir.ts'

let dir: ReturnType<typeof tempDir>
beforeEach(() => {
  dir = tempDir()
})
afterEach(() => {
  dir.remove()
})

const write = (text: string) => {
  writeFileSync(join(dir.path, 'inventory.json'), text)
}

describe('the inventory file', () => {
  it('gives back what was written, for its owner only', () => {
    writeInventory(dir.path, [OXIMETER, { role: 'consumer', id: 'station-1', wards: ['icu'] }])
    expect(readInventory(dir.path)).toHaveLength(2)
    expect(statSync(join(dir.path, 'inventory.json')).mode & 0o777).toBe(0o600)
    expect(readdirSync(dir.path)).toEqual(['inventory.json'])
  })

  it('is empty where there is no file, and then nobody is known', () => {
    const inventory = inventoryOf(readInventory(dir.path))
    expect(inventory.devices()).toEqual([])
    expect(inventory.find('device', 'ox-1')).toBeUndefined()
  })

  it('keeps one row for one identity', () => {
    const moved = { ...OXIMETER, bed: 'b02' }
    expect(withEntry([OXIMETER], moved)).toEqual([moved])
  })

  it('tells a device from a consumer of the same name', () => {
    const inventory = inventoryOf([{ role: 'consumer', id: 'ox-1', wards: ['icu'] }])
    expect(inventory.device('ox-1')).toBeUndefined()
    expect(inventory.find('device', 'ox-1')).toBeUndefined()
  })

  const broken: readonly { name: string; text: string; says: string }[] = [
    { name: 'half a file', text: '{"v":1,"entr', says: 'is not JSON' },
    { name: 'an unknown role', text: '{"v":1,"entries":[{"role":"root","id":"x"}]}', says: '/entries/0' },
    {
      name: 'a row without bed',
      text: '{"v":1,"entries":[{"role":"device","id":"x","ward":"icu"}]}',
      says: "'bed'",
    },
    {
      name: 'an id that is none',
      text: '{"v":1,"entries":[{"role":"operator","id":"Dr. X"}]}',
      says: '/entries/0/id',
    },
    { name: 'an unknown key', text: '{"v":1,"entries":[],"x":1}', says: 'additional' },
    {
      name: 'two rows for one identity',
      text: '{"v":1,"entries":[{"role":"operator","id":"a"},{"role":"operator","id":"a"}]}',
      says: 'two rows',
    },
  ]
  it.each(broken)('refuses $name and names the place', ({ text, says }) => {
    write(text)
    expect(() => readInventory(dir.path)).toThrow(says)
  })

  it('changes nothing when it cannot write', () => {
    mkdirSync(join(dir.path, 'inventory.json'))
    expect(() => {
      writeInventory(dir.path, [OXIMETER])
    }).toThrow('nothing was changed')
    expect(readdirSync(dir.path)).toEqual(['inventory.json'])
  })
})
