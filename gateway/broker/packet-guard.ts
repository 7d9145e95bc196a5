/**
 * Stands between a connection (a TLS socket, or WSS over one) and Aedes, which buffers whatever length a packet announces
 * and overlooks much of what MQTT forbids. Only whole packets in order pass; the first that is too large or malformed
 * ends the connection, and nothing of it is kept. What a client sends behind its CONNECT waits until that is answered:
 * Aedes would acknowledge a PUBLISH before the CONNECT [MQTT-3.2.0-1].
 */

import { Duplex } from 'node:stream'
import type { Cancel, Clock } from '../clock.ts'
import { BrokerError } from '../errors.ts'
import { PacketCutter, type HeaderFault } from './packet-cutter.ts'
import { syntaxFault, type SyntaxFault } from './packet-syntax.ts'

// A burst of small messages to a healthy client must not count as a full connection.
const WRITE_MARK_BYTES = 256 * 1024
/** How long the last bytes (a refusing CONNACK) may take to leave after the connection was given up. */
const LINGER_MS = 1_000

export interface GuardOptions {
  readonly packetBytes: number
  readonly clock: Clock
  readonly onFault: (fault: PacketFault) => void
}

export type PacketFault = HeaderFault | { readonly kind: 'malformed-packet'; readonly rule: SyntaxFault }

/** [MQTT-3.1.2-2]: CONNACK 1, unacceptable protocol version. */
const UNACCEPTABLE_VERSION = Buffer.of(0x20, 0x02, 0x00, 0x01)

export class PacketGuard extends Duplex {
  readonly #socket: Duplex
  readonly #cutter: PacketCutter
  readonly #options: GuardOptions
  #heardAtMs: number
  /** The CONNECT was in order. */
  #isConnected = false
  /** What came behind the CONNECT and waits for its answer. */
  #early: Buffer[] = []
  #isAnswered = false
  #isHalted = false
  #isCut = false

  constructor(socket: Duplex, options: GuardOptions) {
    super({ allowHalfOpen: false, writableHighWaterMark: WRITE_MARK_BYTES })
    this.#socket = socket
    this.#cutter = new PacketCutter(options.packetBytes)
    this.#options = options
    this.#heardAtMs = options.clock.monotonicMs()
    socket.on('data', (bytes: Buffer) => this.#receive(bytes))
    socket.on('end', () => this.push(null))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy())
  }

  /** When the far end last said anything, by the monotonic clock; now, while some of it waits to be read. */
  get heardAtMs(): number {
    const isUnread = this.#early.length > 0 || this.readableLength > 0 || this.#socket.readableLength > 0
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
    if (!this.#isHalted && this.#early.length === 0) this.#socket.resume()
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
    const { packets, fault: headerFault } = this.#cutter.cut(bytes)
    const good: Buffer[] = []
    let rule: SyntaxFault | undefined
    for (const packet of packets) {
      rule = syntaxFault(packet, this.#isConnected)
      if (rule !== undefined) break
      // The CONNECT goes on by itself.
      if (this.#isConnected) good.push(packet.bytes)
      else this.#forward([packet.bytes])
      this.#isConnected = true
    }
    this.#pass(good)
    if (rule !== undefined) this.#refuse({ kind: 'malformed-packet', rule })
    else if (headerFault !== undefined) this.#refuse(headerFault)
  }

  #pass(packets: readonly Buffer[]): void {
    if (packets.length === 0) return
    if (this.#isAnswered) {
      this.#forward(packets)
      return
    }
    this.#early.push(...packets)
    this.#socket.pause()
  }

  #forward(packets: readonly Buffer[]): void {
    const [only] = packets
    if (only === undefined) return
    if (!this.push(packets.length === 1 ? only : Buffer.concat(packets))) this.#socket.pause()
  }

  #refuse(fault: PacketFault): void {
    this.#options.onFault(fault)
    if (fault.kind === 'malformed-packet' && fault.rule === 'protocol-level')
      this.#socket.write(UNACCEPTABLE_VERSION)
    this.destroy(new BrokerError(`the client sent a packet that is refused: ${fault.kind}`))
  }

  #written(error: Error | null | undefined, done: (error?: Error | null) => void): void {
    done(error)
    this.#isAnswered = true
    if (this.#early.length === 0 || this.destroyed || this.#isHalted) return
    const early = this.#early
    this.#early = []
    this.#socket.resume()
    this.#forward(early)
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
