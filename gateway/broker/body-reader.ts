/** Reads the fields of a packet from front to back. Past the end it answers nothing, and remembers it. */

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export class BodyReader {
  readonly #body: Buffer
  #offset = 0
  #isShort = false
  #hasBadText = false

  constructor(body: Buffer) {
    this.#body = body
  }

  /** Something was read that is not there. */
  get isShort(): boolean {
    return this.#isShort
  }

  get hasMore(): boolean {
    return !this.#isShort && this.#offset < this.#body.length
  }

  get isExactlyRead(): boolean {
    return !this.#isShort && this.#offset === this.#body.length
  }

  /** [MQTT-1.5.3-1], [MQTT-1.5.3-2]: some text was not UTF-8, or held U+0000. */
  get hasBadText(): boolean {
    return this.#hasBadText
  }

  byte(): number {
    return this.#take(1)[0] ?? 0
  }

  /** Two bytes, the high one first. */
  number(): number {
    const field = this.#take(2)
    return field.length === 2 ? field.readUInt16BE(0) : 0
  }

  /** Bytes behind their length in two bytes. */
  bytes(): Buffer {
    return this.#take(this.number())
  }

  text(): string {
    const field = this.bytes()
    // A surrogate written as three bytes is ill-formed for the decoder as well.
    try {
      const decoded = utf8.decode(field)
      if (decoded.includes('\u0000')) this.#hasBadText = true
      return decoded
    } catch {
      this.#hasBadText = true
      return field.toString('latin1')
    }
  }

  skip(count: number): void {
    this.#take(count)
  }

  rest(): Buffer {
    return this.#take(this.#body.length - this.#offset)
  }

  #take(count: number): Buffer {
    const end = this.#offset + count
    if (end > this.#body.length) this.#isShort = true
    const field = this.#body.subarray(this.#offset, Math.min(end, this.#body.length))
    this.#offset = Math.min(end, this.#body.length)
    return field
  }
}
