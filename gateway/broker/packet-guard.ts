/**
 * Stands between a connection (a TLS socket, or WSS over one) and Aedes, which buffers whatever length a packet
 * announces. It follows the fixed headers of MQTT and ends the connection at the first that is malformed or announces
 * too much, before a byte of it is kept. And it keeps what a client sends behind its CONNECT until that is answered:
 * Aedes would acknowledge a PUBLISH before the CONNECT [MQTT-3.2.0-1].
 */

import { Duplex } from 'node:stream'
import type { Cancel, Clock } from '../clock.ts'
import { BrokerError } from '../errors.ts'
import { PacketHeaders } from './packet-headers.ts'

// A burst of small messages to a healthy client must not count as a full connection.
const WRITE_MARK_BYTES = 256 * 1024
/** How long the last bytes (a refusing CONNACK) may take to leave after the connection was given up. */
const LINGER_MS = 1_000

export interface GuardOptions {
  readonly packetBytes: number
  readonly clock: Clock
  readonly onFault: (fault: 'packet-too-large' | 'malformed-header', announcedBytes: number) => void
}

export class PacketGuard extends Duplex {
  readonly #socket: Duplex
  readonly #headers: PacketHeaders
  readonly #options: GuardOptions
  #heardAtMs: number
  #passedBytes = 0
  /** What came behind the first packet and waits for the first answer. */
  #early: Buffer | undefined
  #isAnswered = false
  #isHalted = false
  #isCut = false

  constructor(socket: Duplex, options: GuardOptions) {
    super({ allowHalfOpen: false, writableHighWaterMark: WRITE_MARK_BYTES })
    this.#socket = socket
    this.#headers = new PacketHeaders(options.packetBytes)
    this.#options = options
    this.#heardAtMs = options.clock.monotonicMs()
    socket.on('data', (bytes: Buffer) => this.#receive(bytes))
    socket.on('end', () => this.push(null))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy())
  }

  /** When the far end last said anything, by the monotonic clock; now, while some of it waits to be read. */
  get heardAtMs(): number {
    const isUnread = this.#early !== undefined || this.readableLength > 0 || this.#socket.readableLength > 0
    return isUnread ? this.#options.clock.monotonicMs() : this.#heardAtMs
  }

  /** Ends the connection without a last word: what waits to be sent is not for this far end any more. */
  cut(): void {
    this.#isCut = true
    this.destroy()
  }

  /** Reads no more: what is under way may finish, nothing new begins. */
  halt(): void {
    this.#isHalted = true
    this.#socket.pause()
  }

  override _read(): void {
    if (!this.#isHalted && this.#early === undefined) this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, (error) => this.#written(error, done))
  }

  /** A packet is written in several pieces; together they make one TLS record. */
  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    const bytes = Buffer.concat(chunks.map(({ chunk }) => chunk))
    this.#socket.write(bytes, (error) => this.#written(error, done))
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done())
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#isCut) this.#socket.destroy()
    else closeSoon(this.#socket, this.#options.clock)
    done(error)
  }

  #receive(bytes: Buffer): void {
    if (this.destroyed) return
    this.#heardAtMs = this.#options.clock.monotonicMs()
    const fault = this.#headers.follow(bytes)
    if (fault === undefined) {
      this.#pass(bytes)
      return
    }
    this.#options.onFault(fault.kind, fault.announcedBytes)
    this.destroy(new BrokerError(`the client sent a packet that is refused: ${fault.kind}`))
  }

  #pass(bytes: Buffer): void {
    const waitsFrom = this.#isAnswered ? undefined : this.#headers.firstPacketBytes
    const passes = Math.min(bytes.length, Math.max(0, (waitsFrom ?? Infinity) - this.#passedBytes))
    this.#passedBytes += passes
    if (passes > 0 && !this.push(bytes.subarray(0, passes))) this.#socket.pause()
    if (passes === bytes.length) return
    const waiting = bytes.subarray(passes)
    this.#early = this.#early === undefined ? waiting : Buffer.concat([this.#early, waiting])
    this.#socket.pause()
  }

  #written(error: Error | null | undefined, done: (error?: Error | null) => void): void {
    done(error)
    this.#isAnswered = true
    const early = this.#early
    if (early === undefined || this.destroyed || this.#isHalted) return
    this.#early = undefined
    if (this.push(early)) this.#socket.resume()
  }
}

function closeSoon(socket: Duplex, clock: Clock): void {
  if (socket.destroyed) return
  let cancel: Cancel | undefined = clock.after(LINGER_MS, () => socket.destroy())
  socket.once('close', () => {
    cancel?.()
    cancel = undefined
  })
  socket.end(() => socket.destroy())
}
