import { describe } from '@jest/globals'
import { systemClock, type Cancel } from '../../gateway/clock.ts'
import { createBluezRadio, type BluezRadioOptions } from '../../gateway/transport/bluez-radio.ts'
import type {
  GattCentral,
  GattCharacteristic,
  GattConnection,
  GattListener,
  GattValue,
} from '../../gateway/transport/gatt-central.ts'
import { missingForMock, type BluezMock } from './bluez-mock.ts'
import { signal } from './event-log.ts'
import { FakeClock } from './fake-clock.ts'

export const ADDRESS = 'C0:FF:EE:00:00:07'
export const DEVICE = 'org.bluez.Device1'
export const ADAPTER = 'org.bluez.Adapter1'
export const CHARACTERISTIC = 'org.bluez.GattCharacteristic1'

/** A suite that needs the mock, or a skipped one that says what to install. */
export function bluezSuite(what: string): typeof describe | typeof describe.skip {
  const missing = missingForMock()
  if (missing === undefined) return describe
  process.stderr.write(
    `\n*** SKIPPED: ${what} is not tested: install the Debian package '${missing}' ***\n\n`,
  )
  return describe.skip
}

/** Tells when a timer is set, so that a test lets time pass at the right moment. */
export class WatchedClock extends FakeClock {
  #awaited: { delayMs: number; wake: () => void } | undefined

  override after(delayMs: number, task: () => void): Cancel {
    const cancel = super.after(delayMs, task)
    if (this.#awaited?.delayMs === delayMs) this.#awaited.wake()
    return cancel
  }

  /** Lets `delayMs` pass as soon as somebody waits for just that long. */
  async passWhenSet(delayMs: number): Promise<void> {
    await new Promise<void>((wake) => {
      this.#awaited = { delayMs, wake }
    })
    this.advance(delayMs)
  }
}

export interface HeardListener extends GattListener {
  readonly values: readonly GattValue[]
  readonly first: Promise<GattValue>
  readonly closed: Promise<string>
  readonly levels: readonly string[]
}

export function listener(): HeardListener {
  const closed = signal<string>()
  const first = signal<GattValue>()
  const values: GattValue[] = []
  const levels: string[] = []
  return {
    onValue: (value) => {
      values.push(value)
      first.fire(value)
    },
    onSecurity: (level) => levels.push(level),
    onClosed: closed.fire,
    values,
    levels,
    first: first.done,
    closed: closed.done,
  }
}

export interface BluezBench {
  readonly radio: (options?: Partial<BluezRadioOptions>) => GattCentral
  readonly connected: (to?: GattListener, options?: Partial<BluezRadioOptions>) => Promise<GattConnection>
  readonly closeAll: () => void
}

export function bluezBench(mock: () => BluezMock): BluezBench {
  const open: GattConnection[] = []
  const radio: BluezBench['radio'] = (options) =>
    createBluezRadio({
      clock: systemClock,
      busAddress: mock().busAddress,
      onNotice: () => undefined,
      ...options,
    })
  return {
    radio,
    connected: async (to = listener(), options) => {
      const result = await radio(options).connect(ADDRESS, to)
      if (!result.ok) throw new Error(result.reason)
      open.push(result.value)
      return result.value
    },
    closeAll: () => {
      for (const each of open.splice(0)) each.disconnect()
    },
  }
}

export async function characteristicsOf(connection: GattConnection): Promise<readonly GattCharacteristic[]> {
  const services = await connection.discover()
  if (!services.ok) throw new Error(services.reason)
  return services.value.flatMap(({ characteristics }) => characteristics)
}

export async function only(connection: GattConnection): Promise<GattCharacteristic> {
  const [characteristic] = await characteristicsOf(connection)
  if (characteristic === undefined) throw new Error('there is none')
  return characteristic
}
