/** The scenario of a demo: the one that ships or the user's, cut or repeated to the number of beds asked for. */

import { addressOf } from '../simulators/scenario-device.ts'
import { readScenario, WARD_SCENARIO } from '../simulators/scenario-file.ts'
import type { Scenario, ScenarioDevice } from '../simulators/scenario.ts'
import { seedOf } from '../simulators/random.ts'

export function demoScenario(options: { readonly scenario?: string; readonly beds?: number }): Scenario {
  const scenario = readScenario(options.scenario ?? WARD_SCENARIO)
  return options.beds === undefined ? scenario : { devices: withBeds(scenario.devices, options.beds) }
}

function withBeds(devices: readonly ScenarioDevice[], bedCount: number): readonly ScenarioDevice[] {
  const places = [...new Set(devices.map(placeOf))]
  const beds = places.map((place) => devices.filter((device) => placeOf(device) === place))
  return Array.from({ length: bedCount }, (_, index) => {
    const bed = beds[index % beds.length] ?? []
    const round = Math.floor(index / beds.length)
    return round === 0 ? bed : bed.map((device) => again(device, round))
  }).flat()
}

function placeOf({ ward, bed }: ScenarioDevice): string {
  return `${ward}/${bed}`
}

/** The same patient once more, on another bed, with other noise. */
function again(device: ScenarioDevice, round: number): ScenarioDevice {
  const id = `${device.id}-r${round}`
  return {
    ...device,
    id,
    bed: `${device.bed}-r${round}`,
    seed: seedOf(`${device.seed}/${round}`),
    parts: Object.fromEntries(
      Object.entries(device.parts).map(([part, partId]) => [part, `${partId}-r${round}`]),
    ),
    address: addressOf(id),
    udpPort: 0,
    // A free port for whoever offers one; a caller needs another port of the gateway.
    tcpPort: device.link === 'call' ? device.tcpPort + round * CALL_PORTS_APART : 0,
  }
}

const CALL_PORTS_APART = 100
