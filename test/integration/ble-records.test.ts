import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Subscription } from 'rxjs'
import { protocolById } from '../../devices/registry.ts'
import type { DeviceProtocol, DriverMemory, DriverOutput, Observation } from '../../devices/protocol.ts'
import { systemClock } from '../../gateway/clock.ts'
import { silentLog } from '../../gateway/log.ts'
import { runDriver } from '../../gateway/stages/run-driver.ts'
import { createGattLink } from '../../gateway/transport/gatt-link.ts'
import { createSimulatedRadio } from '../../gateway/transport/simulated-radio.ts'
import type { BleDevice } from '../../simulators/ble-device.ts'
import { kindOf } from '../../simulators/device-kinds.ts'
import { type Peripheral, startPeripheral } from '../../simulators/radio/peripheral.ts'
import type { RecordedRow } from '../../simulators/recording.ts'
import { keptMemory } from '../support/fake-peer.ts'
import { tempDir } from '../support/temp-dir.ts'

const ADDRESS = 'C0:FF:EE:00:00:09'
const START_MS = Date.parse('2026-09-20T10:00:00Z')

/** Rows before, while nobody listens, and after; what they are in the driver's first metric. */
interface Case {
  readonly id: string
  readonly before: readonly RecordedRow[]
  readonly away: readonly RecordedRow[]
  readonly after?: readonly RecordedRow[]
  readonly expected: readonly string[]
  readonly mdc: number
}

const CASES: readonly Case[] = [
  {
    id: 'ble-cgm',
    before: [{ atS: 300, glucoseMgDl: 101 }],
    away: [
      { atS: 600, glucoseMgDl: 102 },
      { atS: 900, glucoseMgDl: 103 },
    ],
    expected: ['102h', '103h'],
    mdc: 160212,
  },
  {
    id: 'ble-glucose',
    before: [{ atS: 0, glucoseMgDl: 101 }],
    away: [
      { atS: 3600, glucoseMgDl: 102 },
      { atS: 7200, glucoseMgDl: 103 },
    ],
    expected: ['102h', '103h'],
    mdc: 160188,
  },
  {
    id: 'ble-pulse-oximeter',
    before: [{ atS: 0, spo2: 97, pulseRate: 70 }],
    away: [
      { atS: 60, spo2: 95, pulseRate: 71 },
      { atS: 90, spo2: 90, pulseRate: 71 },
      { atS: 120, spo2: 94, pulseRate: 72 },
    ],
    expected: ['95h', '94h'],
    mdc: 150456,
  },
  {
    id: 'ble-insulin-delivery',
    before: [{ atS: 0, basalIUh: 1 }],
    away: [
      { atS: 300, basalIUh: 1, bolusIU: 2.5 },
      { atS: 600, basalIUh: 1 },
      { atS: 900, basalIUh: 1, bolusIU: 4 },
      { atS: 1200, basalIUh: 1 },
    ],
    expected: ['2.5h', '4h'],
    mdc: 157816,
  },
  {
    // What it has kept it indicates by itself; its clock tells that the first of them is old.
    id: 'ble-blood-pressure',
    before: [{ atS: 0, nibpSystolic: 120, nibpDiastolic: 80 }],
    away: [
      { atS: 600, nibpSystolic: 130, nibpDiastolic: 80 },
      { atS: 1200, nibpSystolic: 140, nibpDiastolic: 80 },
    ],
    after: [{ atS: 1210, nibpSystolic: 150, nibpDiastolic: 80 }],
    expected: ['130h', '140', '150'],
    mdc: 150021,
  },
]

const dir = { current: tempDir() }
let peripheral: Peripheral
let device: BleDevice
let heard: DriverOutput[] = []
let subscription: Subscription | undefined

beforeEach(() => {
  dir.current = tempDir()
  heard = []
})

afterEach(async () => {
  subscription?.unsubscribe()
  await peripheral.stop()
  dir.current.remove()
})

function protocolOf(id: string): DeviceProtocol {
  const protocol = protocolById(id)
  if (protocol === undefined) throw new Error(id)
  return protocol
}

