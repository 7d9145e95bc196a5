/** From a CONNECT to the client id: who may have it, and what happens when somebody holds it already. */

import type { Client } from 'aedes'
import type { Clock } from '../clock.ts'
import type { BrokerRules, EventSink } from '../ports.ts'
import type { Contest, ContestFacts } from '../security/contest.ts'
import { printable } from './printable.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'

/** CONNACK codes of MQTT 3.1.1, table 3.1. */
const IDENTIFIER_REJECTED = 2
/**
 * For whoever is refused because of another connection: the same CONNECT may be right in a while. Some clients give up
 * for good on 2, 4 and 5, and a device that moved must not. It also tells a copy least.
 */
export const SERVER_UNAVAILABLE = 3

/** How often a contest is looked at while a newcomer waits. */
const LOOK_MS = 200

export interface ClaimOptions {
  readonly rules: Pick<BrokerRules, 'mayConnect'>
  readonly contest: Contest
  readonly sessions: Sessions
  readonly events: EventSink
  readonly clock: Clock
}

interface ClaimRefusal {
  readonly reason: string
  readonly returnCode: number
}

export type ClaimOutcome = ClaimRefusal | 'granted'

/** Ends with 'granted' when the client id is this session's from now on; within a bounded time in any case. */
export async function claimClientId(
  session: Session,
  client: Client,
  options: ClaimOptions,
): Promise<ClaimOutcome> {
  const { clock, sessions } = options
  const askedAtMs = clock.monotonicMs()
  const refusal = mayClaim(session, client, options)
  if (refusal !== undefined) return refusal
  sessions.await(client.id, session)
  let isTold = false
  try {
    for (;;) {
      if (session.conn.destroyed) return { reason: 'the client has left', returnCode: SERVER_UNAVAILABLE }
      const holder = sessions.holder(client.id)
      if (holder === undefined || holder.conn.destroyed) return grant(session, client, options)
      if (isAnotherIdentity(holder, session))
        return mismatch(session, client, 'the client id is held by another identity', options)
      const facts = factsOf(holder, session, clock.monotonicMs(), askedAtMs)
      const verdict = options.contest(facts)
      if (verdict.kind === 'take-over') return grant(session, client, options)
      if (verdict.kind === 'refuse')
        return inUse(session, holder, { ...facts, reason: verdict.reason }, options)
      if (!isTold && verdict.reason === 'contended') tellContended(session, holder, facts, options)
      isTold = true
      await pause(clock)
      // Another newcomer from there came later, and the last one counts.
      if (!sessions.isAwaiting(client.id, session))
        return { reason: 'a later connection took its place', returnCode: SERVER_UNAVAILABLE }
    }
  } finally {
    sessions.stopAwaiting(client.id, session)
  }
}

function mayClaim(session: Session, client: Client, options: ClaimOptions): ClaimRefusal | undefined {
  const verdict = options.rules.mayConnect(session.identity, client.id)
  if (!verdict.allowed) return mismatch(session, client, verdict.reason, options)
  // [MQTT-3.1.3-8]: Aedes makes up an id for a client without one, also for a session that is to last.
  if (session.isUnnamed && !client.clean)
    return { reason: 'a session that lasts needs a client id', returnCode: IDENTIFIER_REJECTED }
  return undefined
}

function mismatch(session: Session, client: Client, reason: string, { events }: ClaimOptions): ClaimRefusal {
  events.emit('security', 'identity-mismatch', {
    ...detailOf(session),
    clientId: printable(client.id),
    reason,
  })
  return { reason, returnCode: IDENTIFIER_REJECTED }
}

function isAnotherIdentity({ identity: a }: Session, { identity: b }: Session): boolean {
  return a.role !== b.role || a.id !== b.id
}

function factsOf(holder: Session, session: Session, nowMs: number, askedAtMs: number): ContestFacts {
  return {
    mayTakeOver: holder.host === session.host || isLogIn(session),
    silentMs: nowMs - holder.conn.heardAtMs,
    keepAliveMs: holder.keepAliveMs,
    waitedMs: nowMs - askedAtMs,
    takeOverCount: holder.recentTakeOvers(nowMs).length,
  }
}

/** Whoever has just given the password of a person is that person; there is no certificate that could be a copy. */
function isLogIn({ identity }: Session): boolean {
  return identity.notBeforeMs === undefined
}

function grant(session: Session, client: Client, { sessions, events, clock }: ClaimOptions): 'granted' {
  const former = sessions.hold(client.id, session, clock.monotonicMs())
  if (former === undefined || former.conn.destroyed) return 'granted'
  const detail = { ...detailOf(session), ...holderOf(former) }
  events.emit('security', 'session-taken-over', detail)
  if (isOlder(session, former)) events.emit('security', 'older-certificate', detail)
  return 'granted'
}

/** While a certificate is renewed there are two of an identity; going back to the older one is not part of that. */
function isOlder({ identity: newcomer }: Session, { identity: holder }: Session): boolean {
  return (
    newcomer.notBeforeMs !== undefined &&
    holder.notBeforeMs !== undefined &&
    newcomer.notBeforeMs < holder.notBeforeMs
  )
}

function inUse(
  session: Session,
  holder: Session,
  { reason, silentMs }: { readonly reason: string; readonly silentMs: number },
  { events }: ClaimOptions,
): ClaimRefusal {
  const detail = { ...detailOf(session), ...holderOf(holder), holderSilentMs: Math.round(silentMs), reason }
  events.emit('security', 'identity-in-use', detail)
  if (isOlder(session, holder)) events.emit('security', 'older-certificate', detail)
  return { reason: 'the identity is in use from another address', returnCode: SERVER_UNAVAILABLE }
}

function tellContended(
  session: Session,
  holder: Session,
  facts: ContestFacts,
  { events }: ClaimOptions,
): void {
  const detail = { ...detailOf(session), ...holderOf(holder), takeOversWithinMinute: facts.takeOverCount }
  events.emit('security', 'identity-contended', detail)
}

function detailOf({ identity, address, listener }: Session) {
  return { role: identity.role, id: identity.id, address, listener, fingerprint: identity.fingerprint }
}

function holderOf({ identity, address }: Session) {
  return { holderAddress: address, holderFingerprint: identity.fingerprint }
}

async function pause(clock: Clock): Promise<void> {
  await new Promise<void>((resolve) => {
    clock.after(LOOK_MS, resolve)
  })
}
