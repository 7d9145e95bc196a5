/** One small change of a sample, from chance: what a fuzzer tries next. */

import { randomBytes } from './damage.ts'

/** A message as it arrives: bytes of a line, a datagram, or the value of a characteristic. */
export interface Message {
  readonly characteristic?: string
  readonly bytes: Uint8Array
}

export type Sample = readonly Message[]

const MAX_MESSAGES = 40
const MAX_MESSAGE_BYTES = 65_536
const INTERESTING = [
  0x00, 0x01, 0x02, 0x03, 0x0a, 0x0d, 0x1b, 0x20, 0x2d, 0x30, 0x39, 0x7d, 0x7e, 0x7f, 0x80, 0xfe, 0xff,
] as const

type Random = () => number
type ByteChange = (bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array

function below(random: Random, limit: number): number {
  return Math.floor(random() * limit)
}

function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const changed = Uint8Array.from(bytes)
  if (at < changed.length) changed[at] = value
  return changed
}

const BYTE_CHANGES: readonly ByteChange[] = [
  (bytes, random) => {
    const at = below(random, bytes.length)
    return withByte(bytes, at, (bytes[at] ?? 0) ^ (1 << below(random, 8)))
  },
  (bytes, random) =>
    withByte(bytes, below(random, bytes.length), INTERESTING[below(random, INTERESTING.length)] ?? 0),
  (bytes, random) => {
    const at = below(random, bytes.length)
    return withByte(bytes, at, (bytes[at] ?? 0) + (random() < 0.5 ? 1 : -1))
  },
  (bytes, random) => withByte(bytes, below(random, bytes.length), below(random, 256)),
  (bytes, random) => {
    const at = below(random, bytes.length)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(random, 8))])
  },
  (bytes, random) => {
    const at = below(random, bytes.length + 1)
    return Buffer.concat([
      bytes.subarray(0, at),
      randomBytes(random, 1 + below(random, 6)),
      bytes.subarray(at),
    ])
  },
  // A piece of itself again, somewhere else.
  (bytes, random) => {
    const from = below(random, bytes.length)
    const piece = bytes.subarray(from, from + 1 + below(random, 32))
    const at = below(random, bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)])
  },
  // The front of this and the end of another.
  (bytes, random, other) =>
    Buffer.concat([
      bytes.subarray(0, below(random, bytes.length + 1)),
      other.subarray(below(random, other.length + 1)),
    ]),
  (bytes, random) => bytes.subarray(0, below(random, bytes.length + 1)),
]

/** `other` is a second sample to borrow from. */
export function mutate(sample: Sample, other: Sample, random: Random): Sample {
  const messages = [...sample]
  const changes = 1 + below(random, 4)
  for (let change = 0; change < changes; change += 1) {
    const at = below(random, messages.length)
    const message = messages[at]
    if (message === undefined) break
    const deed = random()
    if (messages.length > 1 && deed < 0.08) messages.splice(at, 1)
    else if (messages.length < MAX_MESSAGES && deed < 0.16) messages.splice(at, 0, message)
    else if (messages.length < MAX_MESSAGES && deed < 0.22) messages.splice(at, 0, ...other.slice(0, 1))
    else messages[at] = { ...message, bytes: changed(message.bytes, random, other) }
  }
  return messages
}

function changed(bytes: Uint8Array, random: Random, other: Sample): Uint8Array {
  const change = BYTE_CHANGES[below(random, BYTE_CHANGES.length)]
  const donor = other[below(random, other.length)]?.bytes ?? bytes
  return (change?.(bytes, random, donor) ?? bytes).subarray(0, MAX_MESSAGE_BYTES)
}

/** The same fault with less: whole messages go first, then halves, quarters and so on of what is left. */
export function shrink(sample: Sample, isFaulty: (sample: Sample) => boolean, maxTries: number): Sample {
  let smallest = sample
  let tries = 0
  const attempt = (candidate: Sample): boolean => {
    tries += 1
    if (tries > maxTries || !isFaulty(candidate)) return false
    smallest = candidate
    return true
  }
  for (let at = smallest.length - 1; at >= 0; at -= 1)
    if (smallest.length > 1) attempt(smallest.filter((_, index) => index !== at))
  for (let at = 0; at < smallest.length; at += 1) {
    for (let size = smallest[at]?.bytes.length ?? 0; size >= 1; size = Math.floor(size / 2)) {
      for (let from = 0; from < MAX_MESSAGE_BYTES;) {
        const message = smallest[at]
        if (message === undefined || from >= message.bytes.length) break
        const bytes = Buffer.concat([message.bytes.subarray(0, from), message.bytes.subarray(from + size)])
        if (!attempt(smallest.map((whole, index) => (index === at ? { ...whole, bytes } : whole))))
          from += size
      }
    }
  }
  return smallest
}
