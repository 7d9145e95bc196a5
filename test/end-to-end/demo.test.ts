import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readScenario, WARD_SCENARIO } from '../../simulators/scenario-file.ts'
import { tempDir } from '../support/temp-dir.ts'
import { type Finished, wardgate } from '../support/wardgate-cli.ts'

let dir: ReturnType<typeof tempDir>
let ended: Finished
let summary: Record<string, unknown>

beforeAll(async () => {
  dir = tempDir()
  ended = await wardgate(['demo', '--for', '15s', '--json', '--state', join(dir.path, 'state')])
  summary = JSON.parse(ended.stdout.trimEnd().split('\n').at(-1) ?? 'null') as Record<string, unknown>
}, 60_000)
afterAll(() => {
  dir.remove()
})

describe('wardgate demo --for 15s --json', () => {
  it('ends by itself with code 0 and its summary as the only thing on stdout', () => {
    expect(ended.code).toBe(0)
    expect(ended.stdout.trimEnd().split('\n')).toHaveLength(1)
  })

  it('brings every device of every bed to the stations over TLS 1.3', () => {
    const { devices } = readScenario(WARD_SCENARIO)
    const beds = new Set(devices.map(({ ward, bed }) => `${ward}/${bed}`)).size
    expect(summary).toMatchObject({ beds, devices: devices.length, tls: { protocol: 'TLSv1.3' } })
    expect(summary['readings']).toBeGreaterThan(500)
    expect(summary['discardedFrames']).toBeGreaterThanOrEqual(0)
  })

  it('carries every metric that the recordings hold', () => {
    expect(summary['metrics']).toEqual(
      expect.arrayContaining([
        'MDC_ECG_HEART_RATE',
        'MDC_PULS_OXIM_PULS_RATE',
        'MDC_PULS_OXIM_SAT_O2',
        'MDC_RESP_RATE',
        'MDC_PRESS_BLD_NONINV_SYS',
        'MDC_PRESS_BLD_NONINV_DIA',
        'MDC_PRESS_BLD_NONINV_MEAN',
        'MDC_CONC_GLU_ISF',
        'MDC_FLOW_FLUID_PUMP_CURRENT',
        'MDC_AMOUNT_DRUG_REMAIN_CONTAINER',
        'MDC_DOSE_DRUG_BOLUS',
        'MDCX_INSULIN_ON_BOARD',
      ]),
    )
  })

  it('brings waveforms to the stations, and an alert of the Masimo that is raised and ended', () => {
    expect(summary['waveformBlocks']).toBeGreaterThan(50)
    expect(summary['alertsRaised']).toBeGreaterThanOrEqual(1)
    expect(summary['alertsEnded']).toBeGreaterThanOrEqual(1)
    expect(summary['alerts']).toContainEqual({
      device: 'ox-03',
      code: 'alarm',
      priority: 'unknown',
      text: '0012',
      phase: 'ended',
    })
  })

  it('explains each quarantined reading: the unit slip of the recorded pump and nothing else', () => {
    expect(summary['quarantinedWhy']).toMatchObject([
      { device: 'pump-08', rule: 'out-of-possible-range', reason: expect.stringContaining('1335 [iU]/h') },
    ])
    expect(summary['quarantined']).toBeGreaterThanOrEqual(1)
  })

  it('refuses plaintext and public uplinks before the user', () => {
    expect(summary['plaintextRefused']).toBe(3)
    expect(summary['uplinkRefused']).toEqual([
      { url: 'mqtts://8.8.8.8:8883', reason: 'public-address' },
      { url: 'mqtt://10.0.0.5:1883', reason: 'plaintext-scheme' },
      { url: 'mqtts://[2001:4860:4860::8888]:8883', reason: 'public-address' },
      { url: 'mqtts://100.64.0.1:8883', reason: 'cgnat-address' },
    ])
  })

  it('leaves a state directory that only its owner can read', () => {
    const state = String(summary['state'])
    const open = readdirSync(state, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.pem'))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => (statSync(path).mode & 0o077) !== 0)
    expect(open).toEqual([])
  })

  it('logs no payload', () => {
    const log = readFileSync(join(String(summary['state']), 'gateway.log'), 'utf8')
    expect(log).toContain('"event":"plaintext-refused"')
    expect(log).not.toContain('MDC_PULS_OXIM_SAT_O2')
  })

  it('refuses to make a second ward in the same state directory, and says what to do', async () => {
    const again = await wardgate(['demo', '--for', '1s', '--state', String(summary['state'])])
    expect(again.code).not.toBe(0)
    expect(again.stderr).toMatch(/certificate store|already/)
  })
})
