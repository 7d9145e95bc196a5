import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { openDriverMemory } from '../../../gateway/driver-memory.ts'
import { RecordingEvents } from '../../support/recording-sinks.ts'
import { tempDir } from '../../support/temp-dir.ts'

let dir = tempDir()
let events = new RecordingEvents()

beforeEach(() => {
  dir = tempDir()
  events = new RecordingEvents()
})

afterEach(() => dir.remove())

function directory(): string {
  return join(dir.path, 'memory')
}

function open(device = 'pump-1') {
  return openDriverMemory({ directory: directory(), device, events })
}

function write(text: string): void {
  mkdirSync(directory())
  writeFileSync(join(directory(), 'pump-1.json'), text)
}

describe('the memory of a driver', () => {
  it('is there again after a new start, for this device and no other', () => {
    open().set('last-record', '4711')
    expect(open().get('last-record')).toBe('4711')
    expect(open('pump-2').get('last-record')).toBeUndefined()
    expect(events.all).toEqual([])
  })

  it('is on disk when `set` returns, readable for its owner alone, with nothing half written beside it', () => {
    open().set('last-record', '4711')
    const path = join(directory(), 'pump-1.json')
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ v: 1, values: { 'last-record': '4711' } })
    expect([statSync(path).mode & 0o777, statSync(directory()).mode & 0o777]).toEqual([0o600, 0o700])
    expect(readdirSync(directory())).toEqual(['pump-1.json'])
  })

  it('writes nothing while nothing changes', () => {
    const memory = open()
    expect(memory.get('x')).toBeUndefined()
    expect(readdirSync(dir.path)).toEqual([])
    memory.set('x', '1')
    const before = statSync(join(directory(), 'pump-1.json')).ino
    memory.set('x', '1')
    expect(statSync(join(directory(), 'pump-1.json')).ino).toBe(before)
    memory.set('x', '2')
    expect(open().get('x')).toBe('2')
  })

  it('keeps keys that have a meaning elsewhere', () => {
    open().set('__proto__', '1')
    expect(open().get('__proto__')).toBe('1')
    expect(open().get('constructor')).toBeUndefined()
  })

  it.each([
    ['half a file', '{"v":1,"values":{"last'],
    ['an empty file', ''],
    ['another document', '[]'],
    ['another version', '{"v":2,"values":{}}'],
    ['a value that is no text', '{"v":1,"values":{"a":1}}'],
    ['a value that is too long', JSON.stringify({ v: 1, values: { a: 'x'.repeat(257) } })],
    [
      'too many values',
      JSON.stringify({
        v: 1,
        values: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`k${n}`, ''])),
      }),
    ],
    ['a giant', `"${'x'.repeat(200_000)}"`],
  ])('begins afresh with %s, which is moved aside and told', (_name, text) => {
    write(text)
    const memory = open()
    expect(memory.get('last-record')).toBeUndefined()
    memory.set('last-record', '1')
    expect(open().get('last-record')).toBe('1')
    expect(readFileSync(join(directory(), 'pump-1.json.damaged'), 'utf8')).toBe(text)
    expect(events.named('driver-memory-damaged')).toHaveLength(1)
  })

  it('refuses what is too much, tells it once, and keeps what it has', () => {
    const memory = open()
    for (let count = 0; count < 32; count++) memory.set(`k${count}`, 'v')
    memory.set('one-more', 'v')
    memory.set('k0', 'x'.repeat(257))
    memory.set('', 'v')
    memory.set('k'.repeat(65), 'v')
    expect(memory.get('one-more')).toBeUndefined()
    expect(open().get('k0')).toBe('v')
    expect(events.named('driver-memory-not-written')).toHaveLength(1)
  })

  it('tells the engineer when the disk refuses, and still knows until the next start', () => {
    writeFileSync(directory(), 'a file where the directory should be')
    const memory = open()
    memory.set('last-record', '1')
    memory.set('last-record', '2')
    expect(memory.get('last-record')).toBe('2')
    expect(events.named('driver-memory-not-written')).toHaveLength(1)
  })
})
