/** What each duty allows: which topics it reads and which actions it may take. A row is the whole truth about a duty. */

import type { Duty, OperatorEntry } from '../ports.ts'

/** Everything a person can be allowed to do, apart from reading topics. Nobody may publish. */
export const ACTIONS = [
  'alerts:acknowledge',
  'devices:read',
  'devices:manage',
  'devices:quarantine',
  'devices:release',
  'certs:read',
  'certs:approve',
  'certs:revoke',
  'users:read',
  'users:manage',
  'audit:read',
] as const
export type Action = (typeof ACTIONS)[number]

interface DutyRow {
  /** Filters of topics; `{ward}` stands for each ward of the person. */
  readonly reads: readonly string[]
  /** Actions anywhere. */
  readonly does: readonly Action[]
  /** Actions in the wards of the person only. */
  readonly doesInWard: readonly Action[]
}

const WARD_PLACE = '{ward}'
const OWN_WARDS = `vitals/v1/${WARD_PLACE}/#`

/**
 * Rights are given by who is responsible for what, so that no duty can extend itself: an engineer runs the machines but
 * cannot make people, security decides about people but sees no patient, and an auditor sees what both did and changes nothing.
 */
const TABLE: Readonly<Record<Duty, DutyRow>> = {
  nurse: { reads: [OWN_WARDS], does: [], doesInWard: [] },
  'charge-nurse': { reads: [OWN_WARDS], does: [], doesInWard: ['alerts:acknowledge'] },
  engineer: {
    reads: ['vitals/v1/#', 'ops/v1/#', '$SYS/#'],
    does: [
      'devices:read',
      'devices:manage',
      'devices:quarantine',
      'devices:release',
      'certs:read',
      'certs:approve',
      'certs:revoke',
    ],
    doesInWard: [],
  },
  security: {
    reads: ['ops/v1/+/event/security', 'ops/v1/+/state'],
    does: [
      'devices:read',
      'devices:quarantine',
      'certs:read',
      'certs:revoke',
      'users:read',
      'users:manage',
      'audit:read',
    ],
    doesInWard: [],
  },
  auditor: {
    reads: ['ops/v1/#'],
    does: ['devices:read', 'certs:read', 'users:read', 'audit:read'],
    doesInWard: [],
  },
}

export const DUTIES: readonly Duty[] = ['nurse', 'charge-nurse', 'engineer', 'security', 'auditor']

export function isDuty(text: string): text is Duty {
  return DUTIES.some((duty) => duty === text)
}

/** True for a duty that reads or does nothing without a ward. */
export function needsWard(duty: Duty): boolean {
  return TABLE[duty].reads.some((scope) => scope.includes(WARD_PLACE))
}

/** The filters within which the person may subscribe and receive. */
export function scopesOf(person: OperatorEntry): readonly string[] {
  const scopes = rowsOf(person).flatMap(({ reads }) =>
    reads.flatMap((scope) =>
      scope.includes(WARD_PLACE) ? person.wards.map((ward) => scope.replace(WARD_PLACE, ward)) : [scope],
    ),
  )
  return [...new Set(scopes)]
}

/** Where the person may take the action: everywhere, in these wards, or (an empty list) nowhere. */
export function reachOf(person: OperatorEntry, action: Action): 'everywhere' | readonly string[] {
  const rows = rowsOf(person)
  if (rows.some(({ does }) => does.includes(action))) return 'everywhere'
  return rows.some(({ doesInWard }) => doesInWard.includes(action)) ? person.wards : []
}

/** Everything the person may do, and where. */
export function rightsOf(
  person: OperatorEntry,
): readonly { readonly action: Action; readonly where: 'everywhere' | readonly string[] }[] {
  return ACTIONS.map((action) => ({ action, where: reachOf(person, action) })).filter(
    ({ where }) => where === 'everywhere' || where.length > 0,
  )
}

// Who is kept out has no duty for the time being.
function rowsOf({ duties, locked }: OperatorEntry): readonly DutyRow[] {
  return locked === true ? [] : duties.map((duty) => TABLE[duty])
}
