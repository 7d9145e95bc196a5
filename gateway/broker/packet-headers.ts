/** Follows the fixed headers of a stream of MQTT packets without keeping any of it. */

// MQTT 3.1.1, 2.2.3: seven bits a byte, at most four bytes.
const MAX_LENGTH_BYTES = 4

export type HeaderFault = {
  readonly kind: 'packet-too-large' | 'malformed-header'
  readonly announcedBytes: number
}

export class PacketHeaders {
  readonly #maxPacketBytes: number
  #phase: 'type' | 'length' | 'body' = 'type'
  #lengthBytes = 0
  #remainingBytes = 0
  #followedBytes = 0
  #firstPacketBytes: number | undefined

  constructor(maxPacketBytes: number) {
    this.#maxPacketBytes = maxPacketBytes
  }

  /** How long the first packet is, header and all; undefined while it has not ended. */
  get firstPacketBytes(): number | undefined {
    return this.#firstPacketBytes
  }

  /** Undefined when all headers so far are in order. */
  follow(bytes: Uint8Array): HeaderFault | undefined {
    let at = 0
    while (at < bytes.length) {
      if (this.#phase === 'body') {
        const taken = Math.min(this.#remainingBytes, bytes.length - at)
        at += taken
        this.#remainingBytes -= taken
        if (this.#remainingBytes === 0) this.#endPacket(at)
        continue
      }
      const byte = bytes[at] ?? 0
      at += 1
      if (this.#phase === 'type') this.#beginLength()
      else {
        const fault = this.#addLength(byte, at)
        if (fault !== undefined) return fault
      }
    }
    this.#followedBytes += bytes.length
    return undefined
  }

  #beginLength(): void {
    this.#phase = 'length'
    this.#lengthBytes = 0
    this.#remainingBytes = 0
  }

  #addLength(byte: number, at: number): HeaderFault | undefined {
    this.#remainingBytes += (byte & 0x7f) * 128 ** this.#lengthBytes
    this.#lengthBytes += 1
    if ((byte & 0x80) !== 0)
      return this.#lengthBytes === MAX_LENGTH_BYTES
        ? { kind: 'malformed-header', announcedBytes: this.#remainingBytes }
        : undefined
    if (this.#remainingBytes > this.#maxPacketBytes)
      return { kind: 'packet-too-large', announcedBytes: this.#remainingBytes }
    this.#phase = 'body'
    if (this.#remainingBytes === 0) this.#endPacket(at)
    return undefined
  }

  #endPacket(at: number): void {
    this.#phase = 'type'
    this.#firstPacketBytes ??= this.#followedBytes + at
  }
}
