/** What no schema can say: what has to agree with something else in the file, in the program or on the disk. */

import { accessSync, constants } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { DeviceProtocol } from '../../devices/protocol.ts'
import { errorCode } from '../errors.ts'
import { readAllowedRange } from '../uplink/allowed-ranges.ts'
import { decideUrl } from '../uplink/policy.ts'
import { BINDABLE, checkAddress } from './check-address.ts'
import { checkDeviceLine, checkLink } from './check-device-line.ts'
import type { DeviceConfig, UplinkConfig } from './config.ts'
import type { ConfigFile } from './config.schema.ts'
import { finding, type Finding, type KeyPath } from './fault.ts'
import { checkWeb } from './check-web.ts'
import { checkRadio } from './check-radio.ts'
import { nearestWord } from './nearest-word.ts'
import { checkRepeats } from './repeats.ts'

export interface Surroundings {
  readonly file: string
  readonly protocols: readonly DeviceProtocol[]
  readonly environment: Readonly<Record<string, string | undefined>>
}

type Check = (config: ConfigFile, surroundings: Surroundings) => readonly Finding[]

const CHECKS: readonly Check[] = [
  checkParts,
  checkListeners,
  checkWeb,
  checkHealth,
  checkBedsideBroker,
  checkRenewAt,
  checkDevices,
  checkRepeats,
  checkUplinks,
]

export function crossCheck(config: ConfigFile, surroundings: Surroundings): readonly Finding[] {
  return CHECKS.flatMap((check) => check(config, surroundings))
}

function checkParts({ broker, bedside, uplinks }: ConfigFile): readonly Finding[] {
  if (broker === undefined && bedside === undefined)
    return [
      finding([], "neither 'broker' nor 'bedside' is there; add one of them, or there is nothing to run"),
    ]
  if (broker === undefined && uplinks.length > 0)
    return [
      finding(
        ['uplinks'],
        "an uplink forwards what the broker of this process admitted; add 'broker' as well",
      ),
    ]
  return []
}

const PLAINTEXT_MQTT_PORT = 1883

function checkListeners({ broker }: ConfigFile): readonly Finding[] {
  return (broker?.listen ?? []).flatMap(({ host, port }, index) => {
    const path = ['broker', 'listen', index]
    const findings = checkAddress([...path, 'host'], host, BINDABLE)
    if (port !== PLAINTEXT_MQTT_PORT) return findings
    return [
      ...findings,
      finding([...path, 'port'], '1883 means MQTT without encryption to every client; write 8883'),
    ]
  })
}

function checkHealth({ health }: ConfigFile): readonly Finding[] {
  return health === undefined ? [] : checkAddress(['health', 'host'], health.host, ['loopback'])
}

function checkBedsideBroker(
  { broker, bedside }: ConfigFile,
  { environment }: Surroundings,
): readonly Finding[] {
  if (bedside === undefined) return []
  if (bedside.broker !== undefined)
    return checkUrl(['bedside', 'broker'], { url: bedside.broker, environment })
  if (broker !== undefined) return []
  return [
    finding(
      ['bedside'],
      '\'broker\' is missing; add broker: "mqtts://...", as this process is no ward gateway itself',
    ),
  ]
}

function checkRenewAt({ bedside }: ConfigFile, { environment }: Surroundings): readonly Finding[] {
  if (bedside?.renewAt === undefined) return []
  return checkUrl(['bedside', 'renewAt'], { url: bedside.renewAt, scheme: 'https', environment })
}

function checkDevices({ bedside }: ConfigFile, { protocols }: Surroundings): readonly Finding[] {
  return (bedside?.devices ?? []).flatMap((device, index) => {
    const path = ['bedside', 'devices', index]
    const findings = checkProtocol(path, device, protocols)
    const radioFindings = device.link === 'ble' ? checkRadio(path, device, protocols) : []
    return [...findings, ...radioFindings, ...checkDeviceLine(path, device)]
  })
}

function checkProtocol(
  path: KeyPath,
  device: DeviceConfig,
  protocols: readonly DeviceProtocol[],
): readonly Finding[] {
  const protocol = protocols.find(({ id }) => id === device.protocol)
  if (protocol === undefined) {
    const ids = protocols.map(({ id }) => id)
    const nearest = nearestWord(device.protocol, ids)
    const hint = nearest === undefined ? '' : `; did you mean '${nearest}'?`
    return [
      finding(
        [...path, 'protocol'],
        `'${device.protocol}' is not known${hint}; known are: ${ids.join(', ')}`,
      ),
    ]
  }
  return checkLink(path, device, protocol)
}

function checkUplinks({ uplinks }: ConfigFile, surroundings: Surroundings): readonly Finding[] {
  return uplinks.flatMap((uplink, index) => checkUplink(['uplinks', index], uplink, surroundings))
}

function checkUplink(
  path: KeyPath,
  { url, allow, ca }: UplinkConfig,
  { file, environment }: Surroundings,
): readonly Finding[] {
  const ranges = (allow ?? []).flatMap((cidr, index) => {
    const reading = readAllowedRange(cidr)
    return reading.allowed ? [] : [finding([...path, 'allow', index], reading.detail)]
  })
  const allowedRanges = ranges.length > 0 ? undefined : allow
  const urlFindings = checkUrl([...path, 'url'], { url, allowedRanges, environment })
  return [...urlFindings, ...ranges, ...checkReadable([...path, 'ca'], resolve(dirname(file), ca))]
}

function checkUrl(path: KeyPath, question: Parameters<typeof decideUrl>[0]): readonly Finding[] {
  const decision = decideUrl(question)
  return decision.allowed ? [] : [finding(path, `refused (${decision.reason}): ${decision.detail}`)]
}

function checkReadable(path: KeyPath, file: string): readonly Finding[] {
  try {
    accessSync(file, constants.R_OK)
    return []
  } catch (error) {
    return [
      finding(
        path,
        `${file} cannot be read (${errorCode(error) ?? 'unknown'}); write the path of a PEM file`,
      ),
    ]
  }
}
