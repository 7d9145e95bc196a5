/**
 * The envelope of a data message: `E1 00 00 02 | type length | [state count] | invoke command length | argument`, where
 * every argument begins with the object that it is about. Every length must be exactly what follows it.
 */

import type { DiscardReason } from '../protocol.ts'
import { WireReader } from './wire-reader.ts'

export const ACTION = { singlePoll: 0x0c16, extendedPoll: 0xf13b } as const
export const EVENT = { mdsCreate: 0x0d06, connectIndication: 0x0d17 } as const
export const COMMAND = {
  event: 0,
  confirmedEvent: 1,
  get: 3,
  set: 4,
  confirmedSet: 5,
  confirmedAction: 7,
} as const

const DATA_HEADER = 0xe1000002
/** What the monitor broadcasts when it comes to a network. */
const NETWORK_HEADER = 0x00000100
const MDS_CLASS = 0x0021
/** What the broadcast is about: a monitor as a whole. */
const SYSTEM_CLASS = 0x0023

type RemoteOperation = 'invoke' | 'result' | 'error' | 'linked'

const OPERATIONS: ReadonlyMap<number, RemoteOperation> = new Map([
  [1, 'invoke'],
  [2, 'result'],
  [3, 'error'],
  [5, 'linked'],
])

export interface Envelope {
  readonly operation: RemoteOperation
  readonly invokeId: number
  readonly command: number
  /** Stands behind the object, with exactly the argument left. */
  readonly argument: WireReader
}

export interface Fault {
  readonly reason: DiscardReason
}

export function isFault(read: object): read is Fault {
  return 'reason' in read
}

export function readEnvelope(bytes: Uint8Array): Envelope | Fault {
  const reader = new WireReader(bytes)
  const header = reader.u32()
  if (header !== DATA_HEADER && header !== NETWORK_HEADER)
    return { reason: reader.isBroken ? 'truncated' : 'unsupported' }
  const operation = OPERATIONS.get(reader.u16())
  const fault = lengthFault(reader)
  if (fault !== undefined) return fault
  if (operation === undefined) return { reason: 'unsupported' }
  if (operation === 'linked') reader.skip(2)
  const invokeId = reader.u16()
  if (operation === 'error') return errorEnvelope(reader, invokeId)
  const command = reader.u16()
  const innerFault = lengthFault(reader)
  if (innerFault !== undefined) return innerFault
  const objectClass = reader.u16()
  reader.skip(4)
  if (reader.isBroken) return { reason: 'truncated' }
  if (objectClass !== (header === DATA_HEADER ? MDS_CLASS : SYSTEM_CLASS)) return { reason: 'unsupported' }
  return { operation, invokeId, command, argument: reader }
}

/** Invoke id, error value, length, and what the vendor adds: only whose question failed is of interest. */
function errorEnvelope(reader: WireReader, invokeId: number): Envelope | Fault {
  reader.skip(2)
  const fault = lengthFault(reader)
  return fault ?? { operation: 'error', invokeId, command: 0, argument: reader }
}

/** Reads a length that must be all that is left. */
export function lengthFault(reader: WireReader): Fault | undefined {
  const size = reader.u16()
  if (reader.isBroken || size > reader.left) return { reason: 'truncated' }
  return size < reader.left ? { reason: 'trailing' } : undefined
}

/** What a poll was about, and when it was answered; the reader stands at the list of contexts. */
export interface PollResult {
  readonly isExtended: boolean
  readonly pollNumber: number
  readonly ticks: number
  readonly objectCode: number
  readonly group: number
}

export function readPollResult(reader: WireReader): PollResult | Fault {
  const action = reader.u16()
  const isExtended = action === ACTION.extendedPoll
  if (!isExtended && action !== ACTION.singlePoll) return { reason: 'unsupported' }
  const fault = lengthFault(reader)
  if (fault !== undefined) return fault
  const pollNumber = reader.u16()
  if (isExtended) reader.skip(SEQUENCE_BYTES)
  const ticks = reader.u32()
  reader.skip(ABSOLUTE_TIME_BYTES + PARTITION_BYTES)
  const objectCode = reader.u16()
  const group = reader.u16()
  if (reader.isBroken) return { reason: 'truncated' }
  return { isExtended, pollNumber, ticks, objectCode, group }
}

const SEQUENCE_BYTES = 2
const ABSOLUTE_TIME_BYTES = 8
const PARTITION_BYTES = 2

/** Whether every count and length of contexts, objects and attributes agrees, before any of it is believed. */
export function isPollListSound(bytes: Uint8Array): boolean {
  const reader = new WireReader(bytes)
  const contexts = reader.u16()
  if (reader.u16() !== reader.left) return false
  for (let context = 0; context < contexts && !reader.isBroken; context += 1) {
    reader.skip(2)
    const objects = reader.u16()
    const outerEnd = reader.enter(reader.u16())
    for (let object = 0; object < objects && !reader.isBroken; object += 1) skipObject(reader)
    if (reader.left !== 0) return false
    reader.leave(outerEnd)
  }
  return reader.isDone
}

function skipObject(reader: WireReader): void {
  reader.skip(2)
  skipAttributes(reader)
}

function skipAttributes(reader: WireReader): void {
  const count = reader.u16()
  const outerEnd = reader.enter(reader.u16())
  for (let attribute = 0; attribute < count && !reader.isBroken; attribute += 1) {
    reader.skip(2)
    reader.skip(reader.u16())
  }
  if (reader.left !== 0) reader.break()
  reader.leave(outerEnd)
}

/** The same for a list of attributes that stands alone. */
export function isAttributeListSound(bytes: Uint8Array): boolean {
  const reader = new WireReader(bytes)
  skipAttributes(reader)
  return reader.isDone
}
