/** A simulated ward: which device plays which patient on which bed, and over which link. */

import type { LineFaultRates } from './line-faults.ts'
import type { Recording } from './recording.ts'

/** `call`: the device connects to a TCP port of the gateway. */
export const SCENARIO_LINKS = ['pty', 'tcp', 'udp', 'call', 'ble'] as const
export type ScenarioLink = (typeof SCENARIO_LINKS)[number]

export interface Scenario {
  readonly devices: readonly ScenarioDevice[]
}

export interface ScenarioDevice {
  readonly id: string
  readonly ward: string
  readonly bed: string
  readonly protocol: string
  readonly recording: Recording
  readonly startS: number
  readonly speed: number
  readonly isLoop: boolean
  readonly link: ScenarioLink
  /** Of a TCP link, where 0 takes a free one; of a call, the port of the gateway. */
  readonly tcpPort: number
  /** Of a UDP link only; 0 takes a free one. */
  readonly udpPort: number
  /** Of a BLE device only. */
  readonly address: string
  /** Devices behind this one's line, by the name of their part: each has an id of its own. */
  readonly parts: Readonly<Record<string, string>>
  readonly faults: LineFaultRates
  readonly seed: number
}
