/** Who a terminal station is: a consumer of the inventory, or, on a machine without one, of its certificates. */

import { readdirSync } from 'node:fs'
import { isIdentityId } from '../certs/identity-uri.ts'
import { layoutOfState, roleDirectory } from '../certs/store-layout.ts'
import { errorCode, UsageError } from '../gateway/errors.ts'
import { readInventory } from '../gateway/inventory/inventory-file.ts'

export interface WatchIdentity {
  readonly id: string
  /** Undefined where only the gateway knows. */
  readonly wards: readonly string[] | undefined
}

export interface WatchChoice {
  readonly state: string
  readonly as?: string
  readonly ward?: string
}

export function chooseConsumer({ state, as, ward }: WatchChoice): WatchIdentity {
  const known = knownConsumers(state)
  const names = known.map(({ id }) => id).join(', ')
  if (known.length === 0)
    throw new UsageError(
      `no consumer in ${state}; on the gateway, make one with 'wardgate certs issue consumer station-1 --ward W --state ${state}'; elsewhere, enrol with 'wardgate certs enroll consumer station-1 --state ${state}'`,
    )
  const fits = known.filter(({ id, wards }) =>
    as === undefined ? ward === undefined || wards === undefined || wards.includes(ward) : id === as,
  )
  const [only, ...others] = fits
  if (only === undefined) throw new UsageError(`no such consumer here; known are ${names}`)
  if (others.length > 0) throw new UsageError(`several consumers here (${names}); choose one with --as`)
  if (only.wards === undefined && ward === undefined)
    throw new UsageError(
      `the wards of '${only.id}' are in the inventory of the gateway, not here; say one with --ward`,
    )
  return only
}

function knownConsumers(stateDir: string): readonly WatchIdentity[] {
  const rows = readInventory(stateDir).flatMap((entry) => (entry.role === 'consumer' ? [entry] : []))
  if (rows.length > 0) return rows.map(({ id, wards }) => ({ id, wards }))
  return namesIn(roleDirectory(layoutOfState(stateDir), 'consumer')).map((id) => ({ id, wards: undefined }))
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.pem'))
      .map((name) => name.slice(0, -'.pem'.length))
      .filter(isIdentityId)
      .sort()
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
}
