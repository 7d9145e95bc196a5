/** How many connections one address may hold at a time, so that one flooding box cannot take them all. */

export interface AddressQuota {
  readonly limit: number
  /** False when the address holds all that it may; nothing is taken then. */
  take(address: string): boolean
  giveBack(address: string): void
}

export function createAddressQuota(limit: number): AddressQuota {
  const held = new Map<string, number>()
  return {
    limit,
    take(address) {
      const count = held.get(address) ?? 0
      if (count >= limit) return false
      held.set(address, count + 1)
      return true
    },
    giveBack(address) {
      const count = held.get(address) ?? 0
      // A map of every address ever seen would grow for ever.
      if (count <= 1) held.delete(address)
      else held.set(address, count - 1)
    },
  }
}
