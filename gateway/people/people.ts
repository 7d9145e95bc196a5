/** The people of a ward gateway: who they are now, their logins and sessions, and what ends when something is changed. */

import { throttleEvents } from '../broker/event-throttle.ts'
import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import { inventoryOf, inventoryPath, readInventory } from '../inventory/inventory-file.ts'
import { watchFile } from '../inventory/watched-file.ts'
import type { EventSink, Identity, Inventory, InventoryEntry, OperatorEntry } from '../ports.ts'
import type { Action } from './duties.ts'
import { createLoginFile, readLogins } from './login-file.ts'
import { LoginRecord, NO_ROWS, type LoginRows } from './login-record.ts'
import { createLogin, type Directory, type Login } from './login.ts'
import { mayDo, personOf } from './may-do.ts'
import { createPasswordHasher, type PasswordHasher } from './password-hash.ts'
import { changesOf } from './people-changes.ts'
import { createPersonSessions, type PersonSessions, type SessionLimits } from './person-sessions.ts'
import { createTurnstile } from './turnstile.ts'
import { changeUser, readUsers, userFilePath, type UserRecord } from './user-file.ts'

export interface PeopleOptions {
  readonly stateDir: string
  readonly clock: Clock
  readonly events: EventSink
  readonly hasher?: PasswordHasher
  readonly sessionLimits?: Partial<SessionLimits>
}

export interface People {
  /** Rows as they are on disk now. */
  readonly inventory: Inventory
  /** Sessions end by themselves; `onEnded$` says what else is to be closed with them. */
  readonly sessions: Omit<PersonSessions, 'start'>
  sessionOf(cookieHeader: string | undefined, nowMs: number): Identity | undefined
  /** The row of whoever proved to be that person; undefined, and told, when the row does not let them in. */
  admit(identity: Identity, address: string): OperatorEntry | undefined
  /** Decides about an action, and tells the log of a refusal; whoever asked hears no. */
  permit(identity: Identity, action: Action, asked: Asked): boolean
  /** Decides, and starts a session where the answer is yes. */
  login: Login
  stop(): void
}

interface Asked {
  /** 'address:port' */
  readonly address: string
  /** Where the action would take effect. */
  readonly ward?: string
}

/** Each check takes 128 MiB and a core: one at a time leaves the other core to the readings. */
const LOGIN_LINE = { runningCount: 1, waitingCount: 12, perSourceCount: 4 }
const SWEEP_MS = 1_000

export function createPeople(options: PeopleOptions): People {
  const { stateDir, clock } = options
  const events = throttleEvents(options.events, clock)
  const sessions = createPersonSessions(options.sessionLimits)
  const onFault = (error: unknown): void => {
    events.emit('technical', 'people-not-read', { reason: errorMessage(error) })
  }
  const record = new LoginRecord(loginsOf(stateDir, onFault))
  const onChange = (change: Parameters<typeof changesOf>[0]): void => {
    for (const { id, what } of changesOf(change)) {
      const endedCount = sessions.endAll(id, 'person-changed')
      events.emit('security', 'person-changed', { id, what, endedSessions: endedCount })
    }
    record.forgetOthers((id) => personOf(id, inventory) !== undefined)
  }
  const rows = watchFile<readonly InventoryEntry[]>({
    path: inventoryPath(stateDir),
    read: () => readInventory(stateDir),
    clock,
    onChange: (next, former) => onChange({ rows: { former, next } }),
    onFault,
  })
  const users = watchFile<ReadonlyMap<string, UserRecord>>({
    path: userFilePath(stateDir),
    read: () => readUsers(stateDir),
    clock,
    onChange: (next, former) => onChange({ users: { former, next } }),
    // Nobody has a password then; a damaged file of passwords must not keep the readings from the ward.
    fallback: new Map(),
    onFault,
  })
  const inventory = viewOf(() => rows.content)
  const directory: Directory = {
    person(id) {
      rows.refresh()
      return personOf(id, inventory)
    },
    user(id) {
      users.refresh()
      return users.content.get(id)
    },
    costs: () => [...users.content.values()].map(({ password }) => password),
    rehashed(id, former, hash) {
      changeUser(stateDir, id, (user) =>
        user?.password.hash === former.hash ? { ...user, password: hash } : user,
      )
    },
  }
  record.forgetOthers((id) => personOf(id, inventory) !== undefined)
  const login = createLogin({
    directory,
    hasher: options.hasher ?? createPasswordHasher(),
    record,
    file: createLoginFile(stateDir),
    turnstile: createTurnstile(LOGIN_LINE),
    startSession: (id) => sessions.start(id, clock.nowMs()),
    clock,
    events,
  })
  const log = sessions.onEnded$.subscribe(({ identity: { id }, reason }) => {
    events.emit('security', 'logged-out', { id, reason })
  })
  const cancelSweep = clock.every(SWEEP_MS, () => sessions.sweep(clock.nowMs()))

  return {
    inventory,
    sessions,
    sessionOf: (cookieHeader, nowMs) => sessions.sessionOf(cookieHeader, nowMs),
    admit(identity, address) {
      const person = identity.role === 'operator' ? personOf(identity.id, inventory) : undefined
      if (person !== undefined && person.locked !== true) return person
      const reason = person === undefined ? 'no such row in the inventory' : 'the person is locked'
      events.emit('security', 'person-refused', { role: identity.role, id: identity.id, address, reason })
      return undefined
    },
    permit(identity, action, asked) {
      const verdict = mayDo(identity, action, inventory, asked.ward)
      if (verdict.allowed) return true
      const { role, id } = identity
      events.emit('security', 'action-refused', { role, id, action, ...asked, reason: verdict.reason })
      return false
    },
    login,
    stop() {
      cancelSweep()
      rows.stop()
      users.stop()
      log.unsubscribe()
      events.close()
    },
  }
}

/** Without the record of logins the delays start anew: that is told, and no reason for a ward without a gateway. */
function loginsOf(stateDir: string, onFault: (error: unknown) => void): LoginRows {
  try {
    return readLogins(stateDir)
  } catch (error) {
    onFault(error)
    return NO_ROWS
  }
}

/** Rows are looked up through this view, so that a change is in force for those who hold it. */
function viewOf(entries: () => readonly InventoryEntry[]): Inventory {
  let seen = entries()
  let inventory = inventoryOf(seen)
  const current = (): Inventory => {
    if (seen !== entries()) {
      seen = entries()
      inventory = inventoryOf(seen)
    }
    return inventory
  }
  return {
    find: (role, id) => current().find(role, id),
    device: (id) => current().device(id),
    devices: () => current().devices(),
  }
}
