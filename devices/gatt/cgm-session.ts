import type { Text } from '../protocol.ts'
import { type SessionStart, sessionStartOf } from './cgm-readings.ts'
import type { RecordFetch } from './record-fetch.ts'
import type { RecordLog } from './record-log.ts'

const KEY = 'cgm.session'

/**
 * Which session of a sensor the records belong to. Offsets start over with each session, so the last one told counts
 * for its own session only.
 */
export class CgmSession {
  readonly #log: RecordLog
  readonly #fetch: RecordFetch
  #start: SessionStart | undefined
  /** Minutes since the session start when this connection began. */
  #connectedAtMin: number | undefined

  constructor(log: RecordLog, fetch: RecordFetch) {
    this.#log = log
    this.#fetch = fetch
  }

  get start(): SessionStart | undefined {
    return this.#start
  }

  /** True when the record was measured since the connection began: it is no stored one, whoever sent it. */
  isMeasuredSince(offsetMin: number): boolean {
    return this.#connectedAtMin !== undefined && offsetMin > this.#connectedAtMin
  }

  close(): void {
    this.#start = undefined
    this.#connectedAtMin = undefined
  }

  /**
   * The start moves when somebody sets the clock of the sensor. Another session can only have begun after the last
   * record told of the session before.
   */
  noteStart(value: Readonly<Record<string, unknown>>): readonly Text[] {
    this.#start = sessionStartOf(value)
    if (this.#start === undefined) return []
    const startMs = this.#start.localMs - (this.#start.offsetMin ?? 0) * 60_000
    const known = this.#log.memory.get(KEY) ?? ''
    const { last } = this.#log
    const hasBegunSince =
      known !== '' &&
      last !== undefined &&
      startMs !== Number(known) &&
      startMs >= Number(known) + last * 60_000
    const news = hasBegunSince ? this.#another() : []
    this.#log.memory.set(KEY, String(startMs))
    return news
  }

  /** The sensor counts fewer minutes than a record told before had. */
  noteStatus(offsetMin: number): readonly Text[] {
    this.#connectedAtMin ??= offsetMin
    return offsetMin < (this.#log.last ?? 0) ? this.#another() : []
  }

  /** A live record with a smaller offset: the start of its session has not been read yet. */
  restart(): readonly Text[] {
    this.#start = undefined
    this.#connectedAtMin = undefined
    return this.#another()
  }

  #another(): readonly Text[] {
    this.#fetch.startOver()
    this.#log.memory.set(KEY, '')
    return [{ kind: 'text', name: 'session', value: 'another_session_has_begun' }]
  }
}