async function switchOn(id: string): Promise<void> {
  const kind = kindOf(id)
  if (kind?.link !== 'ble') throw new Error(id)
  device = kind.create({
    serial: '0000000009',
    recordingStartMs: START_MS,
    rowAtStart: undefined,
    notify: (uuid, bytes) => peripheral.notify(uuid, bytes) === 'sent',
    indicate: async (uuid, bytes) => (await peripheral.indicate(uuid, bytes)) === 'confirmed',
  })
  peripheral = await startPeripheral({
    airDir: dir.current.path,
    address: ADDRESS,
    name: device.name,
    services: device.services,
    grants: kind.grants,
    isAuthorized: true,
    clock: systemClock,
    onConnect: () => device.onConnected?.(),
  })
}

function startBedside(id: string, memory: DriverMemory): void {
  const protocol = protocolOf(id)
  if (protocol.link.kind !== 'gatt') throw new Error(id)
  const link = createGattLink({
    central: createSimulatedRadio({ airDir: dir.current.path, clock: systemClock }),
    address: ADDRESS,
    service: protocol.link.service,
    security: protocol.link.security,
    silenceMs: protocol.silenceMs,
    clock: systemClock,
    random: () => 0.99,
    log: silentLog,
    minDelayMs: 200,
    maxDelayMs: 200,
  })
  subscription = runDriver({
    link,
    protocol,
    memory,
    clock: systemClock,
  }).subscribe((received) => {
    if (received.kind === 'measured') heard.push(received.output)
    else if (received.kind === 'command-forbidden') throw new Error(JSON.stringify(received.command))
  })
}

/** The radio has its own pace; a second is plenty for what is said at once. */
async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; !isTrue() && turn < 400; turn++) await pause(5)
  expect(isTrue()).toBe(true)
}

function readings(mdc: number): readonly string[] {
  return heard
    .filter((output): output is Observation => output.kind === 'observation')
    .filter(
      ({ numerics }) =>
        numerics[0]?.metric.mdc === mdc && numerics[0].why?.includes('bolus_in_progress') !== true,
    )
    .map(({ numerics, isHistory }) => `${numerics[0]?.value ?? 'none'}${isHistory === true ? 'h' : ''}`)
}

function say(rows: readonly RecordedRow[]): void {
  for (const row of rows) device.say({ atS: row.atS, elapsedS: row.atS, row })
}

const isCaughtUp = (): boolean => heard.some(({ kind }) => kind === 'text') && peripheral.isConnected

describe.each(CASES)(
  'what $id measured while it was out of reach',
  ({ id, before, away, after, expected, mdc }) => {
    it('arrives once and in order after the connection was lost', async () => {
      await switchOn(id)
      startBedside(id, keptMemory())
      await until(isCaughtUp)
      await pause(150)
      say(before)
      await pause(50)
      peripheral.disconnect('low-resources')
      await until(() => !peripheral.isConnected)
      heard = []
      say(away)
      if (after !== undefined) {
        await until(isCaughtUp)
        await pause(150)
        say(after)
      }
      await until(() => readings(mdc).length >= expected.length)
      await pause(150)
      expect(readings(mdc).slice(-expected.length)).toEqual(expected)
      expect(heard.filter(({ kind }) => kind === 'discarded')).toEqual([])
    })

    it('arrives once and in order after the bedside was started again', async () => {
      const memory = keptMemory()
      await switchOn(id)
      startBedside(id, memory)
      await until(isCaughtUp)
      await pause(150)
      say(before)
      await pause(50)
      subscription?.unsubscribe()
      await until(() => !peripheral.isConnected)
      heard = []
      say(away)
      startBedside(id, memory)
      if (after !== undefined) {
        await until(isCaughtUp)
        await pause(150)
        say(after)
      }
      await until(() => readings(mdc).length >= expected.length)
      await pause(150)
      expect(readings(mdc).slice(-expected.length)).toEqual(expected)
      expect(heard.filter(({ kind }) => kind === 'discarded')).toEqual([])
    })
  },
)
