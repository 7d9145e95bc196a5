/** Reads the configuration: file, then environment, then every check; answers a frozen Config or all faults at once. */

import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { DeviceProtocol } from '../../devices/protocol.ts'
import { PROTOCOLS } from '../../devices/registry.ts'
import { ConfigError, errorCode, errorMessage } from '../errors.ts'
import type { Config, DeviceConfig, LogLevelName } from './config.ts'
import { CONFIG_SCHEMA, LOG_LEVELS, type ConfigFile } from './config.schema.ts'
import { crossCheck } from './cross-check.ts'
import { explainFault } from './explain-fault.ts'
import { about, type Fault } from './fault.ts'
import { readYaml } from './yaml-file.ts'

export interface LoadOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly protocols?: readonly DeviceProtocol[]
}

export type ConfigReading =
  | { readonly config: Config; readonly faults?: never }
  | { readonly config?: never; readonly faults: readonly Fault[] }

const isConfigFile = new Ajv2020({
  allErrors: true,
  strict: true,
  discriminator: true,
  useDefaults: true,
  verbose: true,
}).compile<ConfigFile>(CONFIG_SCHEMA)

/** Throws ConfigError, whose message has one line for each fault after its title, and whose `context.faults` counts them. */
export function loadConfig(path: string, options: LoadOptions = {}): Config {
  const { config, faults } = readConfig(path, options)
  if (config !== undefined) return config
  const title = `${path} has ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}`
  const lines = faults.map(({ where, message }) => `${where}: ${message}`)
  throw new ConfigError([title, ...lines].join('\n'), { faults: faults.length, path })
}

export function readConfig(path: string, options: LoadOptions = {}): ConfigReading {
  const { environment = process.env, protocols = PROTOCOLS } = options
  const text = readText(path)
  if (typeof text !== 'string') return { faults: [text] }
  const yaml = readYaml(text, path)
  if (yaml.faults.length > 0) return { faults: yaml.faults }
  const fromEnvironment = checkEnvironment(environment)
  if (!isConfigFile(yaml.value)) {
    const errors = (isConfigFile.errors ?? []).filter(({ keyword }) => !REPEATS.has(keyword))
    return { faults: inOrder([...errors.map((error) => explainFault(error, yaml)), ...fromEnvironment]) }
  }
  const findings = crossCheck(yaml.value, { file: path, protocols, environment })
  const faults = findings.map((finding) => ({
    ...yaml.whereIs(finding.path),
    message: about(finding.path, finding.text),
  }))
  if (faults.length > 0 || fromEnvironment.length > 0)
    return { faults: inOrder([...faults, ...fromEnvironment]) }
  return { config: deepFreeze(complete(yaml.value, resolve(path), environment)) }
}

// Rules that only say again what a rule inside them has said.
const REPEATS: ReadonlySet<string> = new Set(['oneOf', 'propertyNames'])

function readText(path: string): string | Fault {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    return {
      where: path,
      message: `cannot be read (${errorCode(error) ?? errorMessage(error)}); name a readable YAML file`,
    }
  }
}

function checkEnvironment(environment: NonNullable<LoadOptions['environment']>): readonly Fault[] {
  const level = environment['WARDGATE_LOG_LEVEL']
  if (level === undefined || isLogLevel(level)) return []
  return [
    { where: 'WARDGATE_LOG_LEVEL', message: `'${level}' is not known; set one of ${LOG_LEVELS.join(', ')}` },
  ]
}

/** Environment before file; relative paths start where they are written. */
function complete(
  file: ConfigFile,
  path: string,
  environment: NonNullable<LoadOptions['environment']>,
): Config {
  const absolute = (written: string): string => resolve(dirname(path), written)
  const { WARDGATE_STATE: state, WARDGATE_LOG_LEVEL: level } = environment
  const { bedside } = file
  return {
    ...file,
    file: path,
    state: state === undefined ? absolute(file.state) : resolve(state),
    log: level !== undefined && isLogLevel(level) ? { level } : file.log,
    uplinks: file.uplinks.map((uplink) => ({ ...uplink, ca: absolute(uplink.ca) })),
    ...(bedside === undefined
      ? {}
      : { bedside: { ...bedside, devices: bedside.devices.map((device) => withPaths(device, absolute)) } }),
  }
}

function withPaths(device: DeviceConfig, absolute: (written: string) => string): DeviceConfig {
  if (device.link === 'serial') {
    const { path, paths } = device
    return {
      ...device,
      ...(path !== undefined && { path: absolute(path) }),
      ...(paths !== undefined && { paths: paths.map(absolute) }),
    }
  }
  if (device.link !== 'ble') return device
  const { air, passkeyFile } = device
  return {
    ...device,
    ...(air !== undefined && { air: absolute(air) }),
    ...(passkeyFile !== undefined && { passkeyFile: absolute(passkeyFile) }),
  }
}

function isLogLevel(word: string): word is LogLevelName {
  return LOG_LEVELS.some((level) => level === word)
}

// From top to bottom of the file; what stands in no line comes first.
function inOrder(faults: readonly Fault[]): readonly Fault[] {
  return [...faults].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) deepFreeze(inner)
  return Object.freeze(value)
}
