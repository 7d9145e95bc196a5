import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { watchFile, type WatchedFile } from '../../../../gateway/inventory/watched-file.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { tempDir } from '../../../support/temp-dir.ts'

let dir: ReturnType<typeof tempDir>
let path: string
let clock: FakeClock
let watched: WatchedFile<string>
let told: string[]

const replace = (text: string): void => {
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}
beforeEach(() => {
  dir = tempDir()
  path = join(dir.path, 'file')
  clock = new FakeClock()
  told = []
  replace('one')
  watched = watchFile({
    path,
    read: () => {
      const text = readFileSync(path, 'utf8')
      if (text === 'broken') throw new Error('cannot read it')
      return text
    },
    clock,
    onChange: (next, former) => told.push(`${former} > ${next}`),
    onFault: (error) => told.push(String(error)),
  })
})
afterEach(() => {
  watched.stop()
  dir.remove()
})

describe('a watched file', () => {
  it('is read anew within a second of being replaced, and told once', () => {
    expect(watched.content).toBe('one')
    replace('two')
    clock.advance(3_000)
    expect(watched.content).toBe('two')
    expect(told).toEqual(['one > two'])
  })

  it('is read anew at once when somebody asks', () => {
    replace('two')
    expect(watched.refresh()).toBe(true)
    expect(watched.refresh()).toBe(false)
    expect(told).toEqual(['one > two'])
  })

  it('keeps what it had while the new content cannot be read, says so once, and goes on', () => {
    replace('broken')
    clock.advance(5_000)
    expect(watched.content).toBe('one')
    expect(told).toEqual(['Error: cannot read it'])
    replace('three')
    clock.advance(1_000)
    expect(told.at(-1)).toBe('one > three')
  })

  it('keeps what it had while the file is gone', () => {
    rmSync(path)
    clock.advance(1_000)
    expect(watched.content).toBe('one')
    expect(told).toHaveLength(1)
  })

  it('notices a change of its mode', () => {
    chmodSync(path, 0o640)
    expect(watched.refresh()).toBe(true)
  })

  it('is left alone once it is stopped', () => {
    watched.stop()
    expect(clock.pendingCount).toBe(0)
  })
})
