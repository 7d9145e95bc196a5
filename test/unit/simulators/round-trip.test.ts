import { describe, expect, it } from '@jest/globals'
import type { DeviceProtocol, DriverOutput, LinkEvent } from '../../../devices/protocol.ts'
import { PROTOCOLS } from '../../../devices/registry.ts'
import { kindOf } from '../../../simulators/device-kinds.ts'
import { expectedSets, type ExpectedMetric } from '../../../simulators/expected.ts'
import { loadRecording, shippedPatients } from '../../../simulators/patients.ts'
import { TALKING_KINDS } from '../../../simulators/talking-kinds.ts'
import { timeline } from '../../../simulators/timeline.ts'

// A pump and a meter answer what they are asked, over the radio: they have tests of their own. So have all devices that
// are spoken to.
const ANSWERING = new Set([
  'ble-insulin-delivery',
  'ble-glucose',
  ...TALKING_KINDS.map(({ protocol }) => protocol),
])
const DRIVERS = PROTOCOLS.filter(({ id }) => kindOf(id) !== undefined && !ANSWERING.has(id))
const DEVICE_TIME_MS = Date.parse('2026-09-20T10:15:00Z')
const SPEED = 1

/** What the driver hears when the simulated device plays the whole recording. */
async function play(
  driver: DeviceProtocol,
  patient: string,
  speed: number,
): Promise<readonly DriverOutput[]> {
  const kind = kindOf(driver.id)
  if (kind === undefined || (kind.link !== 'serial' && kind.link !== 'ble'))
    throw new Error(`${driver.id} is not simulated`)
  const recording = loadRecording(patient, '.')
  const dues = [...timeline(recording, { startS: 0, speed }, kind.rhythm)]
  const session = driver.createDriver()
  const hear = (event: LinkEvent): readonly DriverOutput[] => session.receive(event, DEVICE_TIME_MS)
  if (kind.link === 'serial') {
    const encode = kind.createEncoder({ seed: 7, serial: '0000000007', nowMs: () => DEVICE_TIME_MS })
    return dues.flatMap((due) => hear({ kind: 'bytes', bytes: encode(due) }).filter(isSetOrFault))
  }
  const outputs: DriverOutput[] = []
  let isIndicating = false
  const device = kind.create({
    serial: '0000000007',
    recordingStartMs: DEVICE_TIME_MS,
    rowAtStart: undefined,
    notify: (characteristic, bytes) =>
      void outputs.push(...hear({ kind: 'value', characteristic, via: 'notification', bytes })),
    indicate: (characteristic, bytes) => {
      if (characteristic === '2A52') return Promise.resolve(false)
      isIndicating = true
      outputs.push(...hear({ kind: 'value', characteristic, via: 'indication', bytes }))
      return Promise.resolve(true)
    },
  })
  const characteristics = device.services.flatMap((service) => service.characteristics)
  hear({ kind: 'opened', characteristics: characteristics.map(({ uuid }) => uuid) })
  for (const { uuid, value, onRead } of characteristics) {
    const bytes = onRead?.() ?? value
    if (bytes instanceof Uint8Array)
      outputs.push(...hear({ kind: 'value', characteristic: uuid, via: 'read', bytes }))
  }
  for (const due of dues) {
    device.say(due)
    // The next indication waits for the confirmation of the one before.
    if (isIndicating) await new Promise((resolve) => setImmediate(resolve))
    isIndicating = false
  }
  return outputs
}

function heardSets(outputs: readonly DriverOutput[]): readonly (readonly ExpectedMetric[])[] {
  return outputs
    .filter((output) => output.kind === 'observation')
    .map(({ numerics }) => numerics.map(({ metric, value }) => ({ mdc: metric.mdc, value })))
}

function isSetOrFault({ kind }: DriverOutput): boolean {
  return kind === 'observation' || kind === 'discarded'
}

function linesOf(sets: readonly (readonly ExpectedMetric[])[]): string {
  return sets.map((metrics) => JSON.stringify(metrics)).join('\n')
}

// The others differ in their values alone, and take seconds.
const PATIENTS = shippedPatients().filter((patient) => !/^bidmc_(05|12|22|25|45)/.test(patient))

const CASES = PATIENTS.flatMap((patient) =>
  DRIVERS.filter(({ id }) =>
    kindOf(id)?.plays.some((field) => loadRecording(patient, '.').fields.includes(field)),
  ).map((driver) => ({ patient, driver, name: `${driver.id} hears all of ${patient}` })),
)

describe('a simulated device and the driver that reads it', () => {
  it.each(CASES)('$name, value for value, and nothing else', async ({ driver, patient }) => {
    const speed = patient.startsWith('mimic2') ? 60 : SPEED
    const outputs = await play(driver, patient, speed)
    const expected = expectedSets(loadRecording(patient, '.'), driver.id, { startS: 0, speed })
    expect(outputs.filter(({ kind }) => kind === 'discarded')).toEqual([])
    // As text: comparing thousands of objects one by one takes seconds.
    expect(linesOf(heardSets(outputs))).toBe(linesOf(expected.map(({ metrics }) => metrics)))
    // A spot check every five seconds is the slowest of them.
    expect(expected.length).toBeGreaterThan(10)
  })
})
