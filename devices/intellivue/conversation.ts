/**
 * The conversation with a monitor: associate, acknowledge its description, poll, renew the polls before they end, and
 * begin anew when it falls silent. It hears user data and says user data; what is around it is the transport's.
 */

import type { DriverOutput } from '../protocol.ts'
import { OPTION, type PollProfile, type SessionPhase } from './association.ts'
import { Interpreter, type News } from './interpreter.ts'
import { requestOf, type RequestName } from './requests.ts'
import { TICKS_PER_MS } from './device-clock.ts'
import { chosenWaves, waveListRequest } from './wave-list.ts'

type Phase = 'closed' | 'pausing' | 'associating' | 'expecting-mds' | 'listing-waves' | 'polling'

const ANSWER_MS = 3_000
/** A monitor that refused has another client, or is not ready. */
const REFUSED_PAUSE_MS = 10_000
const ABORTED_PAUSE_MS = 2_000
const MDS_MS = 10_000
const WAVE_LIST_MS = 2_000
/** Results come every 1.024 s. */
const SILENCE_MS = 10_000
/** Half of the active time that is asked for. */
const RENEW_MS = 30_000
const SINGLE_POLL_MS = 1_000
/** "If nothing is exchanged for the minimum poll period the association times out." */
const PERIOD_SHARE = 0.5

export class Conversation {
  readonly #interpreter = new Interpreter('live')
  #phase: Phase = 'closed'
  #dueMs = 0
  #silentAtMs = 0
  #invokeId = 0
  #profile: PollProfile | undefined
  #isExtended = true

