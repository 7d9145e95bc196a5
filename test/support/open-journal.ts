/** A journal in a directory of the test, on the real disk. */

import { join } from 'node:path'
import { systemClock } from '../../gateway/clock.ts'
import { Journal } from '../../gateway/journal/journal.ts'
import { silentLog } from '../../gateway/log.ts'
import type { EventSink } from '../../gateway/ports.ts'

export function openJournalIn(directory: string, events: EventSink): Journal {
  return Journal.open({
    directory: join(directory, 'journal'),
    keyFile: join(directory, 'journal.key'),
    clock: systemClock,
    log: silentLog,
    events,
  })
}
