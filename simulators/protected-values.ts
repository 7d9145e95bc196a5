/**
 * End-to-end protection as an Insulin Delivery server applies it: one counter for each characteristic, over its read
 * responses and indications alike, so an indication is built only when its turn to be sent has come.
 */

import { appendCounterAndCrc, COUNTER_AT_CONNECT, nextCounter } from '../devices/gatt/e2e.ts'

export interface ProtectedValues {
  /** The next counter value, for a characteristic that has it in a place of its own. */
  count(characteristic: string): number
  /** A read response. */
  protect(characteristic: string, octets: readonly number[]): Uint8Array
  /** `octets` is asked when the value is sent; one that still waits is not sent twice. */
  indicate(characteristic: string, octets: () => readonly number[]): void
  isWaiting(characteristic: string): boolean
  /** "Starts at 1 on every connection." */
  restart(): void
}

export type Indicate = (characteristic: string, bytes: Uint8Array) => Promise<boolean>

export function createProtectedValues(indicate: Indicate): ProtectedValues {
  const lastCounters = new Map<string, number>()
  const waiting = new Map<string, () => readonly number[]>()
  let isSending = false

  const last = (characteristic: string): number => lastCounters.get(characteristic) ?? COUNTER_AT_CONNECT
  const count = (characteristic: string): number => {
    const counter = nextCounter(last(characteristic))
    lastCounters.set(characteristic, counter)
    return counter
  }
  const protect = (characteristic: string, octets: readonly number[]): Uint8Array =>
    appendCounterAndCrc(Uint8Array.from(octets), count(characteristic))

  const sendNext = async (characteristic: string, octets: () => readonly number[]): Promise<void> => {
    const before = last(characteristic)
    const isTaken = await indicate(characteristic, protect(characteristic, octets()))
    // What nobody received does not count.
    if (!isTaken && last(characteristic) === nextCounter(before)) lastCounters.set(characteristic, before)
  }
  const sendAll = async (): Promise<void> => {
    if (isSending) return
    isSending = true
    for (let next = firstOf(waiting); next !== undefined; next = firstOf(waiting)) {
      const [characteristic, octets] = next
      waiting.delete(characteristic)
      await sendNext(characteristic, octets)
    }
    isSending = false
  }

  return {
    count,
    protect,
    indicate(characteristic, octets) {
      waiting.set(characteristic, octets)
      void sendAll()
    },
    isWaiting: (characteristic) => waiting.has(characteristic),
    restart() {
      lastCounters.clear()
      waiting.clear()
    },
  }
}

function firstOf<Value>(map: ReadonlyMap<string, Value>): readonly [string, Value] | undefined {
  return map.entries().next().value
}
