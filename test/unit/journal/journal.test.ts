import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Journal, type JournalOptions } from '../../../gateway/journal/journal.ts'
import { silentLog } from '../../../gateway/log.ts'
import { EventRecord } from '../../support/broker-bench.ts'
import { FailingDisk } from '../../support/failing-disk.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { tempDir } from '../../support/temp-dir.ts'

let dir: ReturnType<typeof tempDir>
let clock: FakeClock
let events: EventRecord
let disk: FailingDisk

beforeEach(() => {
  dir = tempDir()
  clock = new FakeClock()
  events = new EventRecord()
  disk = new FailingDisk()
})
afterEach(() => dir.remove())

const directory = (): string => join(dir.path, 'journal')
const openJournal = (bounds: JournalOptions['bounds'] = {}): Journal =>
  Journal.open({
    directory: directory(),
    keyFile: join(dir.path, 'journal.key'),
    clock,
    log: silentLog,
    events,
    bounds,
    openFile: disk.open,
  })
const put = (journal: Journal, text: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const seq = journal.commit(Buffer.from(text), (error) => {
      if (error === undefined) resolve(seq)
      else reject(error)
    })
  })
function textsOf(journal: Journal, fromSeq = 0): readonly string[] {
  const texts: string[] = []
  journal.replay({ fromSeq }, ({ seq, bytes }) => texts.push(`${seq} ${bytes.toString()}`))
  return texts
}
const segments = (): readonly string[] =>
  readdirSync(directory())
    .filter((name) => name.endsWith('.wgj'))
    .sort()
    .map((name) => join(directory(), name))

describe('the journal', () => {
  it('has what was committed on disk when it answers, and gives it back in order after a restart', async () => {
    const first = openJournal()
    await Promise.all([put(first, 'a'), put(first, 'b')])
    first.note(Buffer.from('c'))
    expect(textsOf(openJournal())).toEqual(['1 a', '2 b'])
    await first.close()
    const second = openJournal()
    expect(await put(second, 'd')).toBe(4)
    await second.close()
    expect(textsOf(openJournal(), 3)).toEqual(['3 c', '4 d'])
  })

  it('writes what comes alone alone, and what gathers meanwhile together', async () => {
    const journal = openJournal()
    await put(journal, 'first')
    expect(disk.writeCount).toBe(1)
    const release = disk.hold()
    const one = put(journal, 'second')
    await new Promise(setImmediate)
    const rest = Promise.all(['3', '4', '5', '6'].map((text) => put(journal, text)))
    release()
    await Promise.all([one, rest])
    expect(disk.writeCount).toBe(3)
    await journal.close()
  })

  it('answers in the order of the records', async () => {
    const journal = openJournal()
    const order: number[] = []
    await Promise.all([1, 2, 3, 4].map((n) => put(journal, `${n}`).then((seq) => order.push(seq))))
    expect(order).toEqual([1, 2, 3, 4])
    await journal.close()
  })

  it('writes a note that nobody waits for a moment later by itself', async () => {
    const journal = openJournal()
    journal.note(Buffer.from('note'))
    expect(textsOf(openJournal())).toEqual([])
    clock.advance(50)
    await journal.flush()
    expect(textsOf(openJournal())).toEqual(['1 note'])
    await journal.close()
  })

  it('starts over a block that a crash cut short, and says so', async () => {
    const journal = openJournal()
    await put(journal, 'whole')
    await put(journal, 'cut')
    await journal.close()
    const [segment = ''] = segments()
    truncateSync(segment, statSync(segment).size - 3)
    const again = openJournal()
    expect(textsOf(again)).toEqual(['1 whole'])
    expect(events.named('journal-damaged')).toMatchObject([
      { detail: { reason: 'cut-short', recordCount: 1 } },
    ])
    expect(await put(again, 'new')).toBe(3)
    await again.close()
    expect(textsOf(openJournal())).toEqual(['1 whole', '3 new'])
  })

  it('passes over a damaged block and reads on behind it', async () => {
    const journal = openJournal()
    for (const text of ['a', 'b', 'c']) await put(journal, text)
    await journal.close()
    const [segment = ''] = segments()
    const bytes = readFileSync(segment)
    const middle = Math.floor(bytes.length / 2)
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 0xff, middle)
    writeFileSync(segment, bytes)
    expect(textsOf(openJournal())).toEqual(['1 a', '3 c'])
    expect(events.named('journal-damaged')).toHaveLength(1)
  })

  it('starts behind a segment that holds nothing at all', async () => {
    const journal = openJournal()
    await put(journal, 'a')
    await journal.close()
    writeFileSync(join(directory(), '0000000000000002.wgj'), '')
    const again = openJournal()
    expect(await put(again, 'b')).toBe(3)
    await again.close()
    appendFileSync(segments().at(-1) ?? '', Buffer.alloc(4096))
    expect(textsOf(openJournal())).toEqual(['1 a', '3 b'])
  })

  it('begins a new segment when one is full, and gives up the oldest beyond its size', async () => {
    const journal = openJournal({ segmentBytes: 2_000, totalBytes: 5_000 })
    let begunCount = 0
    journal.onSegment = () => {
      begunCount += 1
    }
    for (let n = 1; n <= 20; n += 1) await put(journal, `${n} ${'x'.repeat(500)}`)
    await journal.close()
    expect(begunCount).toBeGreaterThan(5)
    expect(segments().length).toBeLessThan(5)
    const kept = textsOf(openJournal())
    expect(kept.at(-1)).toMatch(/^20 /)
    expect(kept.length).toBeLessThan(12)
  })

  it('gives up what is older than its age', async () => {
    const journal = openJournal({ segmentBytes: 100, ageMs: 1_000 })
    await put(journal, 'old')
    clock.step(Date.now() - clock.nowMs() + 10_000)
    await put(journal, 'new')
    await put(journal, 'newer')
    await journal.close()
    expect(textsOf(openJournal())).toEqual(['2 new', '3 newer'].slice(-textsOf(openJournal()).length))
    expect(textsOf(openJournal()).join()).not.toContain('old')
  })
})

