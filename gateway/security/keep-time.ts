/** The trusted time of a state directory: what it keeps of the last good time, and the birth of its issuing CA. */

import { readFileSync } from 'node:fs'
import { layoutOfState } from '../../certs/store-layout.ts'
import type { Clock, Uptime } from '../clock.ts'
import type { EventSink } from '../ports.ts'
import { alarmLine } from './clock-alarm.ts'
import { judgeClock, type ClockVerdict } from './judge-clock.ts'
import { momentOf, readTimeFile, timeFileOf } from './time-file.ts'
import { createTrustedTime, type KeptTime, type TrustedTime } from './trusted-time.ts'
import { birthOf, readAuthorities } from './verify-authority.ts'

export interface KeepTimeOptions {
  readonly stateDir: string
  readonly clock: Clock
  readonly uptime: Uptime | undefined
  readonly events: EventSink
}

export interface ReadTimeOptions {
  readonly stateDir: string
  readonly clock: Pick<Clock, 'nowMs'>
  readonly uptime: Uptime
}

/** How long a birth that was read counts; an authority is renewed once in years. */
const READ_AGAIN_MS = 60_000

export function keepTime({ stateDir, clock, uptime, events }: KeepTimeOptions): KeptTime {
  let birthMs = birthIn(stateDir)
  let readAtMs = clock.monotonicMs()
  return createTrustedTime({
    clock,
    uptime: uptime ?? { sinceBootMs: () => clock.monotonicMs(), bootId: undefined },
    birthMs() {
      if (clock.monotonicMs() - readAtMs >= READ_AGAIN_MS) {
        birthMs = birthIn(stateDir) ?? birthMs
        readAtMs = clock.monotonicMs()
      }
      return birthMs
    },
    file: timeFileOf(stateDir),
    events,
  })
}

/** The same judgement for a command beside the gateway: it keeps nothing and raises no alarm. */
export function readTime({ stateDir, clock, uptime }: ReadTimeOptions): TrustedTime {
  const judge = (): ClockVerdict & { readonly wallMs: number } => {
    const found = readTimeFile(timeFileOf(stateDir))
    const known = found.kind === 'known' ? momentOf(found.record, uptime) : undefined
    const wallMs = clock.nowMs()
    return { wallMs, ...judgeClock({ wallMs, known, birthMs: birthIn(stateDir) }) }
  }
  return {
    nowMs() {
      const { fault, wallMs, estimateMs } = judge()
      return fault === undefined ? wallMs : estimateMs
    },
    get standing() {
      return judge().fault === undefined ? 'trusted' : 'implausible'
    },
    get reason() {
      const { fault, wallMs, estimateMs } = judge()
      return fault === undefined ? undefined : alarmLine({ fault, wallMs, estimateMs })
    },
  }
}

/** The birth of the newest issuing CA in the trust file, which every gateway has, also one without a CA of its own. */
export function birthIn(stateDir: string): number | undefined {
  try {
    return birthOf(readAuthorities(readFileSync(layoutOfState(stateDir).trust, 'utf8')))
  } catch {
    // Whoever needs the trust file says that it is missing; the clock then has one witness less.
    return undefined
  }
}
