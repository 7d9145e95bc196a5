/** Starts every device of a scenario, each on its own cable or radio, and stops them together. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../gateway/clock.ts'
import { kindOf, type DeviceKind } from './device-kinds.ts'
import type { DeviceLine } from './device-line.ts'
import { openPseudoTerminal } from './pseudo-terminal.ts'
import type { Scenario, ScenarioDevice } from './scenario.ts'
import {
  startBleDevice,
  startSerialDevice,
  type DeviceAddress,
  type DevicePlan,
  type SimulatedDevice,
} from './simulated-device.ts'
import { SimulatorError } from './simulator-error.ts'
import { startTalkingDevice } from './talking-device.ts'
import { openCallingLine, openTcpLine } from './tcp-lines.ts'
import { openTerminalLine } from './terminal-line.ts'
import { PseudoTerminalError } from './terminal-pair.ts'
import { openUdpLine } from './udp-line.ts'

export interface ScenarioOptions {
  readonly scenario: Scenario
  /** Holds `tty/<id>` and `air/`, unless these are put elsewhere. */
  readonly runDir: string
  readonly ttyDir?: string
  readonly airDir?: string
  readonly clock: Clock
  /** Each device says nothing before somebody listens to it, so that nothing of the recording is missed. */
  readonly waitsForReader?: boolean
  /** Told once when there are no pseudo-terminals and serial devices stand on TCP ports instead. */
  readonly onNotice?: (text: string) => void
  /** Every simulated device when absent. */
  readonly kindOf?: (protocol: string) => DeviceKind | undefined
}

export interface RunningDevice {
  readonly id: string
  readonly ward: string
  readonly bed: string
  readonly protocol: string
  readonly link: DeviceAddress
  readonly parts: Readonly<Record<string, string>>
}

export interface RunningScenario {
  readonly devices: readonly RunningDevice[]
  /** All recordings are at their end, or `stop` was called. */
  readonly finished: Promise<void>
  stop(): Promise<void>
}

export async function startScenario(options: ScenarioOptions): Promise<RunningScenario> {
  const { scenario, runDir, onNotice } = options
  mkdirSync(runDir, { recursive: true, mode: 0o700 })
  const missing = scenario.devices.some(({ link }) => link === 'pty') ? await terminalFault() : undefined
  if (missing !== undefined) onNotice?.(`serial devices stand on TCP ports of this machine: ${missing}`)
  const started: { readonly row: ScenarioDevice; readonly device: SimulatedDevice }[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(started.map(({ device }) => device.stop()))
  }
  try {
    for (const row of scenario.devices)
      started.push({ row, device: await startDevice(row, missing === undefined, options) })
  } catch (error) {
    await stop()
    throw error
  }
  return {
    devices: started.map(({ row: { id, ward, bed, protocol, parts }, device }) => ({
      id,
      ward,
      bed,
      protocol,
      parts,
      link: device.address,
    })),
    finished: allOf(started.map(({ device }) => device.finished)),
    stop,
  }
}

async function startDevice(
  row: ScenarioDevice,
  hasTerminals: boolean,
  options: ScenarioOptions,
): Promise<SimulatedDevice> {
  const { clock, runDir, waitsForReader = false } = options
  const { recording, startS, speed, seed, isLoop, faults } = row
  const plan: DevicePlan = {
    recording,
    replay: { startS, speed },
    seed,
    isLoop,
    waitsForReader,
    faults,
    clock,
  }
  const kind = (options.kindOf ?? kindOf)(row.protocol)
  if (kind === undefined)
    throw new SimulatorError(`device ${row.id}: no simulator for the protocol '${row.protocol}'`)
  if (kind.link === 'ble')
    return startBleDevice(kind, { airDir: options.airDir ?? join(runDir, 'air'), address: row.address }, plan)
  const line = await openLine(row, hasTerminals, options)
  return kind.link === 'talking' ? startTalkingDevice(kind, line, plan) : startSerialDevice(kind, line, plan)
}

async function openLine(
  { link, id, tcpPort, udpPort }: ScenarioDevice,
  hasTerminals: boolean,
  { clock, runDir, ttyDir = join(runDir, 'tty') }: ScenarioOptions,
): Promise<DeviceLine> {
  if (link === 'udp') return openUdpLine(udpPort)
  if (link === 'call') return openCallingLine(tcpPort, clock)
  return link === 'pty' && hasTerminals ? openTerminalLine(join(ttyDir, id), clock) : openTcpLine(tcpPort)
}

/** Why there are no pseudo-terminals here; undefined when there are. */
async function terminalFault(): Promise<string | undefined> {
  try {
    const terminal = await openPseudoTerminal()
    await terminal.close()
    return undefined
  } catch (error) {
    if (error instanceof PseudoTerminalError) return error.message
    throw error
  }
}

async function allOf(promises: readonly Promise<void>[]): Promise<void> {
  await Promise.all(promises)
}
