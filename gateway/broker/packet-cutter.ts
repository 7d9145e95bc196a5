/** Cuts a stream of bytes into whole MQTT packets. It keeps at most one packet that is still coming, and no packet that is too large. */

// MQTT 3.1.1, 2.2.3: seven bits a byte, at most four bytes.
const MAX_LENGTH_BYTES = 4

/** A packet where it lies among the bytes that came; nothing is cut out that nobody looks at. */
export class WholePacket {
  readonly firstByte: number
  readonly #source: Buffer
  readonly #start: number
  readonly #bodyStart: number
  readonly #end: number

  constructor(source: Buffer, start: number, { headerBytes, bodyBytes }: Header) {
    this.firstByte = source[start] ?? 0
    this.#source = source
    this.#start = start
    this.#bodyStart = start + headerBytes
    this.#end = this.#bodyStart + bodyBytes
  }

  get sizeBytes(): number {
    return this.#end - this.#start
  }

  /** What follows the fixed header. */
  get body(): Buffer {
    return this.#source.subarray(this.#bodyStart, this.#end)
  }

  /** All of it, as it came. */
  get bytes(): Buffer {
    return this.#source.subarray(this.#start, this.#end)
  }

  /** The packet id of a packet that is nothing else; undefined for any other. */
  get loneId(): number | undefined {
    return this.#end - this.#bodyStart === 2 ? this.#source.readUInt16BE(this.#bodyStart) : undefined
  }

  /** The bytes of several packets together; only what does not lie side by side is copied. */
  static together(packets: readonly WholePacket[]): Buffer {
    const [first] = packets
    const last = packets.at(-1)
    if (first === undefined || last === undefined) return Buffer.alloc(0)
    let endedAt = first.#start
    const areSideBySide = packets.every((packet) => {
      const isNext = packet.#source === first.#source && packet.#start === endedAt
      endedAt = packet.#end
      return isNext
    })
    return areSideBySide
      ? first.#source.subarray(first.#start, last.#end)
      : Buffer.concat(packets.map(({ bytes }) => bytes))
  }
}

export interface HeaderFault {
  readonly kind: 'packet-too-large' | 'malformed-header'
  readonly announcedBytes: number
}

export interface Cut {
  readonly packets: readonly WholePacket[]
  /** What comes behind the packets can never become one. */
  readonly fault?: HeaderFault
}

export class PacketCutter {
  readonly #maxPacketBytes: number
  #pieces: Buffer[] = []
  #sizeBytes = 0
  /** With fewer bytes than this there is nothing new to find. */
  #wantedBytes = 1

  constructor(maxPacketBytes: number) {
    this.#maxPacketBytes = maxPacketBytes
  }

  cut(piece: Buffer): Cut {
    this.#pieces.push(piece)
    this.#sizeBytes += piece.length
    // Pieces are joined once for each packet, however small they come.
    if (this.#sizeBytes < this.#wantedBytes) return { packets: [] }
    const [only] = this.#pieces
    const bytes = this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces)
    const packets: WholePacket[] = []
    let offset = 0
    let fault: HeaderFault | undefined
    this.#wantedBytes = 1
    while (offset < bytes.length) {
      const header = readHeader(bytes, offset)
      if (header === undefined) {
        this.#wantedBytes = bytes.length - offset + 1
        break
      }
      const { headerBytes, bodyBytes, isMalformed } = header
      if (isMalformed || bodyBytes > this.#maxPacketBytes) {
        fault = { kind: isMalformed ? 'malformed-header' : 'packet-too-large', announcedBytes: bodyBytes }
        break
      }
      const end = offset + headerBytes + bodyBytes
      if (end > bytes.length) {
        this.#wantedBytes = end - offset
        break
      }
      packets.push(new WholePacket(bytes, offset, header))
      offset = end
    }
    this.#pieces = offset < bytes.length ? [bytes.subarray(offset)] : []
    this.#sizeBytes = bytes.length - offset
    return fault === undefined ? { packets } : { packets, fault }
  }
}

interface Header {
  readonly headerBytes: number
  readonly bodyBytes: number
  readonly isMalformed: boolean
}

/** Undefined when the header is not whole yet. */
function readHeader(bytes: Buffer, offset: number): Header | undefined {
  let bodyBytes = 0
  for (let index = 0; index < MAX_LENGTH_BYTES; index += 1) {
    const byte = bytes[offset + 1 + index]
    if (byte === undefined) return undefined
    bodyBytes += (byte & 0x7f) * 128 ** index
    if ((byte & 0x80) === 0) return { headerBytes: index + 2, bodyBytes, isMalformed: false }
  }
  return { headerBytes: MAX_LENGTH_BYTES + 1, bodyBytes, isMalformed: true }
}
