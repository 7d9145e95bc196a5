import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { recordIssued } from '../../../cli/record-issued.ts'
import { readInventory, writeInventory } from '../../../gateway/inventory/inventory-file.ts'
import { personRow } from '../../support/people.ts'
import { tempDir } from '../../support/temp-dir.ts'

let dir: ReturnType<typeof tempDir>
beforeEach(() => {
  dir = tempDir()
})
afterEach(() => dir.remove())

const issued = (id: string, duties: readonly string[] = [], wards: readonly string[] = []) =>
  recordIssued({ stateDir: dir.path, role: 'operator', id, duties, wards })

describe('the certificate of a person', () => {
  it('makes a new person an engineer when no duty is named', () => {
    issued('dora')
    expect(readInventory(dir.path)).toEqual([personRow('dora', ['engineer'])])
  })

  it('records the duties and wards that are named', () => {
    issued('anna', ['nurse'], ['icu'])
    expect(readInventory(dir.path)).toEqual([personRow('anna', ['nurse'], ['icu'])])
  })

  it('gives a person who is there no new right, and unlocks nobody', () => {
    const locked = { ...personRow('anna', ['nurse'], ['icu']), locked: true } as const
    writeInventory(dir.path, [locked, personRow('old', [])])
    issued('anna')
    issued('old')
    expect(readInventory(dir.path)).toEqual([personRow('old', []), locked].reverse())
    issued('anna', ['auditor'])
    expect(readInventory(dir.path)).toContainEqual({ ...personRow('anna', ['auditor']), locked: true })
  })

  it('is refused with a duty that there is not', () => {
    expect(() => issued('anna', ['boss'])).toThrow("unknown duty 'boss'")
    expect(readInventory(dir.path)).toEqual([])
  })
})

it('a device without a place gets a hint, a consumer its wards', () => {
  const { path: stateDir } = dir
  expect(recordIssued({ stateDir, role: 'device', id: 'mon-1', wards: [] })).toContain(
    'wardgate devices add mon-1',
  )
  expect(recordIssued({ stateDir, role: 'consumer', id: 'station-1', wards: ['icu'] })).toBeUndefined()
  expect(readInventory(stateDir)).toEqual([{ role: 'consumer', id: 'station-1', wards: ['icu'] }])
})