  /** When `tick` has something to do. */
  get wakeAtMs(): number | undefined {
    if (this.#phase === 'closed') return undefined
    return this.#phase === 'polling' ? Math.min(this.#dueMs, this.#silentAtMs) : this.#dueMs
  }

  opened(atMs: number): readonly DriverOutput[] {
    this.#isExtended = true
    return this.#associate(atMs)
  }

  closed(): void {
    this.#phase = 'closed'
  }

  hear(userData: Uint8Array, atMs: number): readonly DriverOutput[] {
    const { outputs, news } = this.#interpreter.interpret(userData)
    const answers = this.#answer(news, atMs)
    return answers.length === 0 ? outputs : [...outputs, ...answers]
  }

  tick(atMs: number): readonly DriverOutput[] {
    if (this.#phase === 'closed') return []
    if (this.#phase === 'polling' && atMs >= this.#silentAtMs) return this.#giveUp(atMs, ABORTED_PAUSE_MS)
    if (atMs < this.#dueMs) return []
    if (this.#phase === 'polling') return this.#poll(atMs)
    if (this.#phase === 'listing-waves') return this.#startPolling(atMs)
    if (this.#phase === 'expecting-mds') return this.#giveUp(atMs, ABORTED_PAUSE_MS)
    return this.#associate(atMs)
  }

  #associate(atMs: number): readonly DriverOutput[] {
    this.#enter('associating', atMs + ANSWER_MS)
    return [this.#say('associate')]
  }

  /** The monitor may still hold the association: it is told that we do not. */
  #giveUp(atMs: number, pauseMs: number): readonly DriverOutput[] {
    this.#enter('pausing', atMs + pauseMs)
    return [this.#say('release')]
  }

  #answer(news: News, atMs: number): readonly DriverOutput[] {
    if (this.#phase === 'closed' || news.kind === 'nothing') return []
    if (news.kind === 'session') return this.#answerSession(news.phase, news.profile, atMs)
    // What is said outside an association is a monitor's that has kept an old one.
    if (this.#phase === 'associating' || this.#phase === 'pausing') return []
    this.#silentAtMs = atMs + SILENCE_MS
    if (news.kind === 'mds-created') return this.#acknowledgeMds(news.invokeId, atMs)
    if (news.kind === 'wave-list') return this.#chooseWaves(news.textIds, atMs)
    if (news.kind === 'wave-list-set' && this.#phase === 'listing-waves') return this.#startPolling(atMs)
    return news.kind === 'failed' ? this.#answerFailure(atMs) : []
  }

  #answerSession(
    said: SessionPhase,
    profile: PollProfile | undefined,
    atMs: number,
  ): readonly DriverOutput[] {
    if (said === 'accept' && this.#phase === 'associating') {
      this.#profile = profile
      this.#interpreter.begin()
      this.#isExtended = profile?.extendedOptions !== undefined
      this.#enter('expecting-mds', atMs + MDS_MS)
    }
    if (said === 'refuse') this.#enter('pausing', atMs + REFUSED_PAUSE_MS)
    if (said === 'abort' || said === 'released') this.#enter('pausing', atMs + ABORTED_PAUSE_MS)
    return []
  }

  #acknowledgeMds(invokeId: number, atMs: number): readonly DriverOutput[] {
    const result = this.#send(requestOf('mdsCreateResult', invokeId))
    if (this.#phase !== 'expecting-mds') return [result]
    if (!this.#hasWaves) return [result, ...this.#startPolling(atMs)]
    this.#enter('listing-waves', atMs + WAVE_LIST_MS)
    return [result, this.#say('getWaveList')]
  }

  get #hasWaves(): boolean {
    const options = this.#profile?.extendedOptions ?? 0
    return this.#isExtended && (options & OPTION.waves) !== 0
  }

  #chooseWaves(available: readonly number[], atMs: number): readonly DriverOutput[] {
    if (this.#phase !== 'listing-waves') return []
    const chosen = chosenWaves(available)
    // Written only when the monitor would have to choose by itself: the list is shared with its other clients.
    const isAlready = chosen.length === available.length
    const request = isAlready ? undefined : waveListRequest(chosen, this.#nextInvokeId())
    if (request === undefined) return this.#startPolling(atMs)
    this.#dueMs = atMs + WAVE_LIST_MS
    return [this.#send(request)]
  }

  /** A monitor that cannot do what was asked is asked for less. */
  #answerFailure(atMs: number): readonly DriverOutput[] {
    if (this.#phase === 'listing-waves') return this.#startPolling(atMs)
    if (this.#phase !== 'polling' || !this.#isExtended) return []
    this.#isExtended = false
    return this.#poll(atMs)
  }

  #startPolling(atMs: number): readonly DriverOutput[] {
    this.#silentAtMs = atMs + SILENCE_MS
    this.#phase = 'polling'
    return this.#poll(atMs)
  }

  #poll(atMs: number): readonly DriverOutput[] {
    this.#dueMs = atMs + this.#pollIntervalMs
    if (!this.#isExtended) return [this.#say('pollNumericsOnce'), this.#say('pollAlarmsOnce')]
    const polls = [this.#say('pollNumerics'), this.#say('pollAlarms')]
    return this.#hasWaves ? [...polls, this.#say('pollWaves')] : polls
  }

  get #pollIntervalMs(): number {
    if (!this.#isExtended) return SINGLE_POLL_MS
    const periodMs = (this.#profile?.minPollPeriodTicks ?? 0) / TICKS_PER_MS
    return Math.max(SINGLE_POLL_MS, Math.min(RENEW_MS, periodMs * PERIOD_SHARE))
  }

  #enter(phase: Phase, dueMs: number): void {
    this.#phase = phase
    this.#dueMs = dueMs
  }

  #say(name: RequestName): DriverOutput {
    return this.#send(requestOf(name, this.#nextInvokeId()))
  }

  #nextInvokeId(): number {
    this.#invokeId = (this.#invokeId + 1) % INVOKE_IDS
    return this.#invokeId
  }

  #send(bytes: Uint8Array): DriverOutput {
    return { kind: 'send', bytes }
  }
}

const INVOKE_IDS = 0x10000
