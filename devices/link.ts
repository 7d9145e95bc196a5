/** How a device is reached, and the closed list of what may be sent to it. */

/** Line settings as the vendor document gives them. */
export interface SerialLine {
  readonly kind: 'serial'
  readonly baudRate: number
  readonly dataBits: 7 | 8
  readonly parity: 'none' | 'even' | 'odd'
  readonly stopBits: 1 | 2
  readonly flowControl: 'none' | 'rts-cts'
}

/** The device answers datagrams at a port of its own; each `bytes` event is one datagram. */
export interface UdpPeer {
  readonly kind: 'udp'
  readonly port: number
}

/** The device calls: it connects to a TCP port of ours. */
export interface TcpCaller {
  readonly kind: 'tcp-caller'
}

/** A GATT service and the link security its profile asks for. */
export interface GattService {
  readonly kind: 'gatt'
  /** Short UUID of the primary service, e.g. '180D'. */
  readonly service: string
  readonly security: 'none' | 'encrypted' | 'authenticated'
}

/** One row of a driver's closed list of what it may send. A command not matched by a row is never executed. */
export type SendRule =
  | {
      readonly kind: 'send'
      readonly prefixHex: string
      readonly maxBytes: number
      readonly meaning: string
      /** Looks at what the prefix leaves open: the content behind framing and escapes. True when it may be sent. */
      readonly permits?: (bytes: Uint8Array) => boolean
    }
  | { readonly kind: 'read' | 'subscribe'; readonly characteristic: string; readonly meaning: string }
  | {
      readonly kind: 'write'
      readonly characteristic: string
      readonly prefixHex: string
      readonly maxBytes: number
      readonly meaning: string
    }
