/** Last wills of the clients that are connected, as Aedes leaves them with its persistence. */

import { Readable } from 'node:stream'

type Owner = { readonly id: string }

export class Wills {
  readonly #wills = new Map<string, unknown>()

  async putWill({ id }: Owner, will: unknown): Promise<void> {
    this.#wills.set(id, will)
  }

  async delWill({ id }: Owner): Promise<unknown> {
    const will = this.#wills.get(id)
    this.#wills.delete(id)
    return will
  }

  /** Wills of other brokers: there is one broker. */
  streamWill(): Readable {
    return Readable.from([])
  }
}
