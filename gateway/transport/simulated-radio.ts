/** A Bluetooth LE central without a radio: every peripheral is a socket in one directory, named by its address. */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  airSocketName,
  fitsSocketPath,
  isAirSocketName,
  LONGEST_SOCKET_PATH_BYTES,
  parseAirMessage,
  type Advertisement,
} from '../../devices/framing/air.ts'
import { CONTROL_CHANNEL } from '../../devices/framing/l2cap.ts'
import type { Clock } from '../clock.ts'
import { ConfigError } from '../errors.ts'
import { openAirStream } from './air-stream.ts'
import type { GattCentral } from './gatt-central.ts'
import { connectSimulated } from './simulated-connection.ts'

export interface SimulatedRadioOptions {
  /** Where the peripherals listen. */
  readonly airDir: string
  readonly clock: Clock
}

// A peripheral that listens answers at once; one that hangs must not hold up the scan.
const SCAN_TIMEOUT_MS = 1_000

// More than a ward has; a bound for a directory that is something else.
const MOST_PERIPHERALS = 512

export function createSimulatedRadio({ airDir, clock }: SimulatedRadioOptions): GattCentral {
  if (!fitsSocketPath(airDir))
    throw new ConfigError(
      `the directory of the simulated radio is too long: the path of a socket in ${airDir} would exceed ` +
        `the ${LONGEST_SOCKET_PATH_BYTES} bytes the system allows; choose a shorter state directory`,
      { airDir },
    )
  return {
    async scan() {
      const names = await readdir(airDir).catch(() => undefined)
      if (names === undefined) return { ok: false, reason: 'no-air-dir' }
      const sockets = names.filter(isAirSocketName).slice(0, MOST_PERIPHERALS)
      const heard = await Promise.all(sockets.map((name) => ask(join(airDir, name), clock)))
      const advertisements = heard.filter((each) => each !== undefined)
      // A peripheral can only speak for the address it listens at.
      return {
        ok: true,
        value: advertisements.filter(({ address }) => sockets.includes(airSocketName(address) ?? '')),
      }
    },
    async connect(address, listener) {
      const name = airSocketName(address)
      if (name === undefined) return { ok: false, reason: 'bad-address' }
      return connectSimulated(join(airDir, name), clock, listener)
    },
  }
}

/** Undefined when it is gone, busy with a central, silent, or answers anything else. */
function ask(socketPath: string, clock: Clock): Promise<Advertisement | undefined> {
  return new Promise((resolve) => {
    const stream = openAirStream(socketPath, {
      onFrame: ({ channel, payload }) => {
        const message = channel === CONTROL_CHANNEL ? parseAirMessage(payload) : undefined
        resolve(message?.kind === 'advertisement' ? message.advertisement : undefined)
        stream.close()
      },
      onEnd: () => {
        cancelTimeout()
        resolve(undefined)
      },
    })
    const cancelTimeout = clock.after(SCAN_TIMEOUT_MS, () => stream.close())
    stream.tell({ kind: 'scan' })
  })
}
