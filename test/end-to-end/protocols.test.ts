import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { join } from 'node:path'
import { PROTOCOLS } from '../../devices/registry.ts'
import { SIMULATED_PROTOCOLS } from '../../simulators/device-kinds.ts'
import { readScenario } from '../../simulators/scenario-file.ts'
import { tempDir } from '../support/temp-dir.ts'
import { type Finished, wardgate } from '../support/wardgate-cli.ts'

// They say nothing that is current: one has no metric, one line has only parts, one tells what it has stored.
const WITHOUT_NUMERICS = new Set(['as50', 'rack', 'meter'])

let dir: ReturnType<typeof tempDir>
let ended: Finished
let summary: Record<string, unknown>

beforeAll(async () => {
  dir = tempDir()
  const args = [
    'demo',
    '--scenario',
    'protocols',
    '--for',
    '25s',
    '--json',
    '--state',
    join(dir.path, 'state'),
  ]
  ended = await wardgate(args)
  summary = JSON.parse(ended.stdout.trimEnd().split('\n').at(-1) ?? 'null') as Record<string, unknown>
}, 120_000)
afterAll(() => {
  dir.remove()
})

describe('wardgate demo --scenario protocols', () => {
  it('holds one device of every protocol that can be simulated', () => {
    const played = readScenario('protocols').devices.map(({ protocol }) => protocol)
    expect(played.toSorted()).toEqual([...SIMULATED_PROTOCOLS].toSorted())
  })

  it('leaves out only what no device sends of its own, or what is another variant of a protocol', () => {
    const played: ReadonlySet<string> = new Set(SIMULATED_PROTOCOLS)
    const missing = PROTOCOLS.map(({ id }) => id).filter((id) => !played.has(id))
    expect(missing).toEqual(['ble-cgm-ccitt-false', 'masimo-trend'])
  })

  it('brings the readings of all of them to the station, with nothing thrown away and nothing refused', () => {
    const { devices } = readScenario('protocols')
    const ids = devices.flatMap(({ id, parts }) => [id, ...Object.values(parts)])
    const speaking = ids.filter((id) => !WITHOUT_NUMERICS.has(id))
    expect(ended.code).toBe(0)
    expect(summary).toMatchObject({ discardedFrames: 0, quarantined: 0 })
    expect(summary['devices']).toBeGreaterThanOrEqual(speaking.length)
    expect(summary['waveformBlocks']).toBeGreaterThan(200)
  })
})
