/** Messages of one durable session that its client has not acknowledged, oldest first, within bounds. */

/** A PUBLISH that waits, or the PUBREL that took its place. */
export interface QueuedPacket {
  readonly cmd: string
  readonly brokerId?: string | undefined
  readonly brokerCounter?: number | undefined
  readonly messageId?: number | undefined
  readonly qos?: number | undefined
  readonly dup?: boolean | undefined
  readonly payload?: string | Buffer
  /** The number of the message in the journal; absent for what is in none. */
  readonly seq?: number | undefined
}

/** One waiting message as a restart needs it: where it is in the journal, and how far its delivery had come. */
export interface WaitingRef {
  readonly seq: number
  readonly messageId: number | undefined
  readonly isReleased: boolean
}

export interface QueueBounds {
  readonly queuedMessages: number
  readonly queuedBytes: number
}

interface Entry {
  packet: QueuedPacket
  sizeBytes: number
  /** Under which the message was handed to Aedes; it survives the PUBREL. */
  brokerKey: string | undefined
  readonly seq: number | undefined
  /** The connection on which it has been sent. */
  sentOn: object | undefined
  /** The connection whose backlog it is part of. */
  offeredOn: object | undefined
}

/** Holds the place of a message that is still to be read from the journal. */
const UNFILLED = 'unfilled'

