/** The broker's state as records of a sealed file: a head, the retained messages, the sessions. */

import { isRecord } from '../../certs/is-record.ts'
import { decodeChange, encodeChange } from './change-codec.ts'
import type { Grant, Message } from './session-change.ts'
import type { SessionSnapshot } from './session-state.ts'
import type { SessionStore } from './session-store.ts'

export interface Snapshot {
  /** Changes before this number are in it, messages excepted. */
  readonly nextSeq: number
  /** Messages up to this number are in it. A message is written before it is published, so this may be the smaller one. */
  readonly publishedSeq: number
  readonly retained: readonly Message[]
  readonly sessions: readonly SessionSnapshot[]
}

const VERSION = 1
const CODES = { head: 1, retained: 2, session: 3 } as const

export function snapshotRecords(store: SessionStore, nextSeq: number): readonly Uint8Array[] {
  const { state, publishedSeq } = store
  return [
    tagged(CODES.head, Buffer.from(JSON.stringify({ v: VERSION, nextSeq, publishedSeq }))),
    ...state.retained('#').map(({ topic, payload, qos }) => {
      const message = { topic, payload: Buffer.from(payload), qos, retain: true }
      return tagged(CODES.retained, encodeChange({ kind: 'message', message }))
    }),
    ...state.sessions().map((session) => tagged(CODES.session, Buffer.from(JSON.stringify(session)))),
  ]
}

/** Undefined when the records are no snapshot of this version. */
export function readSnapshot(records: readonly Buffer[]): Snapshot | undefined {
  const [first, ...others] = records
  const head = first?.[0] === CODES.head ? parse(first.subarray(1)) : undefined
  if (!isHead(head)) return undefined
  const retained: Message[] = []
  const sessions: SessionSnapshot[] = []
  for (const record of others) {
    const content = record.subarray(1)
    const change = record[0] === CODES.retained ? decodeChange(content) : undefined
    const session = record[0] === CODES.session ? parse(content) : undefined
    if (change?.kind === 'message') retained.push(change.message)
    else if (isSession(session)) sessions.push(session)
    else return undefined
  }
  return { nextSeq: head.nextSeq, publishedSeq: head.publishedSeq, retained, sessions }
}

function tagged(code: number, content: Buffer): Uint8Array {
  return Buffer.concat([Buffer.of(code), content])
}

function parse(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'))
  } catch {
    return undefined
  }
}

function isHead(value: unknown): value is { readonly nextSeq: number; readonly publishedSeq: number } {
  return (
    isRecord(value) && value['v'] === VERSION && isCount(value['nextSeq']) && isCount(value['publishedSeq'])
  )
}

function isSession(value: unknown): value is SessionSnapshot {
  if (!isRecord(value)) return false
  const { clientId, subscriptions, waiting, received } = value
  return (
    typeof clientId === 'string' &&
    (subscriptions === undefined || (Array.isArray(subscriptions) && subscriptions.every(isGrant))) &&
    Array.isArray(waiting) &&
    waiting.every((ref) => isRecord(ref) && isCount(ref['seq']) && typeof ref['isReleased'] === 'boolean') &&
    Array.isArray(received) &&
    received.every(isCount)
  )
}

function isGrant(value: unknown): value is Grant {
  return (
    isRecord(value) && typeof value['topic'] === 'string' && [0, 1, 2].some((qos) => qos === value['qos'])
  )
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
