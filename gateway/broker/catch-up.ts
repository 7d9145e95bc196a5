/**
 * [MQTT-4.6.0-6]: a session that comes back gets what has waited first, and what is published meanwhile after it. Aedes
 * sends both at the same time. So on a new connection live copies are held back until everything that waits has been
 * sent on it; they wait with the rest, and the backlog takes them along.
 */

import { Readable } from 'node:stream'
import type { OutgoingQueue, QueuedPacket } from './outgoing-queue.ts'

interface Progress {
  phase: 'catching-up' | 'live' | 'closed'
  wake: () => void
}

export class CatchUp {
  readonly #connections = new WeakMap<object, Progress>()

  /** What waits, in order, up to the moment when all of it has been sent. */
  stream(connection: object, queue: OutgoingQueue): Readable {
    const progress: Progress = { phase: 'catching-up', wake: () => undefined }
    this.#connections.set(connection, progress)
    const packets = Readable.from(backlog(connection, queue, progress))
    packets.once('close', () => {
      if (progress.phase === 'catching-up') progress.phase = 'closed'
      progress.wake()
    })
    return packets
  }

  /** Something of the queue was sent on the connection, or waits no more. */
  progressed(connection: object): void {
    this.#connections.get(connection)?.wake()
  }

  /** False for a live copy that is to wait for its turn in the backlog, or that the backlog has brought already. */
  mayPass(connection: object, queue: OutgoingQueue, packet: QueuedPacket): boolean {
    const wasSent = queue.wasSentOn(connection, packet)
    if (wasSent === undefined) return true
    const progress = this.#connections.get(connection)
    progress?.wake()
    return !wasSent && progress?.phase === 'live'
  }
}

async function* backlog(
  connection: object,
  queue: OutgoingQueue,
  progress: Progress,
): AsyncGenerator<QueuedPacket> {
  while (progress.phase === 'catching-up') {
    yield* queue.offers(connection)
    // In the same turn: nothing can come between finding that all is sent and letting live copies pass.
    if (queue.hasSentOffers(connection)) progress.phase = 'live'
    else
      await new Promise<void>((resolve) => {
        progress.wake = resolve
      })
  }
}
