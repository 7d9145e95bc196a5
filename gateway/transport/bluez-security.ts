/**
 * What can be proven about the protection of a link. bluetoothd tells whether there is a bond, not how it was made:
 * keys exchanged without passkey or comparison look the same on the bus as authenticated ones.
 */

import type { SecurityLevel } from '../../devices/framing/link-security.ts'
import type { Properties } from './bluez-tree.ts'

export interface BondFacts {
  readonly isConnected: boolean
  readonly isBonded: boolean
  /** Our own agent was asked for the passkey when this bond was made. */
  readonly isPasskeyProven: boolean
  /** The operator has verified it by other means and says so in the configuration. */
  readonly isStatedAuthenticated: boolean
}

export function provenSecurity(facts: BondFacts): SecurityLevel {
  // Without a bond the link may be encrypted all the same; nothing on the bus would show it.
  if (!facts.isConnected || !facts.isBonded) return 'none'
  if (facts.isPasskeyProven || facts.isStatedAuthenticated) return 'authenticated'
  // bluetoothd raises the security of the link to a device whose keys it has before it carries requests.
  return 'encrypted'
}

/** Old versions have no `Bonded`. */
export function isBonded(device: Properties | undefined): boolean {
  const bonded = device?.['Bonded'] ?? device?.['Paired']
  return bonded === true
}
