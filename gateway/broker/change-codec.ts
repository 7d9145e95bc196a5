/**
 * Changes as bytes: one byte of kind, then the fields; text behind its length in two bytes, sequence numbers in six.
 * The codes stand on disk: a kind keeps its code for ever.
 */

import type { Grant, Message, Origin, SessionChange } from './session-change.ts'

type Kind = SessionChange['kind']
type Of<K extends Kind> = Extract<SessionChange, { readonly kind: K }>

interface Form<K extends Kind> {
  readonly code: number
  readonly encode: (change: Of<K>) => readonly Buffer[]
  readonly decode: (reader: FieldReader) => Of<K>
}

const FORMS: { readonly [K in Kind]: Form<K> } = {
  message: { code: 1, encode: encodeMessage, decode: decodeMessage },
  received: {
    code: 2,
    encode: ({ clientId, messageId }) => [text(clientId), number(messageId, 2)],
    decode: (reader) => ({ kind: 'received', clientId: reader.text(), messageId: reader.number(2) }),
  },
  released: {
    code: 3,
    encode: ({ clientId, messageId }) => [text(clientId), number(messageId, 2)],
    decode: (reader) => ({ kind: 'released', clientId: reader.text(), messageId: reader.number(2) }),
  },
  subscribed: {
    code: 4,
    encode: ({ clientId, subscriptions }) => [
      text(clientId),
      ...subscriptions.flatMap(({ topic, qos }) => [number(qos, 1), text(topic)]),
    ],
    decode: (reader) => ({
      kind: 'subscribed',
      clientId: reader.text(),
      subscriptions: reader.all((): Grant => ({ qos: qosOf(reader.number(1)), topic: reader.text() })),
    }),
  },
  unsubscribed: {
    code: 5,
    encode: ({ clientId, filters }) => [text(clientId), ...filters.map(text)],
    decode: (reader) => ({
      kind: 'unsubscribed',
      clientId: reader.text(),
      filters: reader.all(() => reader.text()),
    }),
  },
  forgotten: {
    code: 6,
    encode: ({ clientId }) => [text(clientId)],
    decode: (reader) => ({ kind: 'forgotten', clientId: reader.text() }),
  },
  sent: {
    code: 7,
    encode: ({ clientId, seq, messageId }) => [text(clientId), number(seq, 6), number(messageId, 2)],
    decode: (reader) => ({ kind: 'sent', ...decodeDelivery(reader) }),
  },
  pubrel: {
    code: 8,
    encode: ({ clientId, seq, messageId }) => [text(clientId), number(seq, 6), number(messageId, 2)],
    decode: (reader) => ({ kind: 'pubrel', ...decodeDelivery(reader) }),
  },
  settled: {
    code: 9,
    encode: ({ clientId, seq }) => [text(clientId), number(seq, 6)],
    decode: (reader) => ({ kind: 'settled', clientId: reader.text(), seq: reader.number(6) }),
  },
}

const DECODERS: ReadonlyMap<number, (reader: FieldReader) => SessionChange> = new Map(
  Object.values(FORMS).map(({ code, decode }) => [code, decode]),
)

export function encodeChange<K extends Kind>(change: Of<K> & { readonly kind: K }): Buffer {
  const form: Form<K> = FORMS[change.kind]
  return Buffer.concat([number(form.code, 1), ...form.encode(change)])
}

/** Undefined for bytes that are no change: written by a newer version, or not by this program. */
export function decodeChange(bytes: Buffer): SessionChange | undefined {
  const reader = new FieldReader(bytes)
  const change = DECODERS.get(reader.number(1))?.(reader)
  return reader.isWhole ? change : undefined
}

const QOS_BITS = 0x03
const RETAIN_BIT = 0x04
const ORIGIN_BIT = 0x08

function encodeMessage({ message, origin }: Of<'message'>): readonly Buffer[] {
  const { topic, payload, qos, retain } = message
  const flags = qos | (retain ? RETAIN_BIT : 0) | (origin === undefined ? 0 : ORIGIN_BIT)
  const from = origin === undefined ? [] : [text(origin.clientId), number(origin.messageId, 2)]
  return [number(flags, 1), ...from, text(topic), payload]
}

function decodeMessage(reader: FieldReader): Of<'message'> {
  const flags = reader.number(1)
  const origin = (flags & ORIGIN_BIT) === 0 ? undefined : decodeOrigin(reader)
  const message: Message = {
    topic: reader.text(),
    payload: reader.rest(),
    qos: qosOf(flags & QOS_BITS),
    retain: (flags & RETAIN_BIT) !== 0,
  }
  return { kind: 'message', message, ...(origin === undefined ? {} : { origin }) }
}

function decodeOrigin(reader: FieldReader): Origin {
  return { clientId: reader.text(), messageId: reader.number(2) }
}

function decodeDelivery(reader: FieldReader): Omit<Of<'sent'>, 'kind'> {
  return { clientId: reader.text(), seq: reader.number(6), messageId: reader.number(2) }
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

  number(width: 1 | 2 | 6): number {
    const field = this.#take(width)
    return field.length === width ? field.readUIntBE(0, width) : 0
  }

  text(): string {
    return this.#take(this.number(2)).toString('utf8')
  }

  /** Items until the bytes are used up. */
  all<T>(read: () => T): readonly T[] {
    const items: T[] = []
    while (this.#isWhole && this.#offset < this.#bytes.length) items.push(read())
    return items
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
