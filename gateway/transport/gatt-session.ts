/** Carries out a driver's commands on one open connection, one after the other. */

import type { Command, LinkEvent } from '../../devices/protocol.ts'
import type { GattCharacteristic, GattConnection, GattPrimaryService, GattResult } from './gatt-central.ts'

/** By the name drivers use: '2A37', or 32 upper-case digits for a vendor's UUID. */
export type ServedCharacteristics = ReadonlyMap<string, GattCharacteristic>

export interface GattSession {
  execute(command: Command): void
}

const DEVICE_INFORMATION = '180a'
const CURRENT_TIME = '1805'
const BATTERY = '180f'

// A driver waits for answers; a queue this long means that none come.
const MOST_WAITING_COMMANDS = 64

/** The characteristics of the wanted service, and what every medical device may add; undefined without the service. */
export function servedCharacteristics(
  services: readonly GattPrimaryService[],
  wanted: string,
): ServedCharacteristics | undefined {
  const main = services.find(({ uuid }) => uuid === wanted)
  if (main === undefined) return undefined
  const extras = services.filter(
    (each) => each !== main && [DEVICE_INFORMATION, BATTERY, CURRENT_TIME].includes(each.uuid),
  )
  const served = new Map<string, GattCharacteristic>()
  for (const characteristic of [main, ...extras].flatMap((service) => service.characteristics)) {
    const name = shortName(characteristic.uuid)
    // The first of a name is the one of the wanted service.
    if (!served.has(name)) served.set(name, characteristic)
  }
  return served
}

export function shortName(uuid: string): string {
  return uuid.toUpperCase()
}

export function createGattSession(
  connection: GattConnection,
  served: ServedCharacteristics,
  emit: (event: LinkEvent) => void,
): GattSession {
  let tail: Promise<void> = Promise.resolve()
  let waitingCount = 0

  const carryOut = async (command: Command): Promise<void> => {
    const result = await perform(connection, served, command)
    waitingCount -= 1
    if (!result.ok) emit({ kind: 'failed', command, reason: result.reason })
    else if (command.kind === 'read' && result.value !== undefined)
      emit({ kind: 'value', characteristic: command.characteristic, via: 'read', bytes: result.value })
  }

  return {
    execute(command) {
      if (waitingCount >= MOST_WAITING_COMMANDS) {
        queueMicrotask(() => emit({ kind: 'failed', command, reason: 'queue-full' }))
        return
      }
      waitingCount += 1
      tail = tail.then(() => carryOut(command))
    },
  }
}

async function perform(
  connection: GattConnection,
  served: ServedCharacteristics,
  command: Command,
): Promise<GattResult<Uint8Array | undefined>> {
  if (command.kind === 'send') return { ok: false, reason: 'not-a-serial-line' }
  const characteristic = served.get(command.characteristic)
  if (characteristic === undefined) return { ok: false, reason: 'no-such-characteristic' }
  if (command.kind === 'read') return connection.read(characteristic)
  if (command.kind === 'subscribe') return connection.subscribe(characteristic)
  return connection.write(characteristic, command.bytes)
}
