/**
 * Stands between a connection (a TLS socket, or WSS over one) and Aedes, which buffers whatever length a packet announces
 * and overlooks much of what MQTT forbids. Only whole packets in order pass; the first that is too large or malformed
 * ends the connection, and nothing of it is kept. What a client sends behind its CONNECT waits until that is answered.
 */

import { Duplex } from 'node:stream'
import { BrokerError } from '../errors.ts'
import { closeSoon, LINGER_MS } from './close-soon.ts'
import { EarlyPackets } from './early-packets.ts'
import type { EncodedPublish } from './encoded-publish.ts'
import type { Outgoing } from './outgoing-verdict.ts'
import { OutgoingWriter } from './outgoing-writer.ts'
import type { GuardOptions, PacketFault } from './guard-options.ts'
import { PacketCutter, WholePacket } from './packet-cutter.ts'
import { syntaxFault } from './packet-syntax.ts'
import { repeatedFilters, type RepeatedFilters } from './repeated-filters.ts'

// A burst of small messages to a healthy client must not count as a full connection.
const WRITE_MARK_BYTES = 256 * 1024

const PUBACK = 0x40
const DISCONNECT = 14

/** [MQTT-3.1.2-2]: CONNACK 1, unacceptable protocol version. */
const UNACCEPTABLE_VERSION = Buffer.of(0x20, 0x02, 0x00, 0x01)

export class PacketGuard extends Duplex {
  readonly #socket: Duplex
  readonly #writer: OutgoingWriter
  readonly #cutter: PacketCutter
  readonly #early: EarlyPackets
  readonly #options: GuardOptions
  #heardAtMs: number
  #isConnected = false
  #isOpen = false
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
    this.#writer = new OutgoingWriter(socket, options.clock)
    this.#cutter = new PacketCutter(options.packetBytes)
    this.#early = new EarlyPackets(options.earlyBytes)
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
    const isUnread = this.#untakenBytes > 0 || this.#socket.readableLength > 0
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
    // Halted: what came early was never begun, and its sender will send it again.
    if (this.#isOpen || this.destroyed || this.#isHalted) return
    this.#isOpen = true
    this.#pass(this.#early.takeAll())
    if (this.#endsSoon || this.#hasEnded) this.push(null)
    else this.#socket.resume()
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

  get outgoing(): Outgoing {
    const { batchBytes, stalledMs } = this.#writer
    return { waitingBytes: this.writableLength + batchBytes, stalledMs }
  }

  /** Sends a published packet with those that come in the same turn: few TLS records instead of one for each. */
  send(packet: EncodedPublish, messageId: number): void {
    if (this.#writer.batchBytes === 0) setImmediate(() => this.#sendBatch())
    this.#writer.add(packet, messageId)
    if (this.#writer.isBatchFull) this.#sendBatch()
  }

  /** Aedes corks before each packet that it writes: what was sent before must leave before. */
  override cork(): void {
    this.#sendBatch()
    super.cork()
  }

  #sendBatch(): void {
    if (this.#writer.batchBytes === 0) return
    const bytes = this.#writer.takeBatch()
    if (!this.destroyed && !this.writableEnded) this.write(bytes)
  }

  override _read(): void {
    if (!this.#isHalted && !this.#early.isFull) this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send([chunk], done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#send(
      chunks.map(({ chunk }) => chunk),
      done,
    )
  }

  /** Where nobody is there to hear it any more, what was sent before is still being handled: that is no fault. */
  #send(chunks: readonly Buffer[], done: (error?: Error | null) => void): void {
    this.#writer.send(chunks, (error) => done(this.#hasEnded ? null : error))
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
      if (this.#isConnected && !this.#isOpen) this.#early.keep(packet)
      else good.push(packet)
      this.#isConnected = true
      // [MQTT-3.14.4-2]: nothing that comes behind a DISCONNECT counts.
      if (packet.firstByte >> 4 === DISCONNECT) {
        this.#endsSoon = true
        fault = undefined
        break
      }
    }
    if (this.#early.isFull) this.#socket.pause()
    this.#pass(good)
    if (fault !== undefined) this.#refuse(fault)
  }

  #pass(packets: readonly WholePacket[]): void {
    const others = this.#withoutPubacks(packets).filter((packet) => {
      const request = repeatedFilters(packet)
      // A turn later, when Aedes has taken what came before it.
      if (request !== undefined) setImmediate(() => this.#onRepeatedFilters(request))
      return request === undefined
    })
    if (others.length > 0 && !this.push(WholePacket.together(others))) this.#socket.pause()
  }

  /** A busy subscriber sends little else. */
  #withoutPubacks(packets: readonly WholePacket[]): readonly WholePacket[] {
    const messageIds = packets.flatMap(({ firstByte, loneId }) =>
      firstByte === PUBACK && loneId !== undefined ? loneId : [],
    )
    return messageIds.length > 0 && this.#options.onPubacks(messageIds)
      ? packets.filter(({ firstByte }) => firstByte !== PUBACK)
      : packets
  }

  #end(): void {
    this.#hasEnded = true
    if (!this.#isConnected || this.#isOpen) this.push(null)
  }

  /** What came before the end counts, a DISCONNECT for one [MQTT-3.14.4-3]: it is handled first, within a moment. */
  #close(): void {
    if (!this.#hasEnded || this.#untakenBytes === 0 || this.#isHalted) this.destroy()
    else this.#awaitTaken(-1)
  }

  get #untakenBytes(): number {
    return this.readableLength + this.#early.sizeBytes
  }

  /** Gives up when nothing was taken for a moment. */
  #awaitTaken(formerBytes: number): void {
    const leftBytes = this.#untakenBytes
    if (leftBytes === formerBytes) this.destroy()
    if (this.destroyed) return
    const cancel = this.#options.clock.after(LINGER_MS, () => this.#awaitTaken(leftBytes))
    this.once('close', cancel)
  }

  #refuse(fault: PacketFault): void {
    this.#options.onFault(fault)
    if (fault.kind === 'malformed-packet' && fault.rule === 'protocol-level')
      this.#socket.write(UNACCEPTABLE_VERSION)
    const error = new BrokerError(`the client sent a packet that is refused: ${fault.kind}`)
    if (this.#untakenBytes === 0) {
      this.destroy(error)
      return
    }
    // Packets in order that came before it count [MQTT-4.8.0-1]: they are handled first, within a moment.
    this.#endsSoon = true
    this.#socket.pause()
    if (this.#isOpen) this.push(null)
    this.once(
      'close',
      this.#options.clock.after(LINGER_MS, () => this.destroy(error)),
    )
  }
}
