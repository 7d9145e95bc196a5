/** One simulated device from its cable or radio to its last row. */

import type { Clock } from '../gateway/clock.ts'
import type { BleKind, DeviceKind, SerialKind } from './device-kinds.ts'
import type { DeviceLine, LineAddress } from './device-line.ts'
import { createFaultyLine, type LineFaultRates } from './line-faults.ts'
import { play, type Playing } from './play.ts'
import { startPeripheral, type Peripheral } from './radio/peripheral.ts'
import { rowAt, type Recording } from './recording.ts'
import { timeline, type Due, type Replay } from './timeline.ts'

export type DeviceAddress =
  LineAddress | { readonly kind: 'ble'; readonly airDir: string; readonly address: string }

export interface SimulatedDevice {
  readonly address: DeviceAddress
  /** At the end of the recording, or after `stop`. */
  readonly finished: Promise<void>
  stop(): Promise<void>
}

/** What is the same for every link. */
export interface DevicePlan {
  readonly recording: Recording
  readonly replay: Replay
  readonly seed: number
  readonly isLoop: boolean
  /** Says nothing before somebody listens. */
  readonly waitsForReader: boolean
  readonly faults: LineFaultRates
  readonly clock: Clock
}

export function startSerialDevice(kind: SerialKind, line: DeviceLine, plan: DevicePlan): SimulatedDevice {
  const { clock, seed } = plan
  const encode = kind.createEncoder({ seed, serial: serialNumber(seed), nowMs: () => clock.nowMs() })
  const damage = createFaultyLine(plan.faults, seed)
  const show = beginShow(plan, kind, line.readerArrived, (due) => {
    const bytes = damage(encode(due))
    if (bytes.length > 0) line.send(bytes)
  })
  return {
    address: line.address,
    finished: show.finished,
    async stop() {
      show.stop()
      await line.close()
    },
  }
}

export interface AirPlace {
  readonly airDir: string
  readonly address: string
}

export async function startBleDevice(
  kind: BleKind,
  place: AirPlace,
  plan: DevicePlan,
): Promise<SimulatedDevice> {
  const { clock, replay, seed } = plan
  // The device speaks through a peripheral that is made of its own services.
  const radio: { peripheral?: Peripheral } = {}
  let arrive = (): void => undefined
  const readerArrived = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const keepsWallTime = replay.speed === 1 && !plan.isLoop
  const device = kind.create({
    serial: serialNumber(seed),
    recordingStartMs: keepsWallTime ? clock.nowMs() - replay.startS * 1000 : undefined,
    rowAtStart: rowAt(plan.recording, replay.startS),
    notify: (characteristic, bytes) => radio.peripheral?.notify(characteristic, bytes) === 'sent',
    indicate: async (characteristic, bytes) =>
      (await radio.peripheral?.indicate(characteristic, bytes)) === 'confirmed',
  })
  const peripheral = await startPeripheral({
    ...place,
    name: device.name,
    appearance: device.appearance,
    services: device.services,
    grants: kind.grants,
    isAuthorized: true,
    clock,
    onConnect: () => device.onConnected?.(),
    onSubscribe: (characteristic) => {
      if (characteristic === kind.stream) arrive()
    },
  })
  radio.peripheral = peripheral
  const show = beginShow(plan, kind, readerArrived, (due) => device.say(due))
  return {
    address: { kind: 'ble', ...place },
    finished: show.finished,
    async stop() {
      show.stop()
      await peripheral.stop()
    },
  }
}

export function beginShow(
  plan: DevicePlan,
  { rhythm }: Pick<DeviceKind, 'rhythm'>,
  readerArrived: Promise<void>,
  say: (due: Due) => void,
): Playing {
  const { recording, replay, clock, isLoop } = plan
  let playing: Playing | undefined
  let isStopped = false
  let finish = (): void => undefined
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const start = async (): Promise<void> => {
    if (plan.waitsForReader) await readerArrived
    if (isStopped) return
    playing = play(timeline(recording, replay, rhythm), { clock, speed: replay.speed, isLoop, say })
    await playing.finished
    finish()
  }
  void start()
  return {
    finished,
    stop() {
      isStopped = true
      playing?.stop()
      finish()
    },
  }
}

const SERIAL_DIGITS = 10

export function serialNumber(seed: number): string {
  return String(Math.abs(Math.trunc(seed)))
    .padStart(SERIAL_DIGITS, '0')
    .slice(-SERIAL_DIGITS)
}
