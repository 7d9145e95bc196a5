/**
 * What a device protocol is: bytes and the current time come in, values and commands come out.
 * Nothing here owns a socket or a timer, so a serial line, a radio, a capture file and a fuzzer drive the same code.
 */

import type { Metric } from './metrics.ts'

/** How far a value may be trusted, as the device or a check of ours says it. */
export type Quality = 'valid' | 'questionable' | 'invalid' | 'calibrating' | 'under' | 'over' | 'absent'

/** One measured value. `value` is null when there is none; it is never 0 for "nothing" and never the previous one. */
export interface Numeric {
  readonly metric: Metric
  readonly value: number | null
  readonly quality: Quality
  /** Why the quality is what it is: the device's own flags as lower_snake_case words. */
  readonly why?: readonly string[]
}

/** The device's own clock. Zone-less clocks are read as UTC and say so. */
export interface DeviceTime {
  readonly epochMs: number
  readonly zone: 'utc' | 'unknown'
}

/** All numerics of one instant: what one frame measured together. */
export interface Observation {
  readonly kind: 'observation'
  readonly numerics: readonly Numeric[]
  readonly deviceTime?: DeviceTime
  /** Stored by the device earlier and sent now: never shown as current. */
  readonly isHistory?: boolean
  /** How long these values may be shown as current; the protocol's `ttlMs` when absent. */
  readonly ttlMs?: number
}

/** A block of equally spaced samples. `metric` is null where the field has no MDC code. */
export interface Waveform {
  readonly kind: 'waveform'
  readonly metric: Metric | null
  readonly label: string
  readonly rateHz: number
  /** null marks a gap. */
  readonly samples: readonly (number | null)[]
}

/** An alert condition as the device gave it. */
export interface Alert {
  readonly kind: 'alert'
  readonly code: string
  readonly priority: 'high' | 'medium' | 'low' | 'unknown'
  readonly source: 'patient' | 'technical' | 'unknown'
  readonly phase: 'present' | 'ended'
  readonly text: string
  readonly flags: readonly string[]
}

/** A fact that is not a measurement: serial number, firmware revision, a raw status word, an operating mode. */
export interface Text {
  readonly kind: 'text'
  readonly name: string
  readonly value: string | number | boolean | readonly string[]
  /** The bits of a status word by name. */
  readonly flags?: readonly string[]
  /** True when this names the physical device (serial number, system id): a change of it is an event. */
  readonly isIdentity?: boolean
}

/** A decoded GATT value, for offline decoding and for the log; the pipeline uses the observations made from it. */
interface CharacteristicValue {
  readonly kind: 'characteristic'
  readonly uuid: string
  readonly value: Readonly<Record<string, unknown>>
}

/** Why bytes were thrown away. GATT words are those of the shared conformance vectors. */
export type DiscardReason =
  | 'noise'
  | 'checksum'
  | 'truncated'
  | 'trailing'
  | 'overflow'
  | 'out-of-range'
  | 'malformed'
  | 'unsupported'
  | 'test-data'
  | 'bad-size'
  | 'bad-crc'
  | 'missing-crc'
  | 'missing-e2e'
  | 'bad-counter'
  | 'invalid-datetime'
  | 'rfu-value'
  | 'prohibited-value'
  | 'invalid-operand'
  | 'unexpected-op-code'
  | 'invalid-format'
  | 'invalid-length'
  | 'request-not-supported'
  | 'invalid-utf8'

/** Bytes that were not understood. A value, never an exception: garbage on a line is normal. */
export interface Discarded {
  readonly kind: 'discarded'
  readonly reason: DiscardReason
  readonly bytes: Uint8Array
}

/** What a driver may ask of its link. Anything else cannot be expressed. */
export type Command =
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  | { readonly kind: 'read'; readonly characteristic: string }
  | { readonly kind: 'subscribe'; readonly characteristic: string }
  | { readonly kind: 'write'; readonly characteristic: string; readonly bytes: Uint8Array }

export type DriverOutput = Observation | Waveform | Alert | Text | CharacteristicValue | Discarded | Command

/** What a link tells a driver. `characteristic` is the short UUID in upper-case hex, e.g. '2A37'. */
export type LinkEvent =
  | { readonly kind: 'opened'; readonly characteristics?: readonly string[] }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'value'
      readonly characteristic: string
      readonly via: 'read' | 'notification' | 'indication'
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'failed'; readonly command: Command; readonly reason: string }
  | { readonly kind: 'closed'; readonly reason: string }

export interface Driver {
  /** Takes one event at `atMs` and answers what follows from it. Never throws on anything a wire can deliver. */
  receive(event: LinkEvent, atMs: number): readonly DriverOutput[]
  /** Lets time pass: time-outs and polls. Call it at or after `wakeAtMs`. */
  tick?(atMs: number): readonly DriverOutput[]
  /** When `tick` wants to be called next; undefined when nothing is due. */
  readonly wakeAtMs?: number | undefined
}

/** Line settings as the vendor document gives them. */
export interface SerialLine {
  readonly kind: 'serial'
  readonly baudRate: number
  readonly dataBits: 7 | 8
  readonly parity: 'none' | 'even' | 'odd'
  readonly stopBits: 1 | 2
  readonly flowControl: 'none' | 'rts-cts'
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
  | { readonly kind: 'send'; readonly prefixHex: string; readonly maxBytes: number; readonly meaning: string }
  | { readonly kind: 'read' | 'subscribe'; readonly characteristic: string; readonly meaning: string }
  | {
      readonly kind: 'write'
      readonly characteristic: string
      readonly prefixHex: string
      readonly maxBytes: number
      readonly meaning: string
    }

/** One row of the registry: everything the gateway needs to know to read one kind of device. */
export interface DeviceProtocol {
  /** Stable id, e.g. 'nonin-df2'; appears in configuration, payloads and vectors. */
  readonly id: string
  readonly version: string
  /** The devices that speak it, as a buyer would name them. */
  readonly devices: string
  readonly link: SerialLine | GattService
  /** Where the knowledge comes from, and how sure it is. */
  readonly source: string
  readonly metrics: readonly Metric[]
  readonly sends: readonly SendRule[]
  /** Lifetime of a numeric: about three reporting periods. */
  readonly ttlMs: number
  /** Uncertainty of the receipt time as time of measurement: averaging plus transmission. */
  readonly uncertaintyMs: number
  /** No byte for this long means the line is dead: the link is closed and opened again. */
  readonly silenceMs: number
  createDriver(): Driver
}
