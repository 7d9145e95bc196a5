/** A share of the devices of bench:reconnect, in one process of its own. */

import { createSecureContext, type SecureContext } from 'node:tls'
import type { Material } from './bench-ward.ts'
import { startDevice, type Acknowledged, type BenchDevice, type DeviceTimes } from './reconnect-device.ts'
import { answerParent, cpuMs } from './worker.ts'

export interface Outcome {
  readonly times: readonly DeviceTimes[]
  readonly failures: readonly string[]
  readonly cpuMs: number
}

const contexts = new Map<string, SecureContext>()
const devices: BenchDevice[] = []
let timer: NodeJS.Timeout | undefined

/** Keys are read beforehand: a thousand devices have a thousand processors for that. */
function load(materials: readonly { readonly id: string; readonly material: Material }[]): void {
  for (const { id, material } of materials)
    contexts.set(id, createSecureContext({ ...material, minVersion: 'TLSv1.3' }))
}

/** All at once; resolves when each has its first acknowledgement, or will not get it. */
async function storm({ port, everyMs }: { port: number; everyMs: number }): Promise<Outcome> {
  const startCpuMs = cpuMs()
  const fresh = [...contexts].map(([id, secureContext]) => startDevice({ id, port, secureContext }))
  devices.push(...fresh)
  let turn = 0
  // Spread over the period, as devices that were switched on at different times are.
  timer = setInterval(() => {
    turn += 1
    for (const [index, device] of fresh.entries())
      if (index % 10 === turn % 10 && device.times.pubackMs !== undefined) device.publish()
  }, everyMs / 10)
  const faults = await Promise.all(fresh.map(async ({ served }) => served))
  return {
    times: fresh.map(({ times }) => times),
    failures: faults.filter((fault) => fault !== undefined),
    cpuMs: cpuMs() - startCpuMs,
  }
}

/** One after the other, on a calm machine. */
async function oneByOne({ port }: { port: number }): Promise<readonly DeviceTimes[]> {
  const times: DeviceTimes[] = []
  for (const [id, secureContext] of contexts) {
    const device = startDevice({ id, port, secureContext })
    await device.served
    times.push(device.times)
    device.close()
  }
  return times
}

function acknowledged(): readonly Acknowledged[] {
  return devices.flatMap((device) => device.acknowledged)
}

function quiet(): void {
  clearInterval(timer)
}

function close(): void {
  quiet()
  for (const device of devices.splice(0)) device.close()
}

answerParent({ load, storm, oneByOne, acknowledged, quiet, close })
