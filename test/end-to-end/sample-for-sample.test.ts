import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { filter, firstValueFrom, map, scan } from 'rxjs'
import { stringify } from 'yaml'
import { openStation, type Station } from '../../cli/station.ts'
import { systemClock } from '../../gateway/clock.ts'
import { loadConfig } from '../../gateway/config/load-config.ts'
import { readObservationSet } from '../../gateway/contract/read-payload.ts'
import { silentLog } from '../../gateway/log.ts'
import { type RunningGateway, startGateway } from '../../gateway/main.ts'
import type { InventoryEntry } from '../../gateway/ports.ts'
import { expectedSets } from '../../simulators/expected.ts'
import { loadRecording } from '../../simulators/patients.ts'
import { type RunningScenario, startScenario } from '../../simulators/run.ts'
import { parseScenario } from '../../simulators/scenario-file.ts'
import { tempDir } from '../support/temp-dir.ts'
import { makeWardFiles } from '../support/ward.ts'

// From the wire of the device to the screen of the station, nothing may be added, dropped, repeated or changed.
const DEVICES = [
  { id: 'ox-1', protocol: 'nonin-df2', link: 'pty', patient: 'bidmc_19_numerics', startS: 400, speed: 30 },
  {
    id: 'ox-2',
    protocol: 'masimo-ascii1',
    link: 'pty',
    patient: 'bidmc_19_numerics',
    startS: 400,
    speed: 30,
  },
  {
    id: 'mon-1',
    protocol: 'ivy-ansarb',
    link: 'pty',
    patient: 'mimic2_s25047_numerics',
    startS: 4080,
    speed: 60,
  },
  {
    id: 'hr-1',
    protocol: 'ble-heart-rate',
    link: 'ble',
    patient: 'bidmc_41_numerics',
    startS: 400,
    speed: 30,
  },
  {
    id: 'ox-3',
    protocol: 'ble-pulse-oximeter',
    link: 'ble',
    patient: 'bidmc_19_numerics',
    startS: 400,
    speed: 30,
  },
  { id: 'cgm-1', protocol: 'ble-cgm', link: 'ble', patient: 'azt1d_s15_3d', startS: 250_000, speed: 3000 },
] as const

let dir: ReturnType<typeof tempDir>
let simulation: RunningScenario | undefined
let gateway: RunningGateway | undefined
let station: Station | undefined

beforeEach(() => {
  dir = tempDir()
})
afterEach(async () => {
  await station?.close()
  await gateway?.stop()
  await simulation?.stop()
  dir.remove()
})

function shown({
  metrics,
}: {
  readonly metrics: readonly { readonly mdc: number; readonly value: number | null }[]
}): string {
  return metrics
    .map(({ mdc, value }) => `${mdc}=${value === null ? '-' : Number(value.toFixed(6))}`)
    .join(' ')
}

describe('what the station shows', () => {
  it('equals what the recording holds, sample for sample, gaps included', async () => {
    const rows = DEVICES.map((device, index) => ({ ...device, ward: 'icu', bed: `b0${index}` }))
    const clock = systemClock
    simulation = await startScenario({
      scenario: parseScenario(JSON.stringify({ devices: rows }), join(dir.path, 'ward.json')),
      runDir: dir.path,
      clock,
      waitsForReader: true,
    })
    const entries: readonly InventoryEntry[] = [
      { role: 'bedside', id: 'box-1' },
      { role: 'consumer', id: 'station-1', wards: ['icu'] },
    ]
    const places = rows.map(({ id, ward, bed, protocol }): InventoryEntry => ({
      role: 'device',
      id,
      ward,
      bed,
      protocol,
      assoc: 'a1',
      bedside: 'box-1',
    }))
    const ward = makeWardFiles(dir.path, entries)
    writeFileSync(
      join(ward.stateDir, 'inventory.json'),
      JSON.stringify({ v: 1, entries: [...entries, ...places] }),
    )
    const broker = { listen: [{ host: '127.0.0.1', port: 0 }] }
    const serve = { gateway: 'gw-1', state: './state', broker }
    writeFileSync(ward.configFile, stringify(serve))
    // The station is there first, so that it misses nothing: the bedside part is a second process's worth of gateway.
    gateway = await startGateway(loadConfig(ward.configFile), { software: 'test', clock, log: silentLog })
    const port = gateway.addresses[0]?.port ?? 0
    station = openStation({
      url: `mqtts://127.0.0.1:${port}`,
      id: 'station-1',
      material: () => ward.store.clientMaterial('consumer', 'station-1'),
      filters: ['vitals/v1/icu/+/+/numeric', 'vitals/v1/icu/+/+/history', 'vitals/v1/icu/+/+/state'],
      clock,
      log: silentLog,
    })
    const subscribed = firstValueFrom(station.messages$.pipe(filter(({ topic }) => topic.endsWith('/state'))))
    const expected = Object.fromEntries(
      rows.map(({ id, protocol, patient, startS, speed }) => [
        id,
        expectedSets(loadRecording(patient, dir.path), protocol, { startS, speed }).map(shown),
      ]),
    )
    const total = Object.values(expected).reduce((sum, sets) => sum + sets.length, 0)
    const received: Record<string, string[]> = {}
    const all = firstValueFrom(
      station.messages$.pipe(
        filter(({ topic }) => topic.endsWith('/numeric')),
        map(({ payload }) => {
          const read = readObservationSet(payload)
          if (!read.ok) throw new Error(read.reason)
          const sets = (received[read.payload.device] ??= [])
          sets.push(shown(read.payload))
        }),
        scan((count) => count + 1, 0),
        filter((count) => count === total),
      ),
    )
    await subscribed
    const box = startBox(ward.configFile, port)
    const boxGateway = await startGateway(loadConfig(box), { software: 'test', clock, log: silentLog })
    try {
      await simulation.finished
      await all
    } finally {
      await boxGateway.stop()
    }
    expect(received).toEqual(expected)
    expect(
      Object.values(expected)
        .flat()
        .some((set) => set.includes('=-')),
    ).toBe(true)
  }, 60_000)
})

/** A bedside box of its own, as it stands at the bed with the broker elsewhere. */
function startBox(wardConfig: string, port: number): string {
  const devices = simulation?.devices.map(({ id, protocol, link }) => {
    if (link.kind === 'serial') return { id, protocol, link: 'serial', path: link.path }
    if (link.kind === 'tcp') return { id, protocol, link: 'tcp', host: link.host, port: link.port }
    if (link.kind !== 'ble') throw new Error(`${id} stands on no line of this test`)
    return { id, protocol, link: 'ble', radio: 'simulated', air: link.airDir, address: link.address }
  })
  const path = join(wardConfig, '../box.yaml')
  const bedside = { id: 'box-1', broker: `mqtts://127.0.0.1:${port}`, devices }
  writeFileSync(path, stringify({ gateway: 'gw-1', state: './state', bedside }))
  return path
}
