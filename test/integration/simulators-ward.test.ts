import { once } from 'node:events'
import { mkdirSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { filter, firstValueFrom, map, scan, type Observable } from 'rxjs'
import { protocolById } from '../../devices/registry.ts'
import { METRICS } from '../../devices/metrics.ts'
import type { DeviceProtocol, DriverOutput } from '../../devices/protocol.ts'
import { systemClock } from '../../gateway/clock.ts'
import { silentLog } from '../../gateway/log.ts'
import type { Link } from '../../gateway/ports.ts'
import { runDriver } from '../../gateway/stages/run-driver.ts'
import { createGattLink } from '../../gateway/transport/gatt-link.ts'
import { createSerialLink } from '../../gateway/transport/serial-link.ts'
import { createSimulatedRadio } from '../../gateway/transport/simulated-radio.ts'
import { createTcpLink } from '../../gateway/transport/tcp-link.ts'
import { expectedSets, type ExpectedMetric } from '../../simulators/expected.ts'
import { loadRecording } from '../../simulators/patients.ts'
import { startScenario, type RunningDevice, type RunningScenario } from '../../simulators/run.ts'
import { parseScenario } from '../../simulators/scenario-file.ts'
import { tempDir } from '../support/temp-dir.ts'

interface Row {
  readonly protocol: string
  readonly link: 'pty' | 'tcp' | 'ble'
  readonly patient: string
  readonly startS: number
  readonly speed: number
}

// The last minutes of each recording, fast: two or three seconds of the wall clock.
const EXACT: readonly Row[] = [
  { protocol: 'nonin-df2', link: 'pty', patient: 'bidmc_19_numerics', startS: 400, speed: 30 },
  { protocol: 'nonin-df7', link: 'tcp', patient: 'bidmc_19_numerics', startS: 400, speed: 30 },
  { protocol: 'masimo-ascii1', link: 'pty', patient: 'bidmc_19_numerics', startS: 400, speed: 30 },
  { protocol: 'ivy-ansarb', link: 'pty', patient: 'mimic2_s25047_numerics', startS: 4080, speed: 60 },
  { protocol: 'ble-heart-rate', link: 'ble', patient: 'bidmc_41_numerics', startS: 400, speed: 30 },
  { protocol: 'ble-pulse-oximeter', link: 'ble', patient: 'bidmc_19_numerics', startS: 400, speed: 30 },
  { protocol: 'ble-cgm', link: 'ble', patient: 'azt1d_s15_3d', startS: 250_000, speed: 3000 },
]
const PUMP: Row = {
  protocol: 'ble-insulin-delivery',
  link: 'ble',
  patient: 'azt1d_s09_3d',
  startS: 92_700,
  speed: 1000,
}

const dir = { current: tempDir() }
let running: RunningScenario | undefined

beforeEach(() => {
  dir.current = tempDir()
})

afterEach(async () => {
  await running?.stop()
  running = undefined
  dir.current.remove()
})

async function start(rows: readonly object[]): Promise<readonly RunningDevice[]> {
  const devices = rows.map((row, index) => ({ id: `d-${index}`, ward: 'icu', bed: 'b01', ...row }))
  running = await startScenario({
    scenario: parseScenario(JSON.stringify({ devices }), join(dir.current.path, 'ward.json')),
    runDir: dir.current.path,
    clock: systemClock,
    waitsForReader: true,
  })
  return running.devices
}

function protocolOf(device: RunningDevice): DeviceProtocol {
  const protocol = protocolById(device.protocol)
  if (protocol === undefined) throw new Error(`${device.protocol} has no driver`)
  return protocol
}

function linkTo({ link }: RunningDevice, protocol: DeviceProtocol): Link {
  const common = {
    clock: systemClock,
    random: () => 0,
    log: silentLog,
    silenceMs: protocol.silenceMs,
  }
  if (link.kind === 'tcp') return createTcpLink({ ...common, ...link, isAllowed: () => true })
  if (link.kind === 'serial' && protocol.link.kind === 'serial') {
    const lockDir = join(dir.current.path, 'lock')
    mkdirSync(lockDir, { recursive: true })
    return createSerialLink({ ...common, path: link.path, line: protocol.link, lockDir })
  }
  if (link.kind === 'ble' && protocol.link.kind === 'gatt') {
    const central = createSimulatedRadio({ airDir: link.airDir, clock: systemClock })
    return createGattLink({ ...common, ...protocol.link, central, address: link.address })
  }
  throw new Error(`${protocol.id} does not fit its line`)
}

function outputsOf(device: RunningDevice): Observable<DriverOutput> {
  const protocol = protocolOf(device)
  return runDriver({ link: linkTo(device, protocol), protocol, clock: systemClock }).pipe(
    map((received) => {
      if (received.kind === 'measured') return received.output
      if (received.kind !== 'line') throw new Error(JSON.stringify(received))
      return undefined
    }),
    filter((output) => output !== undefined),
  )
}

type Numerics = readonly ExpectedMetric[]

/** The first `count` observation sets; anything that had to be discarded is a failure. */
function setsOf(device: RunningDevice, count: number): Promise<readonly Numerics[]> {
  return firstValueFrom(
    outputsOf(device).pipe(
      scan((sets: readonly Numerics[], output) => {
        if (output.kind === 'discarded') throw new Error(`${device.protocol}: ${JSON.stringify(output)}`)
        if (output.kind !== 'observation') return sets
        return [...sets, output.numerics.map(({ metric, value }) => ({ mdc: metric.mdc, value }))]
      }, []),
      filter((sets) => sets.length >= count),
    ),
  )
}

function expectedOf({ patient, protocol, startS, speed }: Row): readonly Numerics[] {
  return expectedSets(loadRecording(patient, '.'), protocol, { startS, speed }).map(({ metrics }) => metrics)
}

describe('a simulated ward', () => {
  it('is heard value for value from every device, through its own line', async () => {
    const devices = await start(EXACT)
    const expected = EXACT.map(expectedOf)
    const heard = await Promise.all(
      devices.map((device, index) => setsOf(device, expected[index]?.length ?? 0)),
    )
    expect(heard).toEqual(expected)
    await running?.finished
  })

  it('answers for an insulin pump as the recording has it, the slipped unit included', async () => {
    const [device] = await start([PUMP])
    if (device === undefined) throw new Error('no device')
    const expected = expectedOf(PUMP)
    const basal = METRICS.MDC_FLOW_FLUID_PUMP_CURRENT.mdc
    const wanted = new Set(valuesOf(expected.slice(0, 20), basal))
    expect([...wanted]).toContain(1335)
    const heard = await firstValueFrom(
      outputsOf(device).pipe(
        scan((seen: ReadonlyMap<number, readonly number[]>, output) => {
          if (output.kind === 'discarded') throw new Error(JSON.stringify(output))
          return output.kind === 'observation' ? withValues(seen, output.numerics) : seen
        }, new Map()),
        filter((seen) => [...wanted].every((value) => seen.get(basal)?.includes(value) === true)),
      ),
    )
    for (const [mdc, values] of heard) {
      const possible = new Set(valuesOf(expected, mdc))
      expect({ mdc, strangers: values.filter((value) => !possible.has(value)) }).toEqual({
        mdc,
        strangers: [],
      })
    }
    expect([...heard.keys()]).toEqual(
      expect.arrayContaining([
        basal,
        METRICS.MDC_AMOUNT_DRUG_REMAIN_CONTAINER.mdc,
        METRICS.MDC_DOSE_DRUG_DELIV.mdc,
        METRICS.MDCX_INSULIN_ON_BOARD.mdc,
      ]),
    )
  })

  it('does not start half: a taken port is named, and nothing is left behind', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const address = taken.address()
    const tcpPort = typeof address === 'object' && address !== null ? address.port : 0
    const rows = [...EXACT.slice(0, 1), { ...EXACT[1], tcpPort }]
    await expect(start(rows)).rejects.toThrow(`cannot listen on 127.0.0.1:${tcpPort}: the port is taken`)
    expect(readdirSync(join(dir.current.path, 'tty'))).toEqual([])
    taken.close()
  })

  it('leaves no line and no radio behind when it is stopped', async () => {
    await start([...EXACT, PUMP])
    await running?.stop()
    expect(readdirSync(join(dir.current.path, 'tty'))).toEqual([])
    expect(readdirSync(join(dir.current.path, 'air'))).toEqual([])
    await running?.finished
  })
})

function valuesOf(sets: readonly Numerics[], mdc: number): readonly number[] {
  return sets.flat().flatMap((metric) => (metric.mdc === mdc && metric.value !== null ? [metric.value] : []))
}

function withValues(
  seen: ReadonlyMap<number, readonly number[]>,
  numerics: readonly { readonly metric: { readonly mdc: number }; readonly value: number | null }[],
): ReadonlyMap<number, readonly number[]> {
  const values = new Map(seen)
  for (const { metric, value } of numerics)
    if (value !== null) values.set(metric.mdc, [...(values.get(metric.mdc) ?? []), value])
  return values
}
