/**
 * What the gateway remembers of logins, in `<state>/logins.json`: failures by account and by address, and from where each
 * person has logged in. It survives a restart, so a restart buys nobody new attempts.
 *
 * The rule: a delay always ends, and nobody can be kept out for good. Failures from anywhere delay an account only where that
 * person has not logged in before; at a familiar address only the failures made there count. An address is shared by a ward,
 * so it has more free attempts and a shorter delay. A client certificate is never delayed.
 */

import { isIP } from 'node:net'
import { FailureTable, type DelayRule, type Failures } from './failure-table.ts'

const MINUTE_MS = 60_000

const ACCOUNT_RULE: DelayRule = {
  freeCount: 5,
  firstMs: 1_000,
  longestMs: 15 * MINUTE_MS,
  forgottenAfterMs: 24 * 60 * MINUTE_MS,
}
const ADDRESS_RULE: DelayRule = {
  freeCount: 20,
  firstMs: 1_000,
  longestMs: MINUTE_MS,
  forgottenAfterMs: 60 * MINUTE_MS,
}
const LONGEST_TABLE = 2048
const FAMILIAR_ADDRESSES = 8

export interface LoginAttempt {
  readonly id: string
  /** As `sourceOf` writes it. */
  readonly source: string
  /** Failures of the account up to then do not count. */
  readonly delaysEndedAtMs: number
}

/** What is on disk. */
export interface LoginRows {
  readonly accounts: readonly (readonly [key: string, failures: Failures])[]
  readonly addresses: readonly (readonly [key: string, failures: Failures])[]
  readonly familiar: readonly (readonly [id: string, sources: readonly string[]])[]
}

export const NO_ROWS: LoginRows = { accounts: [], addresses: [], familiar: [] }

export class LoginRecord {
  readonly #accounts: FailureTable
  readonly #addresses: FailureTable
  readonly #familiar: Map<string, readonly string[]>

  constructor({ accounts, addresses, familiar }: LoginRows) {
    this.#accounts = new FailureTable(ACCOUNT_RULE, LONGEST_TABLE, accounts)
    this.#addresses = new FailureTable(ADDRESS_RULE, LONGEST_TABLE, addresses)
    this.#familiar = new Map(familiar)
  }

  waitMs(attempt: LoginAttempt, nowMs: number): number {
    return Math.max(
      this.#accounts.waitMs(this.#keyOf(attempt), nowMs, attempt.delaysEndedAtMs),
      this.#addresses.waitMs(attempt.source, nowMs),
    )
  }

  /**
   * Counts an attempt as failed; it stays so unless it is said to have succeeded. A success forgets the failures of the
   * account, not those of the address: else whoever has an account would wash an address clean with it.
   */
  begun(attempt: LoginAttempt, nowMs: number): { readonly succeeded: () => void } {
    const key = this.#keyOf(attempt)
    this.#accounts.add(key, nowMs, attempt.delaysEndedAtMs)
    const takeBack = this.#addresses.add(attempt.source, nowMs)
    return {
      succeeded: () => {
        this.#accounts.clear(key)
        takeBack()
        this.#remember(attempt)
      },
    }
  }

  /** True where the person has logged in before. */
  isFamiliar({ id, source }: LoginAttempt): boolean {
    return this.#familiar.get(id)?.includes(source) === true
  }

  /** Keeps what concerns people who are still there. */
  forgetOthers(isPerson: (id: string) => boolean): void {
    for (const id of this.#familiar.keys()) if (!isPerson(id)) this.#familiar.delete(id)
  }

  rows(): LoginRows {
    return {
      accounts: this.#accounts.rows(),
      addresses: this.#addresses.rows(),
      familiar: [...this.#familiar],
    }
  }

  #remember({ id, source }: LoginAttempt): void {
    const others = (this.#familiar.get(id) ?? []).filter((known) => known !== source)
    this.#familiar.set(id, [source, ...others].slice(0, FAMILIAR_ADDRESSES))
  }

  #keyOf(attempt: LoginAttempt): string {
    return this.isFamiliar(attempt) ? `${attempt.id}@${attempt.source}` : attempt.id
  }
}

/**
 * The address of 'address:port' without its port. Hosts of one IPv6 network are told apart although one host could take many
 * addresses of it: a ward is often one network, and must not wait for what one of its hosts does.
 */
export function sourceOf(address: string): string {
  const host = address.slice(0, address.lastIndexOf(':')).replaceAll(/^\[|\]$/g, '')
  const plain = host.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  return isIP(plain) === 0 ? 'unknown' : plain.toLowerCase()
}
