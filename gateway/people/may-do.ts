/** May this person do that? Asked by every route and command that changes something on behalf of a person. */

import type { Identity, Inventory, OperatorEntry, Verdict } from '../ports.ts'
import { reachOf, type Action } from './duties.ts'

/** `ward` is where the action would take effect; an action that is bound to wards is refused without it. */
export function mayDo(identity: Identity, action: Action, inventory: Inventory, ward?: string): Verdict {
  if (identity.role !== 'operator') return refuse('only a person may do that')
  const person = personOf(identity.id, inventory)
  if (person === undefined) return refuse('no such row in the inventory')
  if (person.locked === true) return refuse('the person is locked')
  const reach = reachOf(person, action)
  if (reach === 'everywhere') return { allowed: true }
  if (reach.length === 0) return refuse('no duty allows it')
  return ward !== undefined && reach.includes(ward)
    ? { allowed: true }
    : refuse('the duty does not reach that ward')
}

/** The row of a person, or undefined. */
export function personOf(id: string, inventory: Inventory): OperatorEntry | undefined {
  const row = inventory.find('operator', id)
  return row?.role === 'operator' ? row : undefined
}

function refuse(reason: string): Verdict {
  return { allowed: false, reason }
}
