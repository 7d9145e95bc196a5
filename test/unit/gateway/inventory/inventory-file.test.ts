import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  changeInventory,
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

  it('reads a person of before there were duties as one without any', () => {
    write('{"v":1,"entries":[{"role":"operator","id":"old"}]}')
    expect(readInventory(dir.path)).toEqual([{ role: 'operator', id: 'old', duties: [], wards: [] }])
  })

  it('is changed by one at a time, from what is there, and left as it is when the change fails', () => {
    writeInventory(dir.path, [OXIMETER])
    const moved = { ...OXIMETER, bed: 'b02' }
    expect(changeInventory(dir.path, (rows) => withEntry(rows, moved))).toEqual([moved])
    expect(() =>
      changeInventory(dir.path, () => {
        throw new Error('no such thing')
      }),
    ).toThrow('no such thing')
    expect(readInventory(dir.path)).toEqual([moved])
    expect(readdirSync(dir.path)).toEqual(['inventory.json'])
  })

  it('is not changed while its lock cannot be had', () => {
    writeInventory(dir.path, [OXIMETER])
    mkdirSync(join(dir.path, 'inventory.json.lock'))
    expect(() => changeInventory(dir.path, () => [])).toThrow('cannot change the inventory while')
    expect(readInventory(dir.path)).toEqual([OXIMETER])
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
    {
      name: 'a duty that there is not',
      text: '{"v":1,"entries":[{"role":"operator","id":"a","duties":["boss"]}]}',
      says: '/entries/0/duties/0',
    },
    {
      name: 'a lock that is none',
      text: '{"v":1,"entries":[{"role":"operator","id":"a","locked":false}]}',
      says: '/entries/0/locked',
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
