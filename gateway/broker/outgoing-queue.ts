/** Messages of one durable session that its client has not acknowledged, oldest first, within bounds. */

/** A PUBLISH that waits, or the PUBREL that took its place. */
export interface QueuedPacket {
  readonly cmd: string
  readonly brokerId?: string | undefined
  readonly brokerCounter?: number | undefined
  readonly messageId?: number | undefined
  readonly payload?: string | Buffer
}

interface Entry {
  packet: QueuedPacket
  readonly sizeBytes: number
}

export interface QueueBounds {
  readonly queuedMessages: number
  readonly queuedBytes: number
}

export class OutgoingQueue {
  readonly #bounds: QueueBounds
  #entries: Entry[] = []
  #sizeBytes = 0
  #hasOverflowed = false

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds
  }

  /** 'overflow' once, when the oldest message had to make room for the first time since the queue was empty. */
  add(packet: QueuedPacket): 'queued' | 'overflow' {
    const sizeBytes = packet.payload?.length ?? 0
    this.#entries.push({ packet: { ...packet }, sizeBytes })
    this.#sizeBytes += sizeBytes
    const hadOverflowed = this.#hasOverflowed
    while (this.#isOverfull()) {
      this.#removeAt(0)
      this.#hasOverflowed = true
    }
    return this.#hasOverflowed && !hadOverflowed ? 'overflow' : 'queued'
  }

  /** A message has been given its packet id, or a PUBREL replaces the PUBLISH of that id. */
  update(packet: QueuedPacket): void {
    const entry = this.#entries.find(({ packet: queued }) =>
      packet.cmd === 'pubrel' ? queued.messageId === packet.messageId : isSameMessage(queued, packet),
    )
    if (entry === undefined) return
    entry.packet = packet.cmd === 'pubrel' ? packet : { ...entry.packet, messageId: packet.messageId }
  }

  /** The client has acknowledged it, or may not have it: it is gone. */
  settle(packet: QueuedPacket): QueuedPacket | undefined {
    const index = this.#entries.findIndex(({ packet: queued }) =>
      packet.messageId === undefined ? isSameMessage(queued, packet) : queued.messageId === packet.messageId,
    )
    if (index === -1) return undefined
    const settled = this.#removeAt(index)
    if (this.#entries.length === 0) this.#hasOverflowed = false
    return settled
  }

  /** [MQTT-3.3.1-1]: what was sent before is sent again with DUP. */
  redeliveries(): readonly QueuedPacket[] {
    return this.#entries.map(({ packet }) =>
      packet.cmd === 'publish' ? { ...packet, dup: packet.messageId !== undefined } : packet,
    )
  }

  #isOverfull(): boolean {
    return this.#entries.length > this.#bounds.queuedMessages || this.#sizeBytes > this.#bounds.queuedBytes
  }

  #removeAt(index: number): QueuedPacket | undefined {
    const [entry] = this.#entries.splice(index, 1)
    this.#sizeBytes -= entry?.sizeBytes ?? 0
    return entry?.packet
  }
}

function isSameMessage(a: QueuedPacket, b: QueuedPacket): boolean {
  return a.brokerCounter !== undefined && a.brokerId === b.brokerId && a.brokerCounter === b.brokerCounter
}
