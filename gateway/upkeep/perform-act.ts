/** Carries out one act of upkeep: with the store that is here, or by the enrolment service of the ward. */

import type { LeafRole } from '../../certs/profile.ts'
import type { Clock } from '../clock.ts'
import { InvariantError } from '../errors.ts'
import type { ProcessCertificates } from './process-holdings.ts'
import { refreshTrust, renewByEnrolment, type EnrolmentRenewal } from './renew-by-enrolment.ts'
import type { UpkeepAct } from './upkeep-due.ts'
import type { UpkeepDone } from './upkeep.ts'

export interface ActParts extends ProcessCertificates {
  readonly clock: Clock
  readonly signal: AbortSignal
}

export async function performAct(parts: ActParts, act: UpkeepAct, nowMs: number): Promise<UpkeepDone> {
  switch (act.act) {
    case 'renew-authority':
      return { serial: storeOf(parts).renewAuthority(act.role, nowMs).serial }
    case 'refresh-lists':
      return { lists: storeOf(parts).refreshCrl(nowMs).renewed.length }
    case 'refresh-trust':
      return refreshTrust(enrolmentOf(parts, act.role, act.id))
    case 'renew-certificate': {
      if (act.by === 'enrolment') return renewByEnrolment(enrolmentOf(parts, act.role, act.id))
      const { serial, notAfter } = storeOf(parts).renew(act.role, act.id, nowMs)
      return { serial, notAfter }
    }
    default:
      return act satisfies never
  }
}

function storeOf({ store }: ActParts): NonNullable<ProcessCertificates['store']> {
  if (store === undefined) throw new InvariantError('an act of the store was due where there is none')
  return store
}

function enrolmentOf({ layout, own, clock, signal }: ActParts, role: LeafRole, id: string): EnrolmentRenewal {
  const url = own.find((one) => one.role === role && one.id === id)?.renewAt
  if (url === undefined || role === 'server')
    throw new InvariantError(`${role} '${id}' was to be renewed by enrolment, but nothing says where`)
  return { layout, role, id, url, clock, signal }
}