export class OutgoingQueue {
  readonly #bounds: QueueBounds
  // In the order of their coming, with the ways in which Aedes and the journal ask for one of them.
  readonly #entries = new Set<Entry>()
  readonly #byBrokerKey = new Map<string, Entry>()
  readonly #byMessageId = new Map<number, Entry>()
  readonly #bySeq = new Map<number, Entry>()
  #lastOffered: Entry | undefined
  #sizeBytes = 0
  #hasOverflowed = false

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds
  }

  /** 'overflow' once, when the oldest message had to make room for the first time since the queue was empty. */
  add(packet: QueuedPacket): 'queued' | 'overflow' {
    this.#insert({ ...packet })
    return this.#bound()
  }

  /** A message that goes out on the connection at this moment, without having waited. */
  addSent(packet: QueuedPacket, connection: object): 'queued' | 'overflow' {
    const entry = this.#insert({ ...packet })
    entry.sentOn = connection
    entry.offeredOn = connection
    return this.#bound()
  }

  #bound(): 'queued' | 'overflow' {
    const hadOverflowed = this.#hasOverflowed
    while (this.#isOverfull()) {
      const [oldest] = this.#entries
      if (oldest === undefined) break
      this.#remove(oldest)
      this.#hasOverflowed = true
    }
    return this.#hasOverflowed && !hadOverflowed ? 'overflow' : 'queued'
  }

  /** A message is sent under a packet id, or a PUBREL replaces the PUBLISH of that id. Answers what it is now. */
  update(packet: QueuedPacket, connection?: object): QueuedPacket | undefined {
    const entry =
      packet.cmd === 'pubrel'
        ? this.#byMessageId.get(packet.messageId ?? 0)
        : this.#byBrokerKey.get(brokerKeyOf(packet) ?? '')
    if (entry === undefined) return undefined
    entry.sentOn = connection
    if (packet.cmd === 'pubrel') entry.packet = { ...packet, seq: entry.seq }
    else this.#number(entry, packet.messageId)
    return entry.packet
  }

  /** The client has acknowledged it, or may not have it: it is gone. */
  settle(packet: QueuedPacket): QueuedPacket | undefined {
    const entry =
      packet.messageId === undefined
        ? this.#byBrokerKey.get(brokerKeyOf(packet) ?? '')
        : this.#byMessageId.get(packet.messageId)
    if (entry === undefined) return undefined
    this.#remove(entry)
    if (this.#entries.size === 0) this.#hasOverflowed = false
    return entry.packet
  }

  /** [MQTT-3.3.1-1]: what was sent before is sent again with DUP. */
  redeliveries(): readonly QueuedPacket[] {
    return [...this.#entries].map(({ packet }) => asRedelivery(packet))
  }

  /**
   * What waits, in order, as it is to be sent on a connection; what comes while this is gone through comes at its end.
   * Each is offered once on a connection, also when this is begun again.
   */
  *offers(connection: object): Generator<QueuedPacket> {
    for (const entry of this.#entries) {
      if (entry.offeredOn === connection) continue
      entry.offeredOn = connection
      this.#lastOffered = entry
      yield asRedelivery(entry.packet)
    }
  }

  /** True when what was offered last on that connection has been sent on it, or waits no more. Offers are sent in order. */
  hasSentOffers(connection: object): boolean {
    const last = this.#lastOffered
    return last === undefined || last.sentOn === connection || !this.#entries.has(last)
  }

  /** Whether this very message has been sent on that connection; undefined when it is none of these. */
  wasSentOn(connection: object, packet: QueuedPacket): boolean | undefined {
    const entry = this.#byBrokerKey.get(brokerKeyOf(packet) ?? '')
    return entry === undefined ? undefined : entry.sentOn === connection
  }

  /** Something waits for its acknowledgement under this packet id; not counting the message itself. */
  isUsed(messageId: number, packet?: QueuedPacket): boolean {
    const entry = this.#byMessageId.get(messageId)
    return entry !== undefined && (packet === undefined || entry.brokerKey !== brokerKeyOf(packet))
  }

  /** The highest packet id under which something waits for its acknowledgement. */
  get highestMessageId(): number {
    return Math.max(0, ...this.#byMessageId.keys())
  }

  // By number of the journal: how a queue is written down, and read again at the start.

  has(seq: number): boolean {
    return this.#bySeq.has(seq)
  }

  refs(): readonly WaitingRef[] {
    return [...this.#entries].flatMap(({ seq, packet }) =>
      seq === undefined ? [] : [{ seq, messageId: packet.messageId, isReleased: packet.cmd === 'pubrel' }],
    )
  }

  keepPlace({ seq, messageId, isReleased }: WaitingRef): void {
    this.#insert({ cmd: isReleased ? 'pubrel' : UNFILLED, messageId, seq })
  }

  /** Puts the message of that number into the place that was kept for it. */
  fill(packet: QueuedPacket & { readonly seq: number }): void {
    const entry = this.#bySeq.get(packet.seq)
    if (entry?.packet.cmd !== UNFILLED) return
    // The order must not change, so the entry stays and only what it holds is new.
    const { messageId } = entry.packet
    entry.packet = { ...packet, messageId }
    entry.sizeBytes = packet.payload?.length ?? 0
    this.#sizeBytes += entry.sizeBytes
    entry.brokerKey = brokerKeyOf(packet)
    if (entry.brokerKey !== undefined) this.#byBrokerKey.set(entry.brokerKey, entry)
  }

  numberSeq(seq: number, messageId: number): void {
    const entry = this.#bySeq.get(seq)
    if (entry !== undefined) this.#number(entry, messageId)
  }

  releaseSeq(seq: number, messageId: number): void {
    const entry = this.#bySeq.get(seq)
    if (entry === undefined) return
    this.#number(entry, messageId)
    entry.packet = { cmd: 'pubrel', messageId, seq }
  }

  settleSeq(seq: number): void {
    const entry = this.#bySeq.get(seq)
    if (entry !== undefined) this.#remove(entry)
  }

  /** Gives up the places for which no message came; the number of them. */
  dropUnfilled(): number {
    const unfilled = [...this.#entries].filter(({ packet }) => packet.cmd === UNFILLED)
    for (const entry of unfilled) this.#remove(entry)
    return unfilled.length
  }

  #insert(packet: QueuedPacket): Entry {
    const brokerKey = brokerKeyOf(packet)
    const entry: Entry = {
      packet,
      sizeBytes: packet.payload?.length ?? 0,
      brokerKey,
      seq: packet.seq,
      sentOn: undefined,
      offeredOn: undefined,
    }
    this.#entries.add(entry)
    this.#sizeBytes += entry.sizeBytes
    if (brokerKey !== undefined) this.#byBrokerKey.set(brokerKey, entry)
    if (packet.messageId !== undefined) this.#byMessageId.set(packet.messageId, entry)
    if (packet.seq !== undefined) this.#bySeq.set(packet.seq, entry)
    return entry
  }

  #number(entry: Entry, messageId: number | undefined): void {
    entry.packet = { ...entry.packet, messageId }
    if (messageId !== undefined) this.#byMessageId.set(messageId, entry)
  }

  #remove(entry: Entry): void {
    const { packet, brokerKey, seq, sizeBytes } = entry
    this.#entries.delete(entry)
    this.#sizeBytes -= sizeBytes
    if (brokerKey !== undefined) this.#byBrokerKey.delete(brokerKey)
    if (packet.messageId !== undefined && this.#byMessageId.get(packet.messageId) === entry)
      this.#byMessageId.delete(packet.messageId)
    if (seq !== undefined) this.#bySeq.delete(seq)
  }

  #isOverfull(): boolean {
    return this.#entries.size > this.#bounds.queuedMessages || this.#sizeBytes > this.#bounds.queuedBytes
  }
}

function asRedelivery(packet: QueuedPacket): QueuedPacket {
  return packet.cmd === 'publish' ? { ...packet, dup: packet.messageId !== undefined } : packet
}

function brokerKeyOf({ brokerId, brokerCounter }: QueuedPacket): string | undefined {
  return brokerCounter === undefined ? undefined : `${brokerId ?? ''}:${brokerCounter}`
}
