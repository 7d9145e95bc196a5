/**
 * What a device protocol is: bytes and the current time come in, values and commands come out.
 * Nothing here owns a socket or a timer, so a serial line, a radio, a capture file and a fuzzer drive the same code.
 */

import type { GattService, SendRule, SerialLine, TcpCaller, UdpPeer } from './link.ts'
import type { Metric } from './metrics.ts'
import type { WaveKind } from './waves.ts'

export type { GattService, SendRule, SerialLine } from './link.ts'

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

/**
 * Which of the devices behind one line this comes from: `pump-14` of a rack, a bed of a central station. Absent when
 * the line has one device. Lower-case letters, digits and `-`, at most 32; never a person.
 */
export interface FromPart {
  readonly part?: string
}

/** All numerics of one instant: what one frame measured together. */
export interface Observation extends FromPart {
  readonly kind: 'observation'
  readonly numerics: readonly Numeric[]
  readonly deviceTime?: DeviceTime
  /** Stored by the device earlier and sent now: never shown as current. */
  readonly isHistory?: boolean
  /** How long these values may be shown as current; the protocol's `ttlMs` when absent. */
  readonly ttlMs?: number
}

/** How a sample becomes a physical value: `offset + raw x resolution`, in `unit` (UCUM). */
export interface SampleScale {
  readonly resolution: number
  readonly offset: number
  readonly unit: string
}

/** A block of equally spaced samples, whole numbers as the device sends them. */
export interface Waveform extends FromPart {
  readonly kind: 'waveform'
  /** Names the wave within its device and in its topic: `ecg-ii`. Lower-case letters, digits and `-`, at most 32. */
  readonly channel: string
  /** null where the field has no MDC code. */
  readonly wave: WaveKind | null
  /** What the device or its document calls it. */
  readonly label: string
  readonly rateHz: number
  /** null marks a gap. */
  readonly samples: readonly (number | null)[]
  /** Absent when the device gives no unit: then the samples have a shape and no size. */
  readonly scale?: SampleScale
  /** True when samples are missing between the block before of this channel and this one. */
  readonly isAfterGap?: boolean
  /** 'valid' when absent. A wave that must not be shown has gaps instead of samples. */
  readonly quality?: Quality
  readonly why?: readonly string[]
}

/** What keeps an alarm from sounding or showing, as the device says it (IEC 60601-1-8 inactivation states). */
export type Inactivation = 'audio-paused' | 'audio-off' | 'alarm-paused' | 'alarm-off' | 'acknowledged'

/**
 * An alert condition as the device gave it. Told when it begins, when it changes, and when it ends; and once more after
 * the line was opened anew, when the device has shown that it is still there: unconfirmed, it is given up a minute later.
 */
export interface Alert extends FromPart {
  readonly kind: 'alert'
  /** Names the condition within its device: the same word at its beginning and its end. */
  readonly code: string
  readonly priority: 'high' | 'medium' | 'low' | 'unknown'
  readonly source: 'patient' | 'technical' | 'unknown'
  readonly phase: 'present' | 'ended'
  /** Word for word. */
  readonly text: string
  /** The device's own state words: `latched`, `new`, `triggered`. */
  readonly flags: readonly string[]
  readonly inactivation?: readonly Inactivation[]
  /** The quantity the alert is about, where the device says it with a known code. */
  readonly about?: { readonly mdc: number; readonly ref: string }
}

/** A fact that is not a measurement: serial number, firmware revision, a raw status word, an operating mode. */
export interface Text extends FromPart {
  readonly kind: 'text'
  readonly name: string
  /** null: it has a name, and the device says that there is no value. */
  readonly value: string | number | boolean | readonly string[] | null
  /** UCUM, where the value is a number with a unit but without a code: a setting, a limit. */
  readonly unit?: string
  /** The bits of a status word by name; why there is no value. */
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

/**
 * What a driver must still know after the gateway was started again, as the number of the last stored record that was
 * fetched. Small: a few short values. `set` returns when the value is on disk, or when the disk has refused it and the
 * engineer was told: then it is known until the next start only.
 */
export interface DriverMemory {
  get(key: string): string | undefined
  set(key: string, value: string): void
}

/** One row of the registry: everything the gateway needs to know to read one kind of device. */
export interface DeviceProtocol {
  /** Stable id, e.g. 'nonin-df2'; appears in configuration, payloads and vectors. */
  readonly id: string
  readonly version: string
  /** The devices that speak it, as a buyer would name them. */
  readonly devices: string
  /** A `serial` line may also stand behind a TCP device server. */
  readonly link: SerialLine | UdpPeer | TcpCaller | GattService
  /** Other settings that such devices are found with; the configuration says which (`line:`), `doctor` tries them. */
  readonly otherLines?: readonly SerialLine[]
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
  createDriver(memory?: DriverMemory): Driver
  /**
   * Reads captured bytes of either direction without a conversation, for `wardgate decode`; needed only where the
   * driver takes answers to its own questions alone.
   */
  createDecoder?(): Driver
}

/** Bytes that `wardgate decode` can read though no device is read by them alone: a host's commands, a bare record. */
export interface CaptureFormat {
  readonly id: string
  readonly meaning: string
  /** `context` is the object given with `--context`. */
  createDecoder(context: Readonly<Record<string, unknown>>): Driver
}
