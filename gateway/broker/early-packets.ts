/** What a client sends before its CONNACK: kept within a bound, until it may follow. */

import type { WholePacket } from './packet-cutter.ts'

export class EarlyPackets {
  readonly #boundBytes: number
  #packets: WholePacket[] = []
  #sizeBytes = 0

  constructor(boundBytes: number) {
    this.#boundBytes = boundBytes
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** What comes now has to wait in the network. */
  get isFull(): boolean {
    return this.#sizeBytes > this.#boundBytes
  }

  keep(packet: WholePacket): void {
    this.#packets.push(packet)
    this.#sizeBytes += packet.sizeBytes
  }

  takeAll(): readonly WholePacket[] {
    this.#sizeBytes = 0
    return this.#packets.splice(0)
  }
}
