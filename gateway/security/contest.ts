/**
 * Two connections say they are the same identity: one holds the client id, the other has proved the same identity and
 * wants it. A device that moved or came back must get in; a copy of its certificate elsewhere must not cut it off.
 * The rule is written for people in docs/revocation.md. Pure; asked again and again while a newcomer waits.
 */

export interface ContestFacts {
  /** Where a newcomer comes from the address of the holder, ports aside, or is a person who has just logged in. */
  readonly mayTakeOver: boolean
  /** Since the holder was last heard. */
  readonly silentMs: number
  /** What the holder promised in its CONNECT; 0 is no promise. */
  readonly keepAliveMs: number
  /** Since the newcomer asked. */
  readonly waitedMs: number
  /** How often this client id was taken over within the last minute. */
  readonly takeOverCount: number
}

type ContestVerdict =
  | { readonly kind: 'take-over' }
  | { readonly kind: 'wait'; readonly reason: 'contended' | 'listening' }
  | { readonly kind: 'refuse'; readonly reason: 'holder-heard' | 'holder-not-yet-silent' }

export type Contest = (facts: ContestFacts) => ContestVerdict

/** [MQTT-3.1.2-24]: a client that is silent for one and a half times its keep alive is gone. */
const GONE_AFTER_KEEP_ALIVES = 1.5
/** A client gives up waiting for its CONNACK after ten seconds or more. */
const LISTEN_MS = 8_000
/** A device that restarts a few times within a minute is not yet a fight. */
const FREE_TAKE_OVERS = 3
const FIRST_DELAY_MS = 1_000

export const TAKE_OVER_WINDOW_MS = 60_000

/** The rule of the ward. */
export const contest: Contest = (facts) => (facts.mayTakeOver ? takingOver(facts) : elsewhere(facts))

/** The holder's client id goes to the newcomer whatever the holder does [MQTT-3.1.4-2]: for suites of the protocol, where an identity has many client ids. */
export const newcomerWins: Contest = () => ({ kind: 'take-over' })

function takingOver({ takeOverCount, waitedMs }: ContestFacts): ContestVerdict {
  return waitedMs >= delayOf(takeOverCount) ? { kind: 'take-over' } : { kind: 'wait', reason: 'contended' }
}

/** 0, 0, 0, 1 s, 2 s, 4 s, 8 s, 8 s ... */
function delayOf(takeOverCount: number): number {
  if (takeOverCount < FREE_TAKE_OVERS) return 0
  return Math.min(FIRST_DELAY_MS * 2 ** (takeOverCount - FREE_TAKE_OVERS), LISTEN_MS)
}

function elsewhere({ silentMs, keepAliveMs, waitedMs }: ContestFacts): ContestVerdict {
  if (keepAliveMs > 0 && silentMs >= keepAliveMs * GONE_AFTER_KEEP_ALIVES) return { kind: 'take-over' }
  if (silentMs < waitedMs) return { kind: 'refuse', reason: 'holder-heard' }
  return waitedMs < LISTEN_MS
    ? { kind: 'wait', reason: 'listening' }
    : { kind: 'refuse', reason: 'holder-not-yet-silent' }
}
