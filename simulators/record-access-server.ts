/** The Record Access Control Point 2A52 of a simulated device: it reports what is stored and deletes nothing. */

import { ATT_ERRORS } from '../devices/framing/att-error.ts'
import { u16 } from './gatt-octets.ts'

export interface StoredRecord {
  /** Sequence number, or minutes since the session start. */
  readonly number: number
  /** Sends the record; false when nobody took it. */
  readonly send: () => boolean | undefined | Promise<boolean>
}

export interface RecordAccessServer {
  /** What is written to the control point; the error code of a refusal. */
  write(bytes: Uint8Array): number | undefined
  /** The connection has ended, or another has begun. */
  restart(): void
}

const OP = { report: 1, remove: 2, abort: 3, count: 4, countResponse: 5, response: 6 } as const
const OPERATOR = { all: 1, atMost: 2, atLeast: 3, range: 4, first: 5, last: 6 } as const
const RESULT = {
  success: 1,
  opNotSupported: 2,
  invalidOperator: 3,
  operatorNotSupported: 4,
  invalidOperand: 5,
  noRecords: 6,
  operandNotSupported: 9,
} as const
const BY_NUMBER = 1

/** `records` in the order in which they were made. */
export function createRecordAccessServer(
  records: () => readonly StoredRecord[],
  indicate: (bytes: Uint8Array) => Promise<boolean>,
): RecordAccessServer {
  let connection = 0
  let isBusy = false

  const respond = (op: number, result: number): Promise<boolean> =>
    indicate(Uint8Array.of(OP.response, 0, op, result))

  const report = async (chosen: readonly StoredRecord[]): Promise<void> => {
    const mine = connection
    isBusy = true
    for (const record of chosen) {
      const sent = record.send()
      if (typeof sent === 'object') await sent
      // Aborted, or the link has gone.
      if (mine !== connection) return
    }
    isBusy = false
    await respond(OP.report, chosen.length > 0 ? RESULT.success : RESULT.noRecords)
  }

  return {
    write(bytes) {
      const [op = 0, operator = 0] = bytes
      if (op === OP.abort) {
        connection += 1
        isBusy = false
        void respond(op, RESULT.success)
        return undefined
      }
      if (isBusy) return ATT_ERRORS['procedure-already-in-progress']
      const chosen = op === OP.report || op === OP.count ? choose(records(), bytes) : RESULT.opNotSupported
      if (typeof chosen === 'number') void respond(op, operator === 0 ? RESULT.invalidOperator : chosen)
      else if (op === OP.count) void indicate(Uint8Array.of(OP.countResponse, 0, ...u16(chosen.length)))
      else void report(chosen)
      return undefined
    },
    restart() {
      connection += 1
      isBusy = false
    },
  }
}

function choose(records: readonly StoredRecord[], bytes: Uint8Array): readonly StoredRecord[] | number {
  const operator = bytes[1] ?? 0
  const bounds = BOUNDS[operator]
  if (bounds === undefined) return RESULT.operatorNotSupported
  if (bounds > 0 && bytes[2] !== BY_NUMBER) return RESULT.operandNotSupported
  if (bytes.length !== 2 + (bounds > 0 ? 1 + 2 * bounds : 0)) return RESULT.invalidOperand
  const [first, second] = [wordAt(bytes, 3), wordAt(bytes, 5)]
  switch (operator) {
    case OPERATOR.first:
      return records.slice(0, 1)
    case OPERATOR.last:
      return records.slice(-1)
    case OPERATOR.atMost:
      return records.filter(({ number }) => number <= first)
    case OPERATOR.atLeast:
      return records.filter(({ number }) => number >= first)
    case OPERATOR.range:
      if (first > second) return RESULT.invalidOperand
      return records.filter(({ number }) => number >= first && number <= second)
    default:
      return records
  }
}

/** How many bounds follow each operator. */
const BOUNDS: Readonly<Record<number, number>> = {
  [OPERATOR.all]: 0,
  [OPERATOR.atMost]: 1,
  [OPERATOR.atLeast]: 1,
  [OPERATOR.range]: 2,
  [OPERATOR.first]: 0,
  [OPERATOR.last]: 0,
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
}
