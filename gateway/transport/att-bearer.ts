/**
 * The bearer of the Attribute Protocol as a client has it: one request outstanding, indications confirmed, anything
 * that a right server cannot send ends it.
 */

import { attOpcode, encodeAttPdu, parseAttPdu } from '../../devices/framing/att-codec.ts'
import { ATT_ERRORS, attErrorWord, type AttError } from '../../devices/framing/att-error.ts'
import {
  COMMAND_BIT,
  DEFAULT_MTU,
  type AttPdu,
  type AttPduName,
  type AttPduOf,
} from '../../devices/framing/att-pdu.ts'
import type { Cancel, Clock } from '../clock.ts'
import type { GattResult } from './gatt-central.ts'

/** What BlueZ offers: room for the longest attribute value. */
export const OFFERED_MTU = 517

// No answer within 30 s: the bearer is dead, close it.
const TRANSACTION_TIMEOUT_MS = 30_000

const ANSWERS = {
  'exchange-mtu-request': 'exchange-mtu-response',
  'find-information-request': 'find-information-response',
  'read-by-type-request': 'read-by-type-response',
  'read-by-group-type-request': 'read-by-group-type-response',
  'read-request': 'read-response',
  'read-blob-request': 'read-blob-response',
  'write-request': 'write-response',
} as const satisfies Partial<Record<AttPduName, AttPduName>>

type RequestName = keyof typeof ANSWERS
type AnswerTo<Name extends RequestName> = (typeof ANSWERS)[Name]

export type ServerValue = AttPduOf<'notification' | 'indication'>

export interface AttBearerOptions {
  readonly clock: Clock
  readonly send: (payload: Uint8Array) => void
  readonly onValue: (value: ServerValue) => void
  /** Once, when the server or its silence has ended the bearer; not after `close`. */
  readonly onDead: (reason: string) => void
}

export interface AttBearer {
  readonly mtu: number
  readonly request: <Name extends RequestName>(
    name: Name,
    pdu: AttPduOf<Name>,
  ) => Promise<GattResult<AttPduOf<AnswerTo<Name>>>>
  readonly command: (pdu: AttPduOf<'write-command'>) => void
  readonly receive: (payload: Uint8Array) => void
  /** Ends it from this side, or because the link is gone; every request not answered fails with `reason`. */
  readonly close: (reason: string) => void
  /** Ends it because the server cannot be right. */
  readonly condemn: (reason: string) => void
}

interface Transaction {
  readonly opcode: number
  readonly payload: Uint8Array
  readonly answer: AttPduName
  settle(result: GattResult<AttPdu>): void
}

