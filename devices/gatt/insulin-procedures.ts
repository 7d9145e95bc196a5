/**
 * Everything wardgate asks of an insulin pump, as a closed table: reads, and requests of the *status reader* control
 * point 2B24. Nothing here or elsewhere can express a write to the command control point.
 */

import type { Command, SendRule } from '../protocol.ts'
import { appendCounterAndCrc } from './e2e.ts'
import { STATUS_BITS } from './insulin-words.ts'
import type { RecordRequest } from './record-fetch.ts'

export const STATUS_READER = '2B24'
export const HISTORY_ACCESS = '2B27'
export const HISTORY_DATA = '2B28'

export type StatusBit = (typeof STATUS_BITS)[number]

/** One step of the conversation; `covers` are the bits of 2B20 that it answers. */
export type Procedure =
  | { readonly kind: 'read'; readonly characteristic: string; readonly covers: readonly StatusBit[] }
  /** The stored events that were not told yet, with as many requests as that takes. */
  | { readonly kind: 'history'; readonly covers: readonly StatusBit[] }
  | {
      readonly kind: 'request'
      readonly name: RequestName
      readonly operand: readonly number[]
      readonly covers: readonly StatusBit[]
    }

const REQUESTS = {
  'reset-status': { opCode: 0x030c, operandBytes: 2, meaning: 'clear the changed-bits that were fetched' },
  'get-active-bolus-ids': { opCode: 0x0330, operandBytes: 0, meaning: 'which boluses run' },
  'get-active-bolus-delivery': {
    opCode: 0x0356,
    operandBytes: 3,
    meaning: 'how much of a bolus is delivered',
  },
  'get-active-basal-rate': { opCode: 0x0365, operandBytes: 0, meaning: 'basal rate and temporary rate' },
  'get-total-daily-insulin': { opCode: 0x0395, operandBytes: 0, meaning: 'insulin of this day' },
  'get-counter': {
    opCode: 0x03a6,
    operandBytes: 2,
    meaning: 'how long the pump or its reservoir may be used',
  },
  'get-delivered-insulin': { opCode: 0x03c0, operandBytes: 0, meaning: 'insulin delivered so far' },
  'get-insulin-on-board': { opCode: 0x03f3, operandBytes: 0, meaning: 'insulin on board' },
} as const

export type RequestName = keyof typeof REQUESTS

const E2E_BYTES = 3

// Selects the delivered part of an active bolus; "programmed" is 0F, "remaining" 33.
const DELIVERED = 0x3c

const READ_STATUS: Procedure = {
  kind: 'read',
  characteristic: '2B21',
  covers: ['therapy-control-state', 'operational-state', 'reservoir-status'],
}
export const READ_ANNUNCIATION: Procedure = {
  kind: 'read',
  characteristic: '2B22',
  covers: ['annunciation-status'],
}
export const FETCH_HISTORY: Procedure = { kind: 'history', covers: ['history-event'] }
export const READ_CHANGED: Procedure = { kind: 'read', characteristic: '2B20', covers: [] }

/** Requests without operand, each with the feature of 2B23 that it needs: one of the list is enough. */
const QUERIES: readonly { readonly procedure: Procedure; readonly needs: readonly string[] }[] = [
  { procedure: request('get-active-basal-rate', ['active-basal-rate']), needs: ['basal-rate'] },
  {
    procedure: request('get-active-bolus-ids', ['active-bolus']),
    needs: ['fast-bolus', 'extended-bolus', 'multiwave-bolus'],
  },
  { procedure: request('get-delivered-insulin', ['total-daily-insulin']), needs: [] },
  { procedure: request('get-insulin-on-board', []), needs: ['insulin-on-board'] },
]

/** What to ask regularly of a pump with these features. */
export function pollRound(features: readonly string[]): readonly Procedure[] {
  const queries = QUERIES.filter(
    ({ needs }) => needs.length === 0 || needs.some((need) => features.includes(need)),
  )
  return [READ_STATUS, ...queries.map(({ procedure }) => procedure)]
}

/** What to ask once on a connection: lifetime left, and how long the reservoir has been in. */
export const ASKED_ONCE: readonly Procedure[] = [
  request('get-total-daily-insulin', []),
  { kind: 'request', name: 'get-counter', operand: [0x0f, 0x0f], covers: [] },
  { kind: 'request', name: 'get-counter', operand: [0x55, 0x33], covers: [] },
]

