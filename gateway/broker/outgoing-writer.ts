/** The way out of a connection: published packets of one turn leave together, and it is seen whether anything leaves. */

import type { Duplex } from 'node:stream'
import type { Clock } from '../clock.ts'
import { copyWithId, type EncodedPublish } from './encoded-publish.ts'

/** More than this leaves at once, so that the far end can begin; also the size of what is waited for to leave. */
const BATCH_BYTES = 64 * 1024

type Done = (error?: Error | null) => void

export class OutgoingWriter {
  readonly #socket: Duplex
  readonly #clock: Clock
  /** Published packets of this turn, and the packet id of each. */
  #batch: EncodedPublish[] = []
  #batchIds: number[] = []
  #batchBytes = 0
  #isSending = false
  /** When the far end last took something of it, or it was begun. */
  #progressAtMs = 0

  constructor(socket: Duplex, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
  }

  get batchBytes(): number {
    return this.#batchBytes
  }

  /** For how long nothing has left of what is being sent. */
  get stalledMs(): number {
    return this.#isSending ? this.#clock.monotonicMs() - this.#progressAtMs : 0
  }

  get isBatchFull(): boolean {
    return this.#batchBytes >= BATCH_BYTES
  }

  add(packet: EncodedPublish, messageId: number): void {
    this.#batch.push(packet)
    this.#batchIds.push(messageId)
    this.#batchBytes += packet.bytes.length
  }

  /** The packets of the batch as they are to be sent; it is empty then. */
  takeBatch(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#batchBytes)
    let offset = 0
    for (const [index, packet] of this.#batch.entries())
      offset = copyWithId(packet, this.#batchIds[index] ?? 0, bytes, offset)
    this.#batch = []
    this.#batchIds = []
    this.#batchBytes = 0
    return bytes
  }

  /** Small chunks together, as they are the pieces of one packet and make one TLS record. */
  send(chunks: readonly Buffer[], done: Done): void {
    this.#sendPieces(chunks.length === 1 ? chunks : joined(chunks), done)
  }

  /** One piece after the other, so that each that leaves is seen to leave. */
  #sendPieces(pieces: readonly Buffer[], done: Done): void {
    const [first, ...others] = pieces
    // Where nobody is there to hear it any more, what was sent before may still be being handled.
    this.#isSending = first !== undefined && this.#socket.writable
    if (first === undefined || !this.#isSending) {
      done()
      return
    }
    this.#progressAtMs = this.#clock.monotonicMs()
    this.#socket.write(first, (error) => {
      if (error === undefined || error === null) this.#sendPieces(others, done)
      else done(error)
    })
  }
}

function joined(chunks: readonly Buffer[]): readonly Buffer[] {
  const pieces: Buffer[] = []
  let group: Buffer[] = []
  let groupBytes = 0
  const close = (): void => {
    const [only] = group
    if (only !== undefined) pieces.push(group.length === 1 ? only : Buffer.concat(group, groupBytes))
    group = []
    groupBytes = 0
  }
  for (const chunk of chunks) {
    if (groupBytes + chunk.length > BATCH_BYTES) close()
    group.push(chunk)
    groupBytes += chunk.length
  }
  close()
  return pieces
}
