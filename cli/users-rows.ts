/** What `wardgate users` writes: rows of people in the inventory, and the rules that a row must keep to. */

import { isId } from '../gateway/contract/topics.ts'
import { UsageError } from '../gateway/errors.ts'
import {
  changeInventory,
  inventoryOf,
  readInventory,
  withEntry,
} from '../gateway/inventory/inventory-file.ts'
import { DUTIES, isDuty, needsWard } from '../gateway/people/duties.ts'
import { personOf } from '../gateway/people/may-do.ts'
import type { Duty, OperatorEntry } from '../gateway/ports.ts'

export interface RightsOptions {
  readonly duty: readonly string[]
  readonly ward: readonly string[]
}

/** The duties and wards that were asked for, or why they cannot be. */
export function readRights({ duty, ward }: RightsOptions): Pick<OperatorEntry, 'duties' | 'wards'> {
  if (duty.length === 0)
    throw new UsageError(`a person may do nothing without --duty; known are ${DUTIES.join(', ')}`)
  const duties = [...new Set(duty)].map(readDuty)
  const wards = [...new Set(ward)]
  const wrong = wards.find((text) => !isId(text))
  if (wrong !== undefined)
    throw new UsageError(`ward '${wrong}' is not an id: use 1 to 32 of a-z, 0-9 and '-'`)
  const ofWards = duties.find(needsWard)
  if (ofWards !== undefined && wards.length === 0)
    throw new UsageError(`a ${ofWards} reads nothing without --ward; name each ward`)
  if (ofWards === undefined && wards.length > 0)
    throw new UsageError(
      `--ward is for ${DUTIES.filter(needsWard).join(' and ')}, not for ${duties.join(', ')}`,
    )
  return { duties, wards }
}

export function readPersonId(id: string): string {
  if (isId(id)) return id
  throw new UsageError(`id '${id}' is not an id: use 1 to 32 of a-z, 0-9 and '-'`)
}

export function findPerson(stateDir: string, id: string): OperatorEntry {
  const person = personOf(id, inventoryOf(readInventory(stateDir)))
  if (person === undefined) throw unknown(stateDir, id)
  return person
}

export function allPeople(stateDir: string): readonly OperatorEntry[] {
  return readInventory(stateDir).flatMap((row) => (row.role === 'operator' ? [row] : []))
}

export function addPerson(stateDir: string, person: OperatorEntry): void {
  changeInventory(stateDir, (rows) => {
    refuseKnown(personOf(person.id, inventoryOf(rows)))
    return withEntry(rows, person)
  })
}

export function refuseKnown(person: OperatorEntry | undefined): void {
  if (person === undefined) return
  const { id } = person
  throw new UsageError(
    `there is a person '${id}' already: 'wardgate users duties ${id}' changes the rights, 'wardgate users password ${id}' the password`,
  )
}

/** Answers the row as it is now. */
export function changePerson(
  stateDir: string,
  id: string,
  change: (person: OperatorEntry) => OperatorEntry,
): OperatorEntry {
  const rows = changeInventory(stateDir, (entries) => {
    const person = personOf(id, inventoryOf(entries))
    if (person === undefined) throw unknown(stateDir, id)
    return withEntry(entries, change(person))
  })
  return personOf(id, inventoryOf(rows)) ?? findPerson(stateDir, id)
}

/** False when there was none. */
export function removePerson(stateDir: string, id: string): boolean {
  let isFound = false
  changeInventory(stateDir, (rows) => {
    isFound = rows.some((row) => isPerson(row, id))
    return rows.filter((row) => !isPerson(row, id))
  })
  return isFound
}

function isPerson(row: { readonly role: string; readonly id: string }, id: string): boolean {
  return row.role === 'operator' && row.id === id
}

function readDuty(text: string): Duty {
  if (isDuty(text)) return text
  throw new UsageError(`unknown duty '${text}'; known are ${DUTIES.join(', ')}`)
}

function unknown(stateDir: string, id: string): UsageError {
  return new UsageError(`no person '${id}' in ${stateDir}/inventory.json; 'wardgate users list' shows all`)
}
