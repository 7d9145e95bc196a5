/** "Publish INRT together with INM3/RUNSTATE: a programmed rate with INM3 = 0 means nothing flows." */

import { bitsOf } from './bits.ts'

const RUN_BIT = 1
const INFUSING_BIT = 7

/** What stands beside a rate so that nobody takes it for flow; nothing when the pump says that it pumps. */
export function flowDoubts(values: ReadonlyMap<string, string>): readonly string[] {
  const states = [
    switchState(values.get('INM3')),
    bitState(values.get('RUNSTATE'), RUN_BIT),
    bitState(values.get('STATUS1'), INFUSING_BIT),
  ].filter((state) => state !== undefined)
  if (states.length === 0) return ['pump_state_unknown']
  if (states.every((isPumping) => isPumping)) return []
  return states.some((isPumping) => isPumping) ? ['pump_state_contradictory'] : ['not_infusing']
}

function switchState(value: string | undefined): boolean | undefined {
  return value === '0' || value === '1' ? value === '1' : undefined
}

function bitState(value: string | undefined, bit: number): boolean | undefined {
  return value === undefined ? undefined : bitsOf(value)?.includes(bit)
}
