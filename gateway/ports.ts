/** What the inside of the gateway needs from the outside. Adapters implement these; inner code knows nothing else. */

import type { Observable } from 'rxjs'
import type { Command, LinkEvent } from '../devices/protocol.ts'
import type { EventClass } from './contract/reading.ts'

/**
 * A line to one device. Subscribing to `events$` opens it; it opens again by itself, with back-off, when it breaks;
 * unsubscribing closes it. A failure is a `closed` event with a reason, never an error of the stream.
 */
export interface Link {
  readonly events$: Observable<LinkEvent>
  /** Carries out a command of the driver; a refusal comes back as a `failed` event, never as a throw. */
  execute(command: Command): void
}

/** A message on its way to the broker. */
export interface OutboundMessage {
  readonly topic: string
  readonly payload: Buffer
  readonly qos: 0 | 1
  readonly retain: boolean
}

/** A mutually authenticated MQTT session to a broker behind the uplink guard; it connects again by itself. */
export interface MessageLink {
  readonly state$: Observable<MessageLinkState>
  /** Resolves when the broker has acknowledged (QoS 1) or the bytes are handed over (QoS 0); rejects when it was not. */
  publish(message: OutboundMessage): Promise<void>
  close(): Promise<void>
}

export type MessageLinkState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'online'; readonly address: string; readonly protocol: string; readonly cipher: string }
  | { readonly kind: 'offline'; readonly reason: string }
  /** The guard said no; it is asked again at every attempt. */
  | { readonly kind: 'refused'; readonly reason: string }

/** Where security and technical events go: the log and `ops/v1/{gateway}/event/{class}`. */
export interface EventSink {
  emit(
    eventClass: EventClass,
    event: string,
    detail: Readonly<Record<string, string | number | boolean>>,
  ): void
}

/** What the embedded broker offers to the rest of the gateway, in process. */
export interface TrustedPublisher {
  /** Publishes under the gateway's own authority; an empty retained payload clears the topic. */
  publish(message: OutboundMessage): Promise<void>
  /** Messages that match `filter`: those retained, then each as it is published, with the retain flag it was published with. */
  messages(filter: string): Observable<OutboundMessage>
}

/** What /metrics shows. */
export interface Counters {
  /** Label values are closed sets: never a bed, never a person. A label the counter does not have is left out. */
  count(name: CounterName, labels?: Readonly<Record<string, string>>): void
  /** Duration of one reading from receipt at the bedside to publication on its trusted topic. */
  observeLatencyMs(latencyMs: number): void
  /** How late the event loop was lately. */
  observeLoopDelayMs?(delayMs: number): void
}

export type CounterName =
  | 'observation_sets_total'
  | 'readings_total'
  | 'quarantined_total'
  | 'discarded_frames_total'
  | 'dropped_total'
  | 'waveform_blocks_total'
  | 'alerts_total'
  | 'not_relayed_total'
  | 'commands_refused_total'
  | 'plaintext_refused_total'
  | 'handshake_refused_total'
  | 'uplink_refused_total'
  | 'uplink_forwarded_total'
  | 'publish_denied_total'
  | 'subscribe_denied_total'

/** What a certificate may be used as. 'server' and the CAs are not identities of a client. */
export type ClientRole = 'device' | 'bedside' | 'consumer' | 'operator' | 'uplink'

/** Who is at the other end of a session, as its certificate proves it. */
export interface Identity {
  readonly role: ClientRole
  readonly id: string
  /** SHA-256 of the certificate, lower-case hex; `session:` and the hash of its token for a person who logged in. */
  readonly fingerprint: string
  /** The same of the CA that issued it; absent where only TLS has verified it. */
  readonly issuerFingerprint?: string
  /** Absent for a person who has logged in without a certificate. */
  readonly notBeforeMs?: number
  readonly notAfterMs: number
}

/** A decision with its reason; the reason goes to the log and the event, never to the client. */
export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: string }

/** One row per identity: certificate = client id = topic scope = inventory row. */
export type InventoryEntry = DeviceEntry | BedsideEntry | ConsumerEntry | OperatorEntry | UplinkEntry

export interface DeviceEntry {
  readonly role: 'device'
  readonly id: string
  readonly ward: string
  readonly bed: string
  /** Opaque id of the present association of device and bed; a new one starts with every change. */
  readonly assoc: string
  readonly protocol: string
  /** The bedside box that publishes for it; absent when the device speaks MQTT itself. */
  readonly bedside?: string
}

interface BedsideEntry {
  readonly role: 'bedside'
  readonly id: string
}

interface ConsumerEntry {
  readonly role: 'consumer'
  readonly id: string
  readonly wards: readonly string[]
}

/** What a person is there for; what each duty allows is in people/duties.ts. */
export type Duty = 'nurse' | 'charge-nurse' | 'engineer' | 'security' | 'auditor'

/** A person: with a certificate, a password, or both. Without a duty nothing is allowed. */
export interface OperatorEntry {
  readonly role: 'operator'
  readonly id: string
  readonly duties: readonly Duty[]
  /** The wards of a nurse; duties that are not bound to a ward do not look at them. */
  readonly wards: readonly string[]
  /** Set while the person is kept out, whatever is shown as a proof. */
  readonly locked?: true
}

interface UplinkEntry {
  readonly role: 'uplink'
  readonly id: string
}

export interface Inventory {
  /** Undefined means unknown, and unknown means no. */
  find(role: ClientRole, id: string): InventoryEntry | undefined
  device(id: string): DeviceEntry | undefined
  devices(): readonly DeviceEntry[]
}

/** What becomes of a message that was published to the broker: the messages that go on, and nothing else does. */
export interface Admitted {
  /** Takes the place of the published message; undefined when nothing goes on. */
  readonly instead: OutboundMessage | undefined
  /** Published after it under the gateway's own authority. */
  readonly also: readonly OutboundMessage[]
  /** Nothing of it was good. */
  readonly isRefused?: boolean
}

/**
 * The rules the broker module asks. It decides nothing itself: the ward gateway and the lab broker are the same
 * module with different rules.
 */
export interface BrokerRules {
  /** May this certificate, already verified by TLS, be a client at all, and who is it? `clientId` is the MQTT one. */
  mayConnect(identity: Identity, clientId: string): Verdict
  mayPublish(identity: Identity, topic: string): Verdict
  maySubscribe(identity: Identity, filter: string): Verdict
  mayReceive(identity: Identity, topic: string): Verdict
  /** Resolves before the PUBACK is sent; so what it has stored, the client has acknowledged. */
  admit(identity: Identity, message: OutboundMessage): Promise<Admitted>
}