/** What to fetch when these bits of 2B20 are set; without record access the bit of the history stays set. */
export function fetchesFor(
  changed: readonly string[],
  features: readonly string[],
  hasHistory: boolean,
): readonly Procedure[] {
  const known = [...pollRound(features), READ_ANNUNCIATION, ...(hasHistory ? [FETCH_HISTORY] : [])]
  const daily = changed.includes('total-daily-insulin') ? [request('get-total-daily-insulin', [])] : []
  return [...known.filter(({ covers }) => covers.some((bit) => changed.includes(bit))), ...daily]
}

export function bolusDelivery(bolusId: number): Procedure {
  return {
    kind: 'request',
    name: 'get-active-bolus-delivery',
    operand: [bolusId & 0xff, bolusId >>> 8, DELIVERED],
    covers: [],
  }
}

export function resetStatus(bits: ReadonlySet<StatusBit>): Procedure {
  const mask = STATUS_BITS.reduce((sum, bit, index) => sum + (bits.has(bit) ? 1 << index : 0), 0)
  return { kind: 'request', name: 'reset-status', operand: [mask, 0], covers: [] }
}

/** The command of a procedure; `counter` is given when the pump protects its values end to end. */
export function commandOf(
  procedure: Exclude<Procedure, { kind: 'history' }>,
  counter: number | undefined,
): Command {
  if (procedure.kind === 'read') return { kind: 'read', characteristic: procedure.characteristic }
  const { opCode } = REQUESTS[procedure.name]
  const content = Uint8Array.of(opCode & 0xff, opCode >>> 8, ...procedure.operand)
  return { kind: 'write', characteristic: STATUS_READER, bytes: protectedBy(counter, content) }
}

/** A report or an abort on the record access control point. Deleting records has no row and no octets here. */
export function historyCommand(request: RecordRequest, counter: number | undefined): Command {
  const content = Uint8Array.from(historyOctets(request))
  return { kind: 'write', characteristic: HISTORY_ACCESS, bytes: protectedBy(counter, content) }
}

// Every event carries a number, so "all" is "from 0": the texts differ on whether "all" itself has an operand.
function historyOctets(request: RecordRequest): readonly number[] {
  if (request.kind === 'abort') return [0x55, 0x0f]
  if (request.kind === 'newest') return [0x33, 0x69, 0x0f]
  const min = request.kind === 'since' ? request.min : 0
  return [0x33, 0x55, 0x0f, min & 0xff, (min >>> 8) & 0xff, (min >>> 16) & 0xff, min >>> 24]
}

function protectedBy(counter: number | undefined, content: Uint8Array): Uint8Array {
  return counter === undefined ? content : appendCounterAndCrc(content, counter)
}

export function isSameProcedure(a: Procedure, b: Procedure): boolean {
  if (a.kind === 'history') return b.kind === 'history'
  if (a.kind === 'read') return b.kind === 'read' && a.characteristic === b.characteristic
  return b.kind === 'request' && a.name === b.name && a.operand.join() === b.operand.join()
}

/** The closed list of writes: one row per request, none for 2B25, none that deletes. */
export const REQUEST_RULES: readonly SendRule[] = [
  ...Object.values(REQUESTS).map(({ opCode, operandBytes, meaning }) => {
    const prefixHex = [opCode & 0xff, opCode >>> 8]
      .map((octet) => octet.toString(16).padStart(2, '0'))
      .join('')
    return writeRule(STATUS_READER, prefixHex, 2 + operandBytes, meaning)
  }),
  writeRule(HISTORY_ACCESS, '33550f', 7, 'report the events after the last one told'),
  writeRule(HISTORY_ACCESS, '33690f', 3, 'report the newest event'),
  writeRule(HISTORY_ACCESS, '550f', 2, 'abort a report that has fallen silent'),
]

function writeRule(
  characteristic: string,
  prefixHex: string,
  contentBytes: number,
  meaning: string,
): SendRule {
  return { kind: 'write', characteristic, prefixHex, maxBytes: contentBytes + E2E_BYTES, meaning }
}

function request(name: RequestName, covers: readonly StatusBit[]): Procedure {
  return { kind: 'request', name, operand: [], covers }
}
