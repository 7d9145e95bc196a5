/**
 * Everything that can happen to what the broker keeps, as data: applied to the state in memory, written to the journal,
 * and applied again, in the same order, after a restart.
 */

import type { Subscription } from 'aedes'

export interface Message {
  readonly topic: string
  readonly payload: Buffer
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
}

/** A message received at QoS 2, by its sender and packet id: until it is released it must not be published again. */
export interface Origin {
  readonly clientId: string
  readonly messageId: number
}

export type SessionChange =
  | { readonly kind: 'message'; readonly message: Message; readonly origin?: Origin }
  /** Nothing of it was published, but it must not be taken twice. */
  | { readonly kind: 'received'; readonly clientId: string; readonly messageId: number }
  | { readonly kind: 'released'; readonly clientId: string; readonly messageId: number }
  | {
      readonly kind: 'subscribed'
      readonly clientId: string
      readonly subscriptions: readonly Pick<Subscription, 'topic' | 'qos'>[]
    }
  | { readonly kind: 'unsubscribed'; readonly clientId: string; readonly filters: readonly string[] }
  | { readonly kind: 'forgotten'; readonly clientId: string }
  /** A waiting message was sent under a packet id. */
  | {
      readonly kind: 'sent'
      readonly clientId: string
      readonly seq: number
      readonly messageId: number
    }
  /** QoS 2: the subscriber has it; PUBREL takes its place. */
  | {
      readonly kind: 'pubrel'
      readonly clientId: string
      readonly seq: number
      readonly messageId: number
    }
  | { readonly kind: 'settled'; readonly clientId: string; readonly seq: number }

/** Where changes are written down. */
export interface ChangeLog {
  /** Answers the number of the change; `settle` is called in the order of the numbers, when it is on disk or cannot be. */
  commit(change: SessionChange, settle: (error?: Error) => void): number
  /** Written a little later, with or before any change that is waited for. */
  note(change: SessionChange): void
}

const CODES = {
  message: 1,
  received: 2,
  released: 3,
  subscribed: 4,
  unsubscribed: 5,
  forgotten: 6,
  sent: 7,
  pubrel: 8,
  settled: 9,
} as const satisfies Record<SessionChange['kind'], number>

/** One byte of kind, then the fields; text behind its length in two bytes, sequence numbers in six. */
export function encodeChange(change: SessionChange): Buffer {
  switch (change.kind) {
    case 'message':
      return encodeMessage(change.message, change.origin)
    case 'received':
    case 'released':
      return Buffer.concat([head(change), number(change.messageId, 2)])
    case 'sent':
    case 'pubrel':
      return Buffer.concat([head(change), number(change.seq, 6), number(change.messageId, 2)])
    case 'settled':
      return Buffer.concat([head(change), number(change.seq, 6)])
    case 'forgotten':
      return head(change)
    case 'subscribed':
      return Buffer.concat([
        head(change),
        ...change.subscriptions.flatMap(({ topic, qos }) => [number(qos, 1), text(topic)]),
      ])
    case 'unsubscribed':
      return Buffer.concat([head(change), ...change.filters.map(text)])
  }
}

/** Undefined for bytes that are no change: written by a newer version, or not by this program. */
export function decodeChange(bytes: Buffer): SessionChange | undefined {
  const reader = new FieldReader(bytes)
  const code = reader.number(1)
  if (code === CODES.message) return decodeMessage(reader)
  const clientId = reader.text()
  const change = decodeFields(code, clientId, reader)
  return reader.isWhole ? change : undefined
}

function decodeFields(code: number, clientId: string, reader: FieldReader): SessionChange | undefined {
  switch (code) {
    case CODES.received:
      return { kind: 'received', clientId, messageId: reader.number(2) }
    case CODES.released:
      return { kind: 'released', clientId, messageId: reader.number(2) }
    case CODES.pubrel:
      return { kind: 'pubrel', clientId, seq: reader.number(6), messageId: reader.number(2) }
    case CODES.sent:
      return { kind: 'sent', clientId, seq: reader.number(6), messageId: reader.number(2) }
    case CODES.settled:
      return { kind: 'settled', clientId, seq: reader.number(6) }
    case CODES.forgotten:
      return { kind: 'forgotten', clientId }
    case CODES.subscribed: {
      const subscriptions: Pick<Subscription, 'topic' | 'qos'>[] = []
      while (reader.hasMore) {
        const qos = qosOf(reader.number(1))
        subscriptions.push({ qos, topic: reader.text() })
      }
      return { kind: 'subscribed', clientId, subscriptions }
    }
    case CODES.unsubscribed: {
      const filters: string[] = []
      while (reader.hasMore) filters.push(reader.text())
      return { kind: 'unsubscribed', clientId, filters }
    }
    default:
      return undefined
  }
}

const RETAIN_BIT = 0x04
const ORIGIN_BIT = 0x08

function encodeMessage({ topic, payload, qos, retain }: Message, origin: Origin | undefined): Buffer {
  const flags = qos | (retain ? RETAIN_BIT : 0) | (origin === undefined ? 0 : ORIGIN_BIT)
  const from = origin === undefined ? [] : [text(origin.clientId), number(origin.messageId, 2)]
  return Buffer.concat([Buffer.of(CODES.message, flags), ...from, text(topic), payload])
}

function decodeMessage(reader: FieldReader): SessionChange | undefined {
  const flags = reader.number(1)
  const hasOrigin = (flags & ORIGIN_BIT) !== 0
  const origin = hasOrigin ? { clientId: reader.text(), messageId: reader.number(2) } : undefined
  const topic = reader.text()
  const payload = reader.rest()
  if (!reader.isWhole) return undefined
  const message = { topic, payload, qos: qosOf(flags & 0x03), retain: (flags & RETAIN_BIT) !== 0 }
  return { kind: 'message', message, ...(origin === undefined ? {} : { origin }) }
}

function head({ kind, clientId }: Exclude<SessionChange, { readonly kind: 'message' }>): Buffer {
  return Buffer.concat([Buffer.of(CODES[kind]), text(clientId)])
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([number(bytes.length, 2), bytes])
}

function number(value: number, width: 1 | 2 | 6): Buffer {
  const bytes = Buffer.alloc(width)
  bytes.writeUIntBE(value, 0, width)
  return bytes
}

function qosOf(value: number): 0 | 1 | 2 {
  return value === 0 || value === 1 ? value : 2
}

/** Reads fields from the front; past the end it answers nothing and `isWhole` turns false. */
class FieldReader {
  readonly #bytes: Buffer
  #offset = 0
  #isWhole = true

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isWhole(): boolean {
    return this.#isWhole
  }

  get hasMore(): boolean {
    return this.#isWhole && this.#offset < this.#bytes.length
  }

  number(width: 1 | 2 | 6): number {
    const field = this.#take(width)
    return field.length === width ? field.readUIntBE(0, width) : 0
  }

  text(): string {
    return this.#take(this.number(2)).toString('utf8')
  }

  rest(): Buffer {
    return this.#take(this.#bytes.length - this.#offset)
  }

  #take(count: number): Buffer {
    const end = this.#offset + count
    if (end > this.#bytes.length) this.#isWhole = false
    const field = this.#bytes.subarray(this.#offset, Math.min(end, this.#bytes.length))
    this.#offset = Math.min(end, this.#bytes.length)
    return field
  }
}
