/** What a client asks a simulated IntelliVue, taken apart; everything else is nonsense. */

import { isFault, lengthFault, readEnvelope } from '../devices/intellivue/message.ts'
import type { WireReader } from '../devices/intellivue/wire-reader.ts'
import type { Poll } from './intellivue-results.ts'

export type Question =
  | { readonly kind: 'poll'; readonly poll: Poll; readonly activeTicks: number }
  | { readonly kind: 'get-wave-list'; readonly invokeId: number }
  | { readonly kind: 'set-wave-list'; readonly invokeId: number; readonly textIds: readonly number[] }
  | { readonly kind: 'mds-acknowledged' }
  /** Understood as a message, not as a question: the invoke id it is refused under. */
  | { readonly kind: 'nonsense'; readonly invokeId: number | undefined }

const GET = 3
const CONFIRMED_SET = 5
const CONFIRMED_ACTION = 7
const SINGLE_POLL = 0x0c16
const EXTENDED_POLL = 0xf13b
const WAVE_PRIORITIES = 0xf23a
const ACTIVE_TIME = 0xf13e

export function readQuestion(userData: Uint8Array): Question {
  const envelope = readEnvelope(userData)
  if (isFault(envelope)) return { kind: 'nonsense', invokeId: undefined }
  const { operation, command, invokeId, argument } = envelope
  if (operation === 'result' && command === 1) return { kind: 'mds-acknowledged' }
  const nonsense: Question = { kind: 'nonsense', invokeId }
  if (operation !== 'invoke') return nonsense
  // Scope.
  argument.skip(4)
  if (command === CONFIRMED_ACTION) return readPoll(argument, invokeId) ?? nonsense
  if (command === GET) return isWaveListGet(argument) ? { kind: 'get-wave-list', invokeId } : nonsense
  if (command !== CONFIRMED_SET) return nonsense
  const textIds = readWaveList(argument)
  return textIds === undefined ? nonsense : { kind: 'set-wave-list', invokeId, textIds }
}

function readPoll(reader: WireReader, invokeId: number): Question | undefined {
  const action = reader.u16()
  const isExtended = action === EXTENDED_POLL
  if ((!isExtended && action !== SINGLE_POLL) || lengthFault(reader) !== undefined) return undefined
  const pollNumber = reader.u16()
  reader.skip(2)
  const objectCode = reader.u16()
  const group = reader.u16()
  const activeTicks = isExtended ? readActiveTicks(reader) : 0
  if (reader.isBroken || activeTicks === undefined) return undefined
  return { kind: 'poll', poll: { isExtended, invokeId, pollNumber, objectCode, group }, activeTicks }
}

function readActiveTicks(reader: WireReader): number | undefined {
  const isOneAttribute = reader.u16() === 1 && reader.u16() === reader.left
  return isOneAttribute && reader.u16() === ACTIVE_TIME && reader.u16() === 4 ? reader.u32() : undefined
}

function isWaveListGet(reader: WireReader): boolean {
  return (
    reader.u16() === 1 && reader.u16() === reader.left && reader.u16() === WAVE_PRIORITIES && reader.isDone
  )
}

function readWaveList(reader: WireReader): readonly number[] | undefined {
  if (reader.u16() !== 1 || reader.u16() !== reader.left) return undefined
  // Modify operator "replace".
  if (reader.u16() !== 0 || reader.u16() !== WAVE_PRIORITIES || reader.u16() !== reader.left) return undefined
  const count = reader.u16()
  if (reader.u16() !== reader.left || reader.left !== 4 * count) return undefined
  return Array.from({ length: count }, () => reader.u32())
}
