import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { filter, firstValueFrom } from 'rxjs'
import type { DeviceProtocol } from '../../devices/protocol.ts'
import { protocolById } from '../../devices/registry.ts'
import { systemClock } from '../../gateway/clock.ts'
import type { DeviceConfig } from '../../gateway/config/config.ts'
import { createDeviceLink } from '../../gateway/device-links.ts'
import { silentLog } from '../../gateway/log.ts'
import { runDriver, type Received } from '../../gateway/stages/run-driver.ts'
import { linksOf } from '../../simulators/kind-links.ts'
import { startScenario, type RunningDevice, type RunningScenario } from '../../simulators/run.ts'
import { parseScenario } from '../../simulators/scenario-file.ts'
import { TALKING_KINDS } from '../../simulators/talking-kinds.ts'
import { RecordingEvents } from '../support/recording-sinks.ts'
import { tempDir } from '../support/temp-dir.ts'

// Who calls has to be given the port of a gateway.
const KINDS = TALKING_KINDS.filter(({ over }) => over !== 'tcp-caller')

let dir = tempDir()
let running: RunningScenario | undefined

beforeEach(() => {
  dir = tempDir()
})

afterEach(async () => {
  await running?.stop()
  dir.remove()
})

async function start(rows: readonly object[]): Promise<readonly RunningDevice[]> {
  const devices = rows.map((row, index) => ({ id: `d-${index}`, ward: 'icu', bed: 'b01', ...row }))
  running = await startScenario({
    scenario: parseScenario(JSON.stringify({ devices }), join(dir.path, 'ward.json')),
    runDir: dir.path,
    clock: systemClock,
  })
  return running.devices
}

function rowOf({ id, protocol, link }: RunningDevice): DeviceConfig {
  if (link.kind === 'serial') return { id, protocol, link: 'serial', path: link.path }
  if (link.kind === 'udp') return { id, protocol, link: 'udp', host: link.host, port: link.port }
  throw new Error(`${protocol} stands on no line of this test`)
}

function protocolOf({ protocol }: RunningDevice): DeviceProtocol {
  const known = protocolById(protocol)
  if (known === undefined) throw new Error(`${protocol} has no driver`)
  return known
}

/** The first reading with a value; nothing on its way may have been forbidden. */
async function firstReading(device: RunningDevice): Promise<string> {
  const protocol = protocolOf(device)
  const { link } = createDeviceLink(rowOf(device), protocol, {
    clock: systemClock,
    log: silentLog,
    events: new RecordingEvents(),
    random: () => 0,
    lockDir: join(dir.path, 'lock'),
    reservedPaths: [],
  })
  await firstValueFrom(runDriver({ link, protocol, clock: systemClock }).pipe(filter(hasValue)))
  return protocol.id
}

function hasValue(received: Received): boolean {
  if (received.kind === 'command-forbidden') throw new Error('a driver asked for what is not in its list')
  if (received.kind !== 'measured' || received.output.kind !== 'observation') return false
  return received.output.numerics.some(({ value }) => value !== null)
}

it('every simulated device that is spoken to is read by its driver through its real line', async () => {
  const devices = await start(
    KINDS.map((kind) => ({
      protocol: kind.protocol,
      link: linksOf(kind)[0],
      patient: 'mimic2_s25047_numerics',
      speed: 1,
      loop: true,
    })),
  )
  const heard = await Promise.all(devices.map(firstReading))
  expect(heard).toEqual(KINDS.map(({ protocol }) => protocol))
}, 120_000)
