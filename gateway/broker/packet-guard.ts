/**
 * Stands between a connection (a TLS socket, or WSS over one) and Aedes, which buffers whatever length a packet announces
 * and overlooks much of what MQTT forbids. Only whole packets in order pass; the first that is too large or malformed
 * ends the connection, and nothing of it is kept.
 */

import { Duplex } from 'node:stream'
import type { Cancel, Clock } from '../clock.ts'
import { BrokerError } from '../errors.ts'
import { PacketCutter, type HeaderFault, type WholePacket } from './packet-cutter.ts'
import { syntaxFault, type SyntaxFault } from './packet-syntax.ts'
import { repeatedFilters, type RepeatedFilters } from './repeated-filters.ts'

// A burst of small messages to a healthy client must not count as a full connection.
const WRITE_MARK_BYTES = 256 * 1024
/** How long the last bytes (a refusing CONNACK) may take to leave after the connection was given up. */
const LINGER_MS = 1_000

export interface GuardOptions {
  readonly packetBytes: number
  /** Bytes kept of what a client sends before its CONNACK; the rest waits in the network. */
  readonly earlyBytes: number
  readonly clock: Clock
  readonly onFault: (fault: PacketFault) => void
}

export type PacketFault = HeaderFault | { readonly kind: 'malformed-packet'; readonly rule: SyntaxFault }

const DISCONNECT = 14

/** [MQTT-3.1.2-2]: CONNACK 1, unacceptable protocol version. */
const UNACCEPTABLE_VERSION = Buffer.of(0x20, 0x02, 0x00, 0x01)

export class PacketGuard extends Duplex {
  readonly #socket: Duplex
  readonly #cutter: PacketCutter
  readonly #options: GuardOptions
  #heardAtMs: number
  #isConnected = false
  #isOpen = false
  #early: WholePacket[] = []
  #earlyBytes = 0
  #onRepeatedFilters: (request: RepeatedFilters) => void = () => undefined
  #isHalted = false
  #isCut = false
  /** A packet was refused, or was a DISCONNECT: no more is taken, and what came before is still to be handled. */
  #endsSoon = false
  /** The far end has said all that it will say. */
  #hasEnded = false

  constructor(socket: Duplex, options: GuardOptions) {
    super({ allowHalfOpen: false, writableHighWaterMark: WRITE_MARK_BYTES })
    this.#socket = socket
    this.#cutter = new PacketCutter(options.packetBytes)
    this.#options = options
    this.#heardAtMs = options.clock.monotonicMs()
    socket.on('data', (bytes: Buffer) => this.#receive(bytes))
    socket.on('end', () => this.#end())
    socket.on('error', (error) => {
      if (this.#hasEnded) this.#close()
      else this.destroy(error)
    })
    socket.on('close', () => this.#close())
  }

  /** Takes the SUBSCRIBE packets that name a filter twice; Aedes does not get them. */
  set onRepeatedFilters(take: (request: RepeatedFilters) => void) {
    this.#onRepeatedFilters = take
  }

  /** When the far end last said anything, by the monotonic clock; now, while some of it waits to be read. */
  get heardAtMs(): number {
    const isUnread = this.readableLength > 0 || this.#socket.readableLength > 0
    return isUnread ? this.#options.clock.monotonicMs() : this.#heardAtMs
  }

  /** The CONNACK is out: what came behind the CONNECT may follow, and the client may be sent other packets. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /**
   * [MQTT-3.1.4-5]: a client need not wait for its CONNACK. Aedes counts what comes before it, and ends the connection for
   * one packet too many; so until then it gets the CONNECT alone, and the rest waits here and in the network.
   */
  open(): void {
    if (this.#isOpen || this.destroyed) return
    this.#isOpen = true
    this.#pass(this.#early.splice(0))
    this.#earlyBytes = 0
    if (this.#endsSoon || this.#hasEnded) this.push(null)
    else if (!this.#isHalted) this.#socket.resume()
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
    if (!this.#isHalted) this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send(chunk, done)
  }

  /** A packet is written in several pieces; together they make one TLS record. */
  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  /** Where nobody is there to hear it any more, what was sent before is still being handled: that is no fault. */
  #send(bytes: Buffer, done: (error?: Error | null) => void): void {
    if (this.#socket.writable) this.#socket.write(bytes, (error) => done(this.#hasEnded ? null : error))
    else done()
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
    if (this.destroyed || this.#endsSoon) return
    this.#heardAtMs = this.#options.clock.monotonicMs()
    const { packets, fault: headerFault } = this.#cutter.cut(bytes)
    const good: WholePacket[] = []
    let fault: PacketFault | undefined = headerFault
    for (const packet of packets) {
      const rule = syntaxFault(packet, this.#isConnected)
      if (rule !== undefined) {
        fault = { kind: 'malformed-packet', rule }
        break
      }
      if (this.#isConnected && !this.#isOpen) this.#keepEarly(packet)
      else good.push(packet)
      this.#isConnected = true
      // [MQTT-3.14.4-2]: nothing that comes behind a DISCONNECT counts.
      if (packet.firstByte >> 4 === DISCONNECT) {
        this.#endsSoon = true
        fault = undefined
        break
      }
    }
    this.#pass(good)
    if (fault !== undefined) this.#refuse(fault)
  }

  #keepEarly(packet: WholePacket): void {
    this.#early.push(packet)
    this.#earlyBytes += packet.bytes.length
    if (this.#earlyBytes > this.#options.earlyBytes) this.#socket.pause()
  }

  #pass(packets: readonly WholePacket[]): void {
    const pieces: Buffer[] = []
    for (const packet of packets) {
      const request = repeatedFilters(packet)
      if (request === undefined) pieces.push(packet.bytes)
      // A turn later, when Aedes has taken what came before it.
      else setImmediate(() => this.#onRepeatedFilters(request))
    }
    const [only] = pieces
    if (only === undefined) return
    if (!this.push(pieces.length === 1 ? only : Buffer.concat(pieces))) this.#socket.pause()
  }

  #end(): void {
    this.#hasEnded = true
    if (!this.#isConnected || this.#isOpen) this.push(null)
  }

  /** What came before the end counts, a DISCONNECT for one [MQTT-3.14.4-3]: it is handled first, within a moment. */
  #close(): void {
    const isTaken = this.readableLength === 0 && this.#early.length === 0
    if (!this.#hasEnded || isTaken || this.#isHalted) this.destroy()
    else this.#awaitTaken(-1)
  }

  /** Gives up when nothing was taken for a moment. */
  #awaitTaken(formerBytes: number): void {
    const leftBytes = this.readableLength + this.#earlyBytes
    if (leftBytes === formerBytes) this.destroy()
    if (this.destroyed) return
    this.once(
      'close',
      this.#options.clock.after(LINGER_MS, () => this.#awaitTaken(leftBytes)),
    )
  }

  #refuse(fault: PacketFault): void {
    this.#options.onFault(fault)
    if (fault.kind === 'malformed-packet' && fault.rule === 'protocol-level')
      this.#socket.write(UNACCEPTABLE_VERSION)
    const error = new BrokerError(`the client sent a packet that is refused: ${fault.kind}`)
    if (this.readableLength === 0 && this.#early.length === 0) {
      this.destroy(error)
      return
    }
    // Packets in order that came before it count [MQTT-4.8.0-1]: they are handled first, within a moment.
    this.#endsSoon = true
    this.#socket.pause()
    if (this.#isOpen) this.push(null)
    const cancel = this.#options.clock.after(LINGER_MS, () => this.destroy(error))
    this.once('close', cancel)
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
