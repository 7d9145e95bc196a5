/** `wardgate simulate`: bedside devices without a bedside, replaying recorded patients for any gateway to read. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { Argument, Command, InvalidArgumentError } from 'commander'
import { systemClock } from '../gateway/clock.ts'
import { UsageError } from '../gateway/errors.ts'
import { kindOf, SIMULATED_PROTOCOLS } from '../simulators/device-kinds.ts'
import { shippedPatients } from '../simulators/patients.ts'
import { startScenario, type RunningDevice, type RunningScenario } from '../simulators/run.ts'
import { readDevice } from '../simulators/scenario-device.ts'
import { readScenario } from '../simulators/scenario-file.ts'
import type { Scenario } from '../simulators/scenario.ts'
import { lineFields, protocolNamed, terminalOf } from './simulated-line.ts'
import { stopSignal } from './stop-signal.ts'

interface SimulateOptions {
  readonly patient?: string
  readonly portLink?: string
  readonly port?: string
  readonly tcp?: number
  readonly udp?: number
  readonly call?: number
  readonly air?: string
  readonly address?: string
  readonly speed?: number
  readonly start?: number
  readonly seed?: number
  readonly loop?: boolean
  readonly scenario?: string
  readonly runDir?: string
  readonly list?: boolean
  readonly json?: boolean
}

export function simulateCommand(): Command {
  return new Command('simulate')
    .description('devices that replay recorded patients: one of them, or a whole ward')
    .addArgument(new Argument('[protocol]', `what the device speaks: ${SIMULATED_PROTOCOLS.join(', ')}`))
    .option('--patient <file|name>', 'a recording, or the name of one that ships with wardgate')
    .option('--port-link <path>', 'put the serial line at this path')
    .option('--port <path>', 'the same as --port-link')
    .option('--tcp <host:port>', 'offer the serial line on a port of 127.0.0.1 instead', parseLoopbackPort)
    .option('--udp <host:port>', 'answer datagrams on a port of 127.0.0.1', parseLoopbackPort)
    .option('--call <host:port>', 'call the gateway on a port of 127.0.0.1', parseLoopbackPort)
    .option('--air <dir>', 'directory of the simulated radio')
    .option('--address <address>', 'Bluetooth address, e.g. C0:FF:EE:00:00:01')
    .option('--speed <factor>', 'how much faster than life', parseNumber)
    .option('--start <seconds>', 'where in the recording to begin', parseNumber)
    .option('--seed <number>', 'the same seed gives the same bytes', parseNumber)
    .option('--loop', 'begin again at the end')
    .option('--scenario <file>', 'a whole ward from a scenario file')
    .option('--run-dir <dir>', 'where the lines and the radio stand; a directory of its own when absent')
    .option('--list', 'what can be played')
    .option('--json', 'one JSON object a line')
    .action(simulate)
}

async function simulate(protocol: string | undefined, options: SimulateOptions): Promise<void> {
  if (options.list === true) {
    list(options.json === true)
    return
  }
  const scenario = scenarioOf(protocol, options)
  // Heard from here on: whoever stops it while it opens its lines finds none of them left behind.
  const stopping = stopSignal(systemClock)
  const ownDir = options.runDir === undefined ? mkdtempSync(join(tmpdir(), 'wardgate-sim-')) : undefined
  try {
    const running = await start(scenario, options, options.runDir ?? ownDir ?? '')
    print(running.devices, options.json === true)
    await Promise.race([stopping, running.finished])
    await running.stop()
  } finally {
    if (ownDir !== undefined) rmSync(ownDir, { recursive: true, force: true })
  }
}

function scenarioOf(protocol: string | undefined, options: SimulateOptions): Scenario {
  if (options.scenario === undefined) {
    if (protocol === undefined)
      throw new UsageError(
        "name a protocol, or a ward with --scenario; 'wardgate simulate --list' shows what can be played",
      )
    return singleDevice(protocolNamed(protocol, options), options)
  }
  const strays = SINGLE_OPTIONS.filter((name) => options[name] !== undefined)
  if (protocol !== undefined || strays.length > 0)
    throw new UsageError(
      'a scenario names its own devices: leave out the protocol and every option except --run-dir and --json',
    )
  return readScenario(options.scenario)
}

const SINGLE_OPTIONS = [
  'patient',
  'portLink',
  'port',
  'tcp',
  'udp',
  'call',
  'air',
  'address',
  'speed',
  'start',
  'seed',
  'loop',
] as const satisfies readonly (keyof SimulateOptions)[]

// A device alone stands on no bed; these ids only fill the row.
const NOWHERE = { ward: 'none', bed: 'none' } as const

function singleDevice(protocol: string, options: SimulateOptions): Scenario {
  const { patient, address, speed, start, seed, loop } = options
  if (patient === undefined)
    throw new UsageError(`--patient is missing: a file, or one of ${shippedPatients().join(', ')}`)
  const portLink = terminalOf(options)
  const entry = {
    ...NOWHERE,
    id: protocol,
    protocol,
    patient,
    ...lineFields(kindOf(protocol), options),
    ...(address !== undefined && { address }),
    ...(speed !== undefined && { speed }),
    ...(start !== undefined && { startS: start }),
    ...(seed !== undefined && { seed }),
    ...(loop === true && { loop }),
  }
  const faults: string[] = []
  const device = readDevice(entry, {
    path: [],
    seed: 0,
    baseDir: process.cwd(),
    note: (_path, text) => void faults.push(text),
  })
  if (device === undefined || faults.length > 0) throw new UsageError(faults.join('\n'))
  // The line stands at <directory>/<id>, so the name of the link is the id.
  return { devices: [portLink === undefined ? device : { ...device, id: basename(portLink) }] }
}

async function start(scenario: Scenario, options: SimulateOptions, runDir: string): Promise<RunningScenario> {
  const { air } = options
  const portLink = terminalOf(options)
  return startScenario({
    scenario,
    runDir,
    ...(portLink !== undefined && { ttyDir: dirname(resolve(portLink)) }),
    ...(air !== undefined && { airDir: resolve(air) }),
    clock: systemClock,
    onNotice: (text) => process.stderr.write(`wardgate simulate: ${text}\n`),
  })
}

function print(devices: readonly RunningDevice[], isJson: boolean): void {
  for (const device of devices)
    process.stdout.write(isJson ? `${JSON.stringify(device)}\n` : `${sentence(device)}\n`)
}

function sentence({ id, protocol, link, ward, bed }: RunningDevice): string {
  const bedside = ward === NOWHERE.ward ? '' : ` ${ward}/${bed}`
  return `${id}${bedside} ${protocol === id ? '' : `${protocol} `}${placeOf(link)}`
}

function placeOf(link: RunningDevice['link']): string {
  if (link.kind === 'serial') return `serial ${link.path}`
  if (link.kind === 'tcp' || link.kind === 'udp') return `${link.kind} ${link.host}:${link.port}`
  if (link.kind === 'call') return `calls ${link.host}:${link.port}`
  return `ble ${link.address} in ${link.airDir}`
}

function list(isJson: boolean): void {
  const known = { protocols: SIMULATED_PROTOCOLS, patients: shippedPatients() }
  const lines = Object.entries(known).flatMap(([title, names]) => [
    `${title}:`,
    ...names.map((n) => `  ${n}`),
  ])
  process.stdout.write(isJson ? `${JSON.stringify(known)}\n` : `${lines.join('\n')}\n`)
}

function parseNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('a number is expected')
  return value
}

// The bytes of a device are a patient's in the clear: they do not leave this machine.
function parseLoopbackPort(text: string): number {
  const match = /^127\.0\.0\.1:(\d{1,5})$/.exec(text)
  if (match === null) throw new InvalidArgumentError('127.0.0.1:PORT is expected; port 0 takes a free one')
  return Number(match[1])
}
