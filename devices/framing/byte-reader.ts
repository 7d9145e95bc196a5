import type { DiscardReason } from '../protocol.ts'
import { decodeFloat, decodeSfloat, type MedicalFloat } from './ieee11073-float.ts'

/**
 * Reads a little-endian value from front to back. It never throws: the first fault is remembered, every later read
 * answers 0, and whoever started the reader asks for `fault` when all fields are read.
 */
export class ByteReader {
  readonly #view: DataView
  readonly #bytes: Uint8Array
  #offset = 0
  #fault: DiscardReason | undefined
  #isOpenEnded = false

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get fault(): DiscardReason | undefined {
    return this.#fault
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  /** True when a field took all that was left: the length then proves nothing. */
  get isOpenEnded(): boolean {
    return this.#isOpenEnded
  }

  refuse(reason: DiscardReason): void {
    this.#fault ??= reason
  }

  /** Length is part of the format: octets that no field announced make the whole value unsafe. */
  finish(): DiscardReason | undefined {
    if (this.remaining > 0) this.refuse('trailing')
    return this.#fault
  }

  /** The next octet, left where it is. */
  peek(): number {
    const octet = this.#bytes[this.#offset]
    if (octet === undefined) this.refuse('truncated')
    return octet ?? 0
  }

  u8(): number {
    return this.#read(1, (at) => this.#view.getUint8(at))
  }

  s8(): number {
    return this.#read(1, (at) => this.#view.getInt8(at))
  }

  u16(): number {
    return this.#read(2, (at) => this.#view.getUint16(at, true))
  }

  s16(): number {
    return this.#read(2, (at) => this.#view.getInt16(at, true))
  }

  u24(): number {
    return this.#read(3, (at) => this.#view.getUint16(at, true) + this.#view.getUint8(at + 2) * 0x10000)
  }

  u32(): number {
    return this.#read(4, (at) => this.#view.getUint32(at, true))
  }

  s32(): number {
    return this.#read(4, (at) => this.#view.getInt32(at, true))
  }

  sfloat(): MedicalFloat {
    return decodeSfloat(this.u16())
  }

  float(): MedicalFloat {
    return decodeFloat(this.u32())
  }

  bytes(sizeBytes: number): Uint8Array {
    const from = this.#offset
    this.#read(sizeBytes, () => 0)
    return this.#bytes.subarray(from, this.#offset)
  }

  rest(): Uint8Array {
    this.#isOpenEnded = true
    return this.bytes(this.remaining)
  }

  #read(sizeBytes: number, get: (at: number) => number): number {
    if (sizeBytes > this.remaining) {
      this.refuse('truncated')
      this.#offset = this.#bytes.length
      return 0
    }
    const value = get(this.#offset)
    this.#offset += sizeBytes
    return value
  }
}
