/** The Record Access Control Point 2A52 on one connection: when to ask, in which octets, and what the answers mean. */

import type { Command, DriverOutput, SendRule } from '../protocol.ts'
import { decodeCharacteristic } from './characteristics.ts'
import { RecordFetch, type FetchStep, type RecordRequest } from './record-fetch.ts'
import type { RecordLog } from './record-log.ts'
import { snakeCase } from './trust.ts'

export const RECORD_ACCESS = '2A52'

/** Reports and the abort, each written out; deleting records cannot be expressed. */
export const RECORD_ACCESS_RULES: readonly SendRule[] = [
  { kind: 'subscribe', characteristic: RECORD_ACCESS, meaning: 'indicate the result of a report' },
  rule('0101', 2, 'report all records'),
  rule('010301', 5, 'report the records after the last one told'),
  rule('0106', 2, 'report the newest record'),
  rule('0300', 2, 'abort a report that has fallen silent'),
]

const RETRY_MS = 30_000

// A peer that does not answer its first reads is asked for records all the same.
const LONGEST_PREPARATION_MS = 30_000

export interface RecordAccessOptions {
  /** Asks again this long after the last answer; absent where new records come by themselves. */
  readonly pollMs?: number
  /** 'cgm' where the filter is the time offset. */
  readonly service?: string
}

export class RecordAccessPoint {
  readonly fetch: RecordFetch
  readonly #options: RecordAccessOptions
  readonly #unanswered = new Set<string>()
  #phase: 'absent' | 'preparing' | 'idle' | 'given-up' = 'absent'
  #dueAtMs: number | undefined
  #completedCount = 0

  constructor(log: RecordLog, options: RecordAccessOptions = {}) {
    this.fetch = new RecordFetch(log)
    this.#options = options
  }

  /** True until everything that was stored before this connection has been told. */
  get isCatchingUp(): boolean {
    return this.#phase !== 'absent' && this.#completedCount === 0
  }

  get wakeAtMs(): number | undefined {
    return this.fetch.deadlineMs ?? this.#dueAtMs
  }

  /** Begins when what is read first has been answered: features, session, identity of the device. */
  open(reads: readonly Command[], atMs: number): void {
    this.close()
    for (const command of reads) if (command.kind === 'read') this.#unanswered.add(command.characteristic)
    this.#phase = 'preparing'
    this.#dueAtMs = atMs + LONGEST_PREPARATION_MS
  }

  close(): void {
    this.fetch.reset()
    this.#unanswered.clear()
    this.#phase = 'absent'
    this.#dueAtMs = undefined
    this.#completedCount = 0
  }

  /** A read was answered or refused. */
  settle(characteristic: string, atMs: number): readonly DriverOutput[] {
    this.#unanswered.delete(characteristic)
    return this.#phase === 'preparing' && this.#unanswered.size === 0 ? this.#begin(atMs) : []
  }

  failed(command: Command, reason: string, atMs: number): readonly DriverOutput[] {
    if (command.kind === 'read') return this.settle(command.characteristic, atMs)
    const isOurs = command.kind === 'write' && command.characteristic === RECORD_ACCESS
    return isOurs ? this.#follow(this.fetch.fail(reason), atMs) : []
  }

  answer(bytes: Uint8Array, atMs: number): readonly DriverOutput[] {
    const { service } = this.#options
    const decoded = decodeCharacteristic(RECORD_ACCESS, bytes, service === undefined ? {} : { service })
    if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
    const { opCode, response } = decoded.value
    if (opCode !== 'response-code') return [{ kind: 'discarded', reason: 'unexpected-op-code', bytes }]
    return this.#follow(this.fetch.answer(String(response), atMs), atMs)
  }

  /** A record that came by itself was damaged: it is asked for. */
  repair(atMs: number): readonly DriverOutput[] {
    return this.#phase === 'idle' && !this.fetch.isRunning ? this.#begin(atMs) : []
  }

  tick(atMs: number): readonly DriverOutput[] {
    if (this.fetch.isRunning) return this.#follow(this.fetch.tick(atMs), atMs)
    if (this.#dueAtMs === undefined || atMs < this.#dueAtMs) return []
    return this.#begin(atMs)
  }

  #begin(atMs: number): readonly DriverOutput[] {
    this.#phase = 'idle'
    this.#dueAtMs = undefined
    return this.#follow(this.fetch.begin(atMs), atMs)
  }

  #follow(step: FetchStep, atMs: number): readonly DriverOutput[] {
    if (step.kind === 'wait') return []
    if (step.kind === 'ask') return [...noted(step.note), writeOf(step.request)]
    if (step.outcome === 'complete') this.#completedCount += 1
    if (step.outcome === 'refused') this.#phase = 'given-up'
    const pauseMs = step.outcome === 'later' ? RETRY_MS : this.#options.pollMs
    const isOver = step.outcome === 'refused' || pauseMs === undefined
    this.#dueAtMs = isOver ? undefined : atMs + pauseMs
    return noted(step.why)
  }
}

function noted(word: string | undefined): readonly DriverOutput[] {
  return word === undefined ? [] : [{ kind: 'text', name: 'record_access', value: snakeCase(word) }]
}

function writeOf(request: RecordRequest): Command {
  return { kind: 'write', characteristic: RECORD_ACCESS, bytes: octetsOf(request) }
}

function octetsOf(request: RecordRequest): Uint8Array {
  switch (request.kind) {
    case 'all':
      return Uint8Array.of(1, 1)
    case 'since':
      return Uint8Array.of(1, 3, 1, request.min & 0xff, request.min >>> 8)
    case 'newest':
      return Uint8Array.of(1, 6)
    case 'abort':
      return Uint8Array.of(3, 0)
    default:
      return request satisfies never
  }
}

function rule(prefixHex: string, maxBytes: number, meaning: string): SendRule {
  return { kind: 'write', characteristic: RECORD_ACCESS, prefixHex, maxBytes, meaning }
}
