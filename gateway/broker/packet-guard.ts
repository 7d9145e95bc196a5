/**
 * Stands between a connection (a TLS socket, or WSS over one) and Aedes, which buffers whatever length a packet announces
 * and overlooks much of what MQTT forbids. Only whole packets in order pass; the first that is too large or malformed
 * ends the connection, and nothing of it is kept.
 */

import { Duplex } from 'node:stream'
import type { Cancel, Clock } from '../clock.ts'
import { BrokerError } from '../errors.ts'
import { copyWithId, type EncodedPublish } from './encoded-publish.ts'
import type { Outgoing } from './outgoing-verdict.ts'
import { PacketCutter, WholePacket, type HeaderFault } from './packet-cutter.ts'
import { syntaxFault, type SyntaxFault } from './packet-syntax.ts'

// A burst of small messages to a healthy client must not count as a full connection.
const WRITE_MARK_BYTES = 256 * 1024
/** Published packets of one turn leave together; more than this leaves at once, so that the far end can begin. */
const BATCH_BYTES = 64 * 1024
/** How long the last bytes (a refusing CONNACK) may take to leave after the connection was given up. */
const LINGER_MS = 1_000

export interface GuardOptions {
  readonly packetBytes: number
  /** Bytes kept of what a client sends before its CONNACK; the rest waits in the network. */
  readonly earlyBytes: number
  readonly clock: Clock
  readonly onFault: (fault: PacketFault) => void
  /** Takes the packet ids of PUBACKs, so that they need not go through Aedes; false leaves them to it. */
  readonly onPubacks: (messageIds: readonly number[]) => boolean
}

export type PacketFault = HeaderFault | { readonly kind: 'malformed-packet'; readonly rule: SyntaxFault }

const PUBACK = 0x40
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
  #isHalted = false
  #isCut = false
  /** Published packets of this turn, and the packet id of each. */
  #batch: EncodedPublish[] = []
  #batchIds: number[] = []
  #batchBytes = 0
  #isSending = false
  /** When the far end last took something of it, or it was begun. */
  #progressAtMs = 0
  /** A packet was refused, or was a DISCONNECT: no more is taken, and what came before is still to be handled. */
  #endsSoon = false

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
    const isUnread = this.readableLength > 0 || this.#socket.readableLength > 0
    return isUnread ? this.#options.clock.monotonicMs() : this.#heardAtMs
  }

  /** The CONNACK is out: what came behind the CONNECT may follow, and the client may be sent other packets. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /**
   * Aedes would handle a packet that comes after its CONNACK before those that came earlier. So until then it gets the
   * CONNECT alone [MQTT-3.1.4-5], [MQTT-4.6.0-2].
   */
  open(): void {
    if (this.#isOpen || this.destroyed) return
    this.#isOpen = true
    const early = this.#early.splice(0)
    this.#pass(early)
    if (this.#endsSoon) this.push(null)
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

  get outgoing(): Outgoing {
    const waitingBytes = this.writableLength + this.#batchBytes
    const stalledMs = this.#isSending ? this.#options.clock.monotonicMs() - this.#progressAtMs : 0
    return { waitingBytes, stalledMs }
  }

  /** Sends a published packet with those that come in the same turn: few TLS records instead of one for each. */
  send(packet: EncodedPublish, messageId: number): void {
    if (this.#batchBytes === 0) setImmediate(() => this.#sendBatch())
    this.#batch.push(packet)
    this.#batchIds.push(messageId)
    this.#batchBytes += packet.bytes.length
    if (this.#batchBytes >= BATCH_BYTES) this.#sendBatch()
  }

  /** Aedes corks before each packet that it writes: what was sent before must leave before. */
  override cork(): void {
    this.#sendBatch()
    super.cork()
  }

  #sendBatch(): void {
    const [packets, ids] = [this.#batch, this.#batchIds]
    if (packets.length === 0) return
    const bytes = Buffer.allocUnsafe(this.#batchBytes)
    this.#batch = []
    this.#batchIds = []
    this.#batchBytes = 0
    if (this.destroyed || this.writableEnded) return
    let offset = 0
    for (const [index, packet] of packets.entries())
      offset = copyWithId(packet, ids[index] ?? 0, bytes, offset)
    this.write(bytes)
  }

  override _read(): void {
    if (!this.#isHalted) this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send([chunk], done)
  }

  /** A packet of Aedes is written in several pieces; together they make one TLS record. */
  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#send(joined(chunks.map(({ chunk }) => chunk)), done)
  }

  /** One piece after the other, so that each that leaves is seen to leave. */
  #send(pieces: readonly Buffer[], done: (error?: Error | null) => void): void {
    const [first, ...others] = pieces
    this.#isSending = first !== undefined
    if (first === undefined) {
      done()
      return
    }
    this.#progressAtMs = this.#options.clock.monotonicMs()
    this.#socket.write(first, (error) => {
      if (error === undefined || error === null) this.#send(others, done)
      else done(error)
    })
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
    this.#earlyBytes += packet.sizeBytes
    if (this.#earlyBytes > this.#options.earlyBytes) this.#socket.pause()
  }

  #pass(packets: readonly WholePacket[]): void {
    const others = this.#withoutPubacks(packets)
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

/** Small pieces together, no piece larger than a batch unless it came so. */
function joined(chunks: readonly Buffer[]): readonly Buffer[] {
  const pieces: Buffer[] = []
  let group: Buffer[] = []
  let groupBytes = 0
  const close = (): void => {
    const [only] = group
    if (only !== undefined) pieces.push(group.length === 1 ? only : Buffer.concat(group, groupBytes))
    group = []
    groupBytes = 0
  }
  for (const chunk of chunks) {
    if (groupBytes + chunk.length > BATCH_BYTES) close()
    group.push(chunk)
    groupBytes += chunk.length
  }
  close()
  return pieces
}