export function createAttBearer(options: AttBearerOptions): AttBearer {
  let mtu = DEFAULT_MTU
  let endReason: string | undefined
  let outstanding: Transaction | undefined
  let waiting: Transaction[] = []
  let cancelTimeout: Cancel = () => undefined

  const end = (reason: string): void => {
    endReason = reason
    cancelTimeout()
    const unanswered = outstanding === undefined ? waiting : [outstanding, ...waiting]
    outstanding = undefined
    waiting = []
    for (const transaction of unanswered) transaction.settle({ ok: false, reason })
  }

  const condemn = (reason: string): void => {
    if (endReason !== undefined) return
    end(reason)
    options.onDead(reason)
  }

  const sendNext = (): void => {
    if (outstanding !== undefined || endReason !== undefined) return
    outstanding = waiting.shift()
    if (outstanding === undefined) return
    cancelTimeout = options.clock.after(TRANSACTION_TIMEOUT_MS, () => condemn('att-timeout'))
    options.send(outstanding.payload)
  }

  const settleOutstanding = (transaction: Transaction, result: GattResult<AttPdu>): void => {
    cancelTimeout()
    outstanding = undefined
    transaction.settle(result)
    sendNext()
  }

  const receiveAnswer = (pdu: AttPdu): void => {
    const transaction = outstanding
    if (transaction === undefined) condemn('unexpected-response')
    else if (pdu.pdu === 'error-response' && pdu.request === transaction.opcode)
      settleOutstanding(transaction, { ok: false, reason: attErrorWord(pdu.code) })
    else if (pdu.pdu === transaction.answer) settleOutstanding(transaction, { ok: true, value: pdu })
    else condemn('unexpected-response')
  }

  const receiveIndication = (pdu: AttPduOf<'indication'>): void => {
    // Confirmed only when it was taken: what is confirmed, the device forgets.
    options.onValue(pdu)
    if (endReason === undefined) options.send(encodeAttPdu({ pdu: 'confirmation' }))
  }

  const receivePdu = (pdu: AttPdu): void => {
    if (endReason !== undefined) return
    // The smaller of both counts from the exchange on, whoever asked for it.
    if (pdu.pdu === 'exchange-mtu-request' || pdu.pdu === 'exchange-mtu-response') mtu = agreedMtu(pdu.mtu)
    if (pdu.pdu === 'notification') options.onValue(pdu)
    else if (pdu.pdu === 'indication') receiveIndication(pdu)
    else if (pdu.pdu === 'multiple-handle-value-notification')
      for (const item of pdu.items) receivePdu({ pdu: 'notification', ...item })
    else if (isRequest(attOpcode(pdu.pdu))) options.send(answerRequest(pdu))
    else if (pdu.pdu !== 'write-command') receiveAnswer(pdu)
  }

  const receive = (payload: Uint8Array): void => {
    if (endReason !== undefined) return
    const opcode = payload[0] ?? 0
    const parsed = parseAttPdu(payload)
    if (payload.length > mtu) condemn('oversize-pdu')
    else if (parsed.ok) receivePdu(parsed.value)
    else if (parsed.reason !== 'request-not-supported') condemn('malformed-pdu')
    else if (isRequest(opcode)) options.send(errorResponse(opcode, 0, 'request-not-supported'))
    else if ((opcode & COMMAND_BIT) === 0) condemn('unexpected-response')
  }

  return {
    get mtu() {
      return mtu
    },
    request: (name, pdu) =>
      new Promise((resolve) => {
        if (endReason !== undefined) {
          resolve({ ok: false, reason: endReason })
          return
        }
        const answer = ANSWERS[name]
        waiting.push({
          opcode: attOpcode(name),
          payload: encodeAttPdu(pdu),
          answer,
          settle: (result) => {
            if (!result.ok) resolve(result)
            else if (isNamed(result.value, answer)) resolve({ ok: true, value: result.value })
          },
        })
        sendNext()
      }),
    command: (pdu) => {
      if (endReason === undefined) options.send(encodeAttPdu(pdu))
    },
    receive,
    close: (reason) => {
      if (endReason === undefined) end(reason)
    },
    condemn,
  }
}

/** The smaller of both counts; a server may not go below the default. */
function agreedMtu(offered: number): number {
  return Math.max(DEFAULT_MTU, Math.min(OFFERED_MTU, offered))
}

function isNamed<Name extends AttPduName>(pdu: AttPdu, name: Name): pdu is AttPdu & AttPduOf<Name> {
  return pdu.pdu === name
}

// Requests have even opcodes, answers odd ones; the confirmation is the even answer to an odd indication.
function isRequest(opcode: number): boolean {
  return opcode % 2 === 0 && (opcode & COMMAND_BIT) === 0 && opcode !== attOpcode('confirmation')
}

/** Both ends may be servers at once. This one has no attributes. */
function answerRequest(pdu: AttPdu): Uint8Array {
  const opcode = attOpcode(pdu.pdu)
  if (pdu.pdu === 'exchange-mtu-request')
    return encodeAttPdu({ pdu: 'exchange-mtu-response', mtu: OFFERED_MTU })
  if ('start' in pdu) return errorResponse(opcode, pdu.start, rangeError(pdu.start, pdu.end))
  if ('handle' in pdu) return errorResponse(opcode, pdu.handle, 'invalid-handle')
  return errorResponse(opcode, 0, 'request-not-supported')
}

function rangeError(start: number, end: number): AttError {
  return start === 0 || start > end ? 'invalid-handle' : 'attribute-not-found'
}

function errorResponse(request: number, handle: number, error: AttError): Uint8Array {
  return encodeAttPdu({ pdu: 'error-response', request, handle, code: ATT_ERRORS[error] })
}
