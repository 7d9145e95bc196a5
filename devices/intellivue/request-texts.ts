/** What a host asked, in words, for whoever reads a capture. */

import type { Text } from '../protocol.ts'
import { ATTRIBUTE } from './attributes.ts'
import { ACTION, COMMAND, lengthFault, type Envelope, type Fault } from './message.ts'
import { hex16 } from './physio.ts'
import type { WireReader } from './wire-reader.ts'

const OBJECTS: ReadonlyMap<number, string> = new Map([
  [0x0006, 'numerics'],
  [0x0009, 'waves'],
  [0x0005, 'enumerations'],
  [0x0036, 'alarms'],
  [0x002a, 'demographics'],
  [0x0021, 'mds'],
])

export function requestTexts({ command, argument }: Envelope): readonly Text[] | Fault {
  argument.skip(SCOPE_BYTES)
  if (command === COMMAND.confirmedAction) return pollTexts(argument)
  if (command === COMMAND.get) return [text('get', 'attributes')]
  if (command === COMMAND.set || command === COMMAND.confirmedSet) return [text('set', 'attributes')]
  return { reason: 'unsupported' }
}

const SCOPE_BYTES = 4

function pollTexts(reader: WireReader): readonly Text[] | Fault {
  const action = reader.u16()
  if (action !== ACTION.singlePoll && action !== ACTION.extendedPoll) return { reason: 'unsupported' }
  const fault = lengthFault(reader)
  if (fault !== undefined) return fault
  // Poll number and partition.
  reader.skip(4)
  const objectCode = reader.u16()
  const group = reader.u16()
  if (reader.isBroken) return { reason: 'truncated' }
  const poll = text('poll', OBJECTS.get(objectCode) ?? `object ${hex16(objectCode)}`)
  const activeTicks = action === ACTION.extendedPoll ? readActiveTicks(reader) : undefined
  const texts = [poll, text('attribute_group', `0x${hex16(group)}`)]
  return activeTicks === undefined ? texts : [...texts, text('active_ticks', activeTicks)]
}

function readActiveTicks(reader: WireReader): number | undefined {
  const count = reader.u16()
  reader.skip(2)
  for (let index = 0; index < count && reader.left > 0; index += 1) {
    const id = reader.u16()
    const outerEnd = reader.enter(reader.u16())
    if (id === ATTRIBUTE.activeTime) return reader.u32()
    reader.leave(outerEnd)
  }
  return undefined
}

function text(name: string, value: Text['value']): Text {
  return { kind: 'text', name, value }
}
