/**
 * Values of subscribed characteristics. bluetoothd shows the answer of a read as a change of the value too, right
 * before the answer itself: while a read is under way changes wait, and the one that is its echo is left out.
 */

import type { GattCharacteristic, GattValue } from './gatt-central.ts'

export interface BluezValues {
  subscribe(path: string, characteristic: GattCharacteristic): void
  unsubscribe(path: string): void
  changed(path: string, bytes: Uint8Array): void
  readBegins(path: string): void
  /** `answer` is undefined when the read failed. */
  readEnds(path: string, answer: Uint8Array | undefined): void
}

// A read ends within seconds; whatever comes faster than this is no monitor.
const MOST_WAITING_VALUES = 256

export function createBluezValues(onValue: (value: GattValue) => void): BluezValues {
  const subscribed = new Map<string, GattCharacteristic>()
  const waiting = new Map<string, Uint8Array[]>()

  const deliver = (path: string, bytes: Uint8Array): void => {
    const characteristic = subscribed.get(path)
    if (characteristic === undefined) return
    // bluetoothd subscribes to notifications where there are both.
    const via = characteristic.properties.includes('notify') ? 'notification' : 'indication'
    onValue({ characteristic, via, bytes })
  }

  return {
    subscribe: (path, characteristic) => subscribed.set(path, characteristic),
    unsubscribe: (path) => subscribed.delete(path),
    changed: (path, bytes) => {
      const held = waiting.get(path)
      if (held === undefined) deliver(path, bytes)
      else if (held.push(bytes) > MOST_WAITING_VALUES) for (const each of held.splice(0)) deliver(path, each)
    },
    readBegins: (path) => waiting.set(path, []),
    readEnds: (path, answer) => {
      const held = waiting.get(path) ?? []
      waiting.delete(path)
      const echo = answer === undefined ? -1 : held.findLastIndex((bytes) => isSame(bytes, answer))
      for (const [index, bytes] of held.entries()) if (index !== echo) deliver(path, bytes)
    },
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
