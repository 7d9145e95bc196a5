/**
 * What was asked of the monitor and whether it comes. A subscription has no acknowledgement, ends without a word
 * (a blocked line for 2 s stops the waves) and is lost when the monitor is switched off: what is silent is asked for
 * again.
 */

import type { Command, DriverOutput } from '../protocol.ts'
import { ASK } from './requests.ts'

type Kind = 'displayed' | 'waves' | 'alarms'

interface Rule {
  /** Silence that means the request is not in force. */
  readonly silenceMs: number
  /** Undefined: for ever. Monitors that are no CARESCAPE know no alarm request. */
  readonly tries?: number
  readonly frames: readonly Uint8Array[]
}

const RULES: Readonly<Record<Kind, Rule>> = {
  displayed: { silenceMs: 12_000, frames: [ASK.displayed] },
  waves: { silenceMs: 5000, frames: [ASK.waves] },
  // "At most one message per 2 s"; the status is asked for again as a sign of life, changes are told at once.
  alarms: { silenceMs: 15_000, tries: 3, frames: [ASK.alarmStatus, ASK.alarmChanges] },
}

const KINDS: readonly Kind[] = ['displayed', 'waves', 'alarms']

interface State {
  dueAtMs: number
  triesLeft: number
}

export class Subscriptions {
  readonly #states = new Map<Kind, State>()

  get wakeAtMs(): number | undefined {
    const dues = [...this.#states.values()].filter(({ triesLeft }) => triesLeft > 0)
    return dues.length === 0 ? undefined : Math.min(...dues.map(({ dueAtMs }) => dueAtMs))
  }

  begin(atMs: number): readonly Command[] {
    for (const kind of KINDS) this.#states.set(kind, { dueAtMs: atMs, triesLeft: triesOf(kind) })
    return this.due(atMs)
  }

  end(): void {
    this.#states.clear()
  }

  heard(outputs: readonly DriverOutput[], atMs: number): void {
    for (const output of outputs) {
      const kind = kindOf(output)
      const state = kind === undefined ? undefined : this.#states.get(kind)
      if (kind === undefined || state === undefined) continue
      state.dueAtMs = atMs + RULES[kind].silenceMs
      state.triesLeft = triesOf(kind)
    }
  }

  due(atMs: number): readonly Command[] {
    const commands: Command[] = []
    for (const [kind, state] of this.#states) {
      if (state.triesLeft <= 0 || atMs < state.dueAtMs) continue
      const { silenceMs, frames } = RULES[kind]
      state.dueAtMs = atMs + silenceMs
      state.triesLeft -= 1
      commands.push(...frames.map((bytes): Command => ({ kind: 'send', bytes })))
    }
    return commands
  }
}

function triesOf(kind: Kind): number {
  return RULES[kind].tries ?? Infinity
}

function kindOf(output: DriverOutput): Kind | undefined {
  if (output.kind === 'observation' && output.isHistory !== true) return 'displayed'
  if (output.kind === 'waveform') return 'waves'
  // Each alarm status says whether the sound is on, also when there is no alarm.
  if (output.kind === 'text' && output.name === 'alarm_sound') return 'alarms'
  return undefined
}
