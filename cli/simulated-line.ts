/** Which line a single simulated device stands on, from the options of `wardgate simulate`. */

import { UsageError } from '../gateway/errors.ts'
import { kindOf, SIMULATED_PROTOCOLS, type DeviceKind } from '../simulators/device-kinds.ts'
import { linksOf } from '../simulators/kind-links.ts'
import type { ScenarioLink } from '../simulators/scenario.ts'

export interface LineOptions {
  readonly portLink?: string
  readonly port?: string
  readonly tcp?: number
  readonly udp?: number
  readonly call?: number
}

/** The link of the scenario's row, with its port. */
export interface LineFields {
  readonly link: ScenarioLink
  readonly tcpPort?: number
  readonly udpPort?: number
}

/** Where the pseudo-terminal is put: `--port` is another word for `--port-link`. */
export function terminalOf({ portLink, port }: LineOptions): string | undefined {
  return portLink ?? port
}

export function lineFields(kind: DeviceKind | undefined, options: LineOptions): LineFields {
  const { portLink, port, tcp, udp, call } = options
  const given = [portLink, port, tcp, udp, call].filter((each) => each !== undefined)
  if (given.length > 1)
    throw new UsageError(
      '--port-link (or --port), --tcp, --udp and --call exclude each other: a device has one line',
    )
  if (tcp !== undefined) return { link: 'tcp', tcpPort: tcp }
  if (udp !== undefined) return { link: 'udp', udpPort: udp }
  if (call !== undefined) return { link: 'call', tcpPort: call }
  const link = terminalOf(options) === undefined && kind !== undefined ? linksOf(kind)[0] : 'pty'
  if (link === 'call')
    throw new UsageError('--call 127.0.0.1:PORT is missing: this device calls a port of the gateway')
  return { link }
}

/** A protocol by its id, or by the beginning of it where the line leaves only one: `intellivue` on a terminal. */
export function protocolNamed(name: string, options: LineOptions): string {
  if (SIMULATED_PROTOCOLS.includes(name)) return name
  const family = SIMULATED_PROTOCOLS.filter((id) => id.startsWith(`${name}-`))
  const fitting = family.filter((id) => fits(kindOf(id), options))
  const [only] = fitting
  if (only !== undefined && fitting.length === 1) return only
  const known = family.length === 0 ? SIMULATED_PROTOCOLS : family
  throw new UsageError(`'${name}' cannot be simulated; choose one of ${known.join(', ')}`)
}

function fits(kind: DeviceKind | undefined, options: LineOptions): boolean {
  return kind !== undefined && linksOf(kind).includes(lineFields(kind, options).link)
}
