/** What is said about a clock that may not be believed: what is wrong, what goes on meanwhile, what to do. */

import { toInstant } from '../contract/instant.ts'
import type { ClockFault } from './judge-clock.ts'

const FAULTS: Readonly<Record<ClockFault, string>> = {
  'before-authority': 'it stands before the day on which the issuing CA was made',
  behind: 'it stands behind a time that has been already',
  ahead: 'it has run ahead of the time that can have passed',
}

const TO_DO =
  'set the clock of this machine (time server, battery of its clock); if it is right already, say so with `wardgate clock accept`'

const MEANWHILE =
  'certificates are judged by the estimate; readings are still stamped with the clock of the machine'

export interface ClockAlarm {
  readonly fault: ClockFault
  readonly wallMs: number
  readonly estimateMs: number
}

export function alarmDetail({ fault, wallMs, estimateMs }: ClockAlarm): Readonly<Record<string, string>> {
  return {
    reason: fault,
    what: `the clock of this machine is not believed: ${FAULTS[fault]}`,
    clock: toInstant(wallMs),
    estimate: toInstant(estimateMs),
    meanwhile: MEANWHILE,
    toDo: TO_DO,
  }
}

/** One line, for readiness. */
export function alarmLine({ fault, wallMs, estimateMs }: ClockAlarm): string {
  return `clock: ${toInstant(wallMs)} is not believed, ${FAULTS[fault]}; it should be about ${toInstant(estimateMs)}: ${TO_DO}`
}