describe('a disk that fails', () => {
  it.each(['EIO', 'EROFS'])(
    '%s: nothing is acknowledged, the fault is told once, and it goes on when it can',
    async (code) => {
      const journal = openJournal()
      await put(journal, 'before')
      disk.faults.push(code, code)
      disk.isTorn = true
      await expect(put(journal, 'lost')).rejects.toMatchObject({ code: 'WG_STORAGE' })
      await expect(put(journal, 'lost too')).rejects.toThrow(/journal cannot be written/)
      expect(journal.fault).toMatch(/journal cannot be written/)
      expect(events.named('journal-failed')).toHaveLength(1)
      await put(journal, 'after')
      expect(journal.fault).toBeUndefined()
      expect(events.named('journal-recovered')).toHaveLength(1)
      await journal.close()
      expect(textsOf(openJournal())).toEqual(['1 before', '4 after'])
    },
  )

  it('a full one gives up the oldest history for what is measured now, and says so', async () => {
    const journal = openJournal({ segmentBytes: 100 })
    for (const text of ['1', '2', '3', '4', '5', '6']) await put(journal, text)
    disk.faults.push('ENOSPC')
    await put(journal, '7')
    expect(events.named('journal-gave-up-history')).toMatchObject([{ detail: { reason: 'disk-full' } }])
    await journal.close()
    expect(textsOf(openJournal())).toEqual(['2 2', '3 3', '4 4', '5 5', '6 6', '7 7'])
  })

  it('a full one with no history to give up refuses, and leaves no empty files behind', async () => {
    const journal = openJournal()
    await put(journal, '1')
    disk.faults.push('ENOSPC', 'ENOSPC', 'ENOSPC')
    for (const text of ['2', '3', '4']) await expect(put(journal, text)).rejects.toThrow(/no space left/)
    await journal.close()
    expect(segments()).toHaveLength(1)
  })
})

describe('the keys of the journal', () => {
  const keyFile = (): string => join(dir.path, 'journal.key')

  it('stand in a file of their own that nobody else can read, and get a successor after 30 days', async () => {
    const journal = openJournal({ segmentBytes: 100 })
    await put(journal, 'old key')
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600)
    const before = readFileSync(keyFile(), 'utf8')
    clock.advance(31 * 86_400_000)
    await put(journal, 'new key')
    await journal.close()
    expect(readFileSync(keyFile(), 'utf8').length).toBeGreaterThan(before.length)
    expect(textsOf(openJournal())).toEqual(['1 old key', '2 new key'])
  })

  it('refuse to be used when others can read them, or when they are damaged', async () => {
    await openJournal().close()
    chmodSync(keyFile(), 0o644)
    expect(() => openJournal()).toThrow(/chmod 600/)
    chmodSync(keyFile(), 0o600)
    writeFileSync(keyFile(), '{"v":1,"keys":[]}')
    expect(() => openJournal()).toThrow(/damaged: restore it from the backup/)
  })

  it('that are gone leave the journal unread but the gateway running', async () => {
    const journal = openJournal()
    await put(journal, 'a')
    await journal.close()
    writeFileSync(
      keyFile(),
      JSON.stringify({
        v: 1,
        keys: [{ id: 9, createdAtMs: clock.nowMs(), key: Buffer.alloc(32).toString('base64') }],
      }),
    )
    const again = openJournal()
    expect(textsOf(again)).toEqual([])
    expect(events.named('journal-damaged')).toMatchObject([{ detail: { reason: 'unknown-key' } }])
    await put(again, 'b')
    await again.close()
  })
})

describe('a file beside the segments', () => {
  it('is replaced as a whole and read again', async () => {
    const journal = openJournal()
    expect(journal.readAside('x.wgs')).toBeUndefined()
    const many = Array.from({ length: 3_000 }, (_value, n) => Buffer.from(`${n} ${'y'.repeat(400)}`))
    await journal.writeAside('x.wgs', many)
    await journal.writeAside('x.wgs', many)
    expect(journal.readAside('x.wgs')).toEqual(many)
    expect(existsSync(join(directory(), 'x.wgs.new'))).toBe(false)
    await journal.close()
  })

  it('is damaged when any part of it is', async () => {
    const journal = openJournal()
    await journal.writeAside('x.wgs', [Buffer.from('a'), Buffer.from('b')])
    const path = join(directory(), 'x.wgs')
    truncateSync(path, statSync(path).size - 1)
    expect(journal.readAside('x.wgs')).toBe('damaged')
    await journal.close()
  })
})
