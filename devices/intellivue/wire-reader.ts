/**
 * Reads big-endian fields from front to back inside nested lengths. It never throws and never allocates: what does not
 * fit marks the reader as broken, every later read answers 0, and nothing is left to read.
 */
export class WireReader {
  #bytes: Uint8Array
  #at = 0
  #end: number
  #isBroken = false

  constructor(bytes: Uint8Array, from = 0, to = bytes.length) {
    this.#bytes = bytes
    this.#at = from
    this.#end = to
  }

  get isBroken(): boolean {
    return this.#isBroken
  }

  get at(): number {
    return this.#at
  }

  /** How many bytes of the innermost length are left. */
  get left(): number {
    return this.#end - this.#at
  }

  /** All was read, and nothing was missing. */
  get isDone(): boolean {
    return this.#at === this.#end && !this.#isBroken
  }

  u8(): number {
    const at = this.#take(1)
    return at < 0 ? 0 : (this.#bytes[at] ?? 0)
  }

  u16(): number {
    const at = this.#take(2)
    return at < 0 ? 0 : ((this.#bytes[at] ?? 0) << 8) | (this.#bytes[at + 1] ?? 0)
  }

  u32(): number {
    const at = this.#take(4)
    if (at < 0) return 0
    return (
      (this.#bytes[at] ?? 0) * 0x1000000 +
      (((this.#bytes[at + 1] ?? 0) << 16) | ((this.#bytes[at + 2] ?? 0) << 8) | (this.#bytes[at + 3] ?? 0))
    )
  }

  skip(sizeBytes: number): void {
    this.#take(sizeBytes)
  }

  /** A view of the next bytes, not a copy. */
  view(sizeBytes: number): Uint8Array {
    const at = this.#take(sizeBytes)
    return at < 0 ? this.#bytes.subarray(0, 0) : this.#bytes.subarray(at, at + sizeBytes)
  }

  /** What follows belongs to a length of its own; `leave` takes the answer back. */
  enter(sizeBytes: number): number {
    const outerEnd = this.#end
    if (sizeBytes > this.left) this.break()
    else this.#end = this.#at + sizeBytes
    return outerEnd
  }

  /** Goes to the end of the length that was entered. */
  leave(outerEnd: number): void {
    this.#at = this.#isBroken ? outerEnd : this.#end
    this.#end = outerEnd
  }

  /** The same where the length is known to be good, whatever was found inside it. */
  leaveWhole(outerEnd: number): void {
    this.#at = this.#end
    this.#end = outerEnd
    this.#isBroken = false
  }

  break(): void {
    this.#isBroken = true
    this.#at = this.#end
  }

  #take(sizeBytes: number): number {
    const at = this.#at
    if (at + sizeBytes > this.#end) {
      this.break()
      return -1
    }
    this.#at = at + sizeBytes
    return at
  }
}
