/** A person's word that the clock of this machine is right; a running gateway finds it within ten seconds. */

import { refuseForeignDirectory } from '../../certs/guarded-file.ts'
import { layoutOfState } from '../../certs/store-layout.ts'
import type { Uptime } from '../clock.ts'
import { toInstant } from '../contract/instant.ts'
import { ConfigError } from '../errors.ts'
import { birthIn } from './keep-time.ts'
import { recordOf, timeFileOf, writeTimeFile } from './time-file.ts'

export interface Confirmation {
  readonly stateDir: string
  /** The time as the person has it from elsewhere. */
  readonly saidMs: number
  readonly wallMs: number
  readonly uptime: Uptime
}

/** A person reads a watch and types; more is another time. */
const READING_MS = 2 * 60_000

/** Throws, and changes nothing, unless the clock shows what the person says. */
export function confirmClock({ stateDir, saidMs, wallMs, uptime }: Confirmation): void {
  const { directory } = layoutOfState(stateDir)
  // Who may not read the keys has no say about the time; and a file of another user could not be read by the gateway.
  refuseForeignDirectory(directory, `there is no gateway's state in ${stateDir}: give its --state`)
  if (!(Math.abs(saidMs - wallMs) <= READING_MS))
    throw new ConfigError(
      `the clock of this machine says ${toInstant(wallMs)}, not ${toInstant(saidMs)}: set the clock first (date, timedatectl, or its time server), then accept it`,
      { wallMs, saidMs },
    )
  const birthMs = birthIn(stateDir)
  if (birthMs !== undefined && wallMs < birthMs)
    throw new ConfigError(
      `the issuing CA was made at ${toInstant(birthMs)}, so it cannot be ${toInstant(wallMs)}: set the clock, or, if the CA was made on a wrong clock, make a new one with \`wardgate certs renew\``,
      { wallMs, birthMs },
    )
  writeTimeFile(timeFileOf(stateDir), recordOf(wallMs, uptime.sinceBootMs(), uptime))
}
