/** The state of a demo ward, made like that of any ward: certificates, inventory, a configuration file to run again. */

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import { initStore, type CertificateStore } from '../certs/store.ts'
import type { DeviceConfig } from '../gateway/config/config.ts'
import { StorageError, UsageError, errorCode, errorMessage } from '../gateway/errors.ts'
import { writeInventory } from '../gateway/inventory/inventory-file.ts'
import type { InventoryEntry } from '../gateway/ports.ts'
import type { RunningDevice } from '../simulators/run.ts'
import type { Scenario, ScenarioDevice } from '../simulators/scenario.ts'

const DEMO_GATEWAY = 'gw-demo'
export const DEMO_BEDSIDE = 'box-1'
export const DEMO_OPERATOR = 'engineer-1'

export function stationOf(ward: string): string {
  return `station-${ward}`.slice(0, 32)
}

/** A fresh directory for the demo: the one asked for, or a new one among the temporary files. */
export function makeStateDir(asked: string | undefined): string {
  if (asked === undefined) return mkdtempSync(join(tmpdir(), 'wardgate-demo-'))
  const path = resolve(asked)
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new StorageError(`cannot make the state directory ${path}: ${errorMessage(error)}`, { path }, error)
  }
  return path
}

/** Certificates for everyone who takes part. */
export function makeDemoPki(stateDir: string, wards: readonly string[], nowMs: number): CertificateStore {
  const store = initStore({
    stateDir,
    site: 'wardgate',
    serverNames: ['localhost', '127.0.0.1', '::1'],
    nowMs,
  })
  store.issue({ role: 'bedside', id: DEMO_BEDSIDE, nowMs })
  store.issue({ role: 'operator', id: DEMO_OPERATOR, nowMs })
  for (const ward of wards) store.issue({ role: 'consumer', id: stationOf(ward), nowMs })
  return store
}

export function writeDemoInventory(
  stateDir: string,
  devices: readonly RunningDevice[],
  wards: readonly string[],
): void {
  const entries: InventoryEntry[] = [
    { role: 'bedside', id: DEMO_BEDSIDE },
    { role: 'operator', id: DEMO_OPERATOR, duties: ['engineer'], wards: [] },
    ...wards.map((ward): InventoryEntry => ({ role: 'consumer', id: stationOf(ward), wards: [ward] })),
    ...devices.flatMap(({ id, parts, ...row }) =>
      [id, ...Object.values(parts)].map((deviceId) => deviceEntry(deviceId, row)),
    ),
  ]
  writeInventory(stateDir, entries)
}

function deviceEntry(
  id: string,
  { ward, bed, protocol }: Pick<RunningDevice, 'ward' | 'bed' | 'protocol'>,
): InventoryEntry {
  const assoc = randomBytes(4).toString('hex')
  return { role: 'device', id, ward, bed, assoc, protocol, bedside: DEMO_BEDSIDE }
}

/** The configuration as an engineer would write it; `wardgate run --config` takes the same file. */
export async function writeDemoConfig(stateDir: string, devices: readonly RunningDevice[]): Promise<string> {
  const path = join(stateDir, 'wardgate.yaml')
  const config = {
    gateway: DEMO_GATEWAY,
    state: '.',
    log: { level: 'info' },
    broker: { listen: [{ host: '127.0.0.1', port: await freePort(8883) }] },
    web: { listen: [{ host: '127.0.0.1', port: await freePort(8443) }] },
    health: { host: '127.0.0.1', port: await freePort(9464) },
    bedside: { id: DEMO_BEDSIDE, devices: devices.map(deviceConfig) },
  }
  writeFileSync(path, stringify(config), { mode: 0o600 })
  return path
}

function deviceConfig({ parts, ...device }: RunningDevice): DeviceConfig {
  const config = lineConfig(device)
  return Object.keys(parts).length === 0 ? config : { ...config, parts }
}

function lineConfig({ id, protocol, link }: Omit<RunningDevice, 'parts'>): DeviceConfig {
  if (link.kind === 'serial') return { id, protocol, link: 'serial', path: link.path }
  if (link.kind === 'tcp') return { id, protocol, link: 'tcp', host: link.host, port: link.port }
  if (link.kind === 'udp') return { id, protocol, link: 'udp', host: link.host, port: link.port }
  if (link.kind === 'call')
    return { id, protocol, link: 'tcp-listen', host: link.host, port: link.port, from: [link.host] }
  return { id, protocol, link: 'ble', radio: 'simulated', air: link.airDir, address: link.address }
}

/** Devices that call need to know a free port of the gateway before there is one: theirs, or one that nobody has. */
export async function withCallPorts(scenario: Scenario): Promise<Scenario> {
  const devices: ScenarioDevice[] = []
  for (const device of scenario.devices) {
    const tcpPort = device.link === 'call' ? await callPort(device.tcpPort) : device.tcpPort
    devices.push({ ...device, tcpPort })
  }
  return { devices }
}

async function callPort(wanted: number): Promise<number> {
  const usual = await freePort(wanted)
  if (usual !== 0) return usual
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const bound = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof bound === 'object' && bound !== null ? bound.port : wanted
}

/** The usual port when nobody has it, otherwise 0: the system then chooses one. */
async function freePort(usual: number): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const probe = createServer()
    probe.once('error', (error) => {
      if (errorCode(error) === 'EADDRINUSE' || errorCode(error) === 'EACCES') resolvePort(0)
      else reject(new UsageError(`cannot listen on loopback: ${errorMessage(error)}`))
    })
    probe.listen(usual, '127.0.0.1', () => {
      probe.close(() => {
        resolvePort(usual)
      })
    })
  })
}
