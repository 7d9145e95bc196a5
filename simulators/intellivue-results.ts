/** Poll results as the monitor sends them, in as many linked messages as its size of message asks for. */

import type { WireObject } from './intellivue-numerics.ts'
import { list, u16, u32, type Octets } from './intellivue-octets.ts'

/** "The client offered 3000 hex, the monitor answered 1456." */
const MAX_MESSAGE_BYTES = 1456

export interface Poll {
  readonly isExtended: boolean
  readonly invokeId: number
  readonly pollNumber: number
  readonly objectCode: number
  readonly group: number
}

export interface Answer {
  readonly poll: Poll
  readonly sequence: number
  readonly ticks: number
  readonly objects: readonly (readonly [WireObject, readonly Octets[]])[]
}

const RESULT = 2
const LINKED = 5
const CONFIRMED_ACTION = 7
/** Everything around the objects of one message, linked, with two contexts. */
const OVERHEAD_BYTES = 64

export function pollResults(answer: Answer): readonly Uint8Array[] {
  const parts = partsOf(answer.objects)
  const [only = [], ...others] = parts
  if (others.length === 0) return [message(answer, only, undefined)]
  const linked = parts.map((part, index) => {
    const isLast = index === parts.length - 1
    const place = index === 0 ? FIRST : isLast ? LAST : MIDDLE
    return message(answer, part, [place, index + 1])
  })
  return [...linked, message(answer, [], undefined)]
}

const FIRST = 1
const MIDDLE = 2
const LAST = 3

type Part = readonly { readonly context: number; readonly octets: Octets }[]

function partsOf(objects: Answer['objects']): readonly Part[] {
  const parts: (readonly Part[number][])[] = []
  let part: Part[number][] = []
  let sizeBytes = OVERHEAD_BYTES
  for (const [{ context, handle }, attributes] of objects) {
    const octets = [...u16(handle), ...list(attributes)]
    if (part.length > 0 && sizeBytes + octets.length > MAX_MESSAGE_BYTES) {
      parts.push(part)
      part = []
      sizeBytes = OVERHEAD_BYTES
    }
    part.push({ context, octets })
    sizeBytes += octets.length
  }
  return [...parts, part]
}

function message(answer: Answer, part: Part, link: Octets | undefined): Uint8Array {
  const { poll, sequence, ticks } = answer
  const contexts = [...new Set(part.map(({ context }) => context))].map((context) => {
    const objects = part.filter((one) => one.context === context).map(({ octets }) => octets)
    return [...u16(context), ...list(objects)]
  })
  const body = [
    ...u16(poll.pollNumber),
    ...(poll.isExtended ? u16(sequence) : []),
    ...u32(ticks),
    ...NO_ABSOLUTE_TIME,
    ...u16(1),
    ...u16(poll.objectCode),
    ...u16(poll.group),
    ...list(contexts),
  ]
  const action = poll.isExtended ? 0xf13b : 0x0c16
  const argument = [...MDS, ...u16(action), ...u16(body.length), ...body]
  return operation(link === undefined ? RESULT : LINKED, [
    ...(link ?? []),
    ...u16(poll.invokeId),
    ...u16(CONFIRMED_ACTION),
    ...u16(argument.length),
    ...argument,
  ])
}

const NO_ABSOLUTE_TIME: Octets = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
export const MDS: Octets = [0x00, 0x21, 0, 0, 0, 0]

export function operation(type: number, body: Octets): Uint8Array {
  return Uint8Array.of(0xe1, 0, 0, 2, ...u16(type), ...u16(body.length), ...body)
}
