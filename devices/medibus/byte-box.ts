import { MAX_DISCARD_BYTES } from '../framing/discard-run.ts'

/** A fixed number of bytes, filled one by one. */
export class ByteBox {
  readonly #bytes: Uint8Array
  #used = 0

  constructor(sizeBytes: number) {
    this.#bytes = new Uint8Array(sizeBytes)
  }

  get used(): number {
    return this.#used
  }

  /** False when the box is full: the byte is not in it. */
  push(byte: number): boolean {
    if (this.#used === this.#bytes.length) return false
    this.#bytes[this.#used] = byte
    this.#used += 1
    return true
  }

  clear(): void {
    this.#used = 0
  }

  /** Good until the next change. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#used)
  }

  /** Copies, each small enough for one discard. */
  pieces(): readonly Uint8Array[] {
    const count = Math.ceil(this.#used / MAX_DISCARD_BYTES)
    return Array.from({ length: count }, (_, index) =>
      this.#bytes.slice(index * MAX_DISCARD_BYTES, Math.min((index + 1) * MAX_DISCARD_BYTES, this.#used)),
    )
  }
}
