import { filter, firstValueFrom, ReplaySubject, take, toArray, type Subscription } from 'rxjs'
import type { LinkEvent } from '../../devices/protocol.ts'
import type { Link } from '../../gateway/ports.ts'

/** Subscribes to a link and lets a test wait for what it tells. */
export class LinkLog {
  readonly #events$ = new ReplaySubject<LinkEvent>()
  readonly #subscription: Subscription
  #seenCount = 0

  constructor(link: Link) {
    this.#subscription = link.events$.subscribe((event) => {
      this.#events$.next(event)
    })
  }

  /** The next event after the ones that were already waited for. */
  async next(): Promise<LinkEvent> {
    this.#seenCount++
    const events = await firstValueFrom(this.#events$.pipe(take(this.#seenCount), toArray()))
    const event = events.at(-1)
    if (event === undefined) throw new Error('the link told nothing')
    return event
  }

  /** The next event of this kind; what comes before it is passed over. */
  async nextOf<Kind extends LinkEvent['kind']>(kind: Kind): Promise<Extract<LinkEvent, { kind: Kind }>> {
    for (;;) {
      const event = await this.next()
      if (isOf(event, kind)) return event
    }
  }

  /** The next `count` bytes, however they were cut. */
  async nextBytes(count: number): Promise<readonly number[]> {
    const bytes: number[] = []
    while (bytes.length < count) bytes.push(...(await this.nextOf('bytes')).bytes)
    return bytes
  }

  async untilClosed(reason: string): Promise<void> {
    await firstValueFrom(
      this.#events$.pipe(filter((event) => event.kind === 'closed' && event.reason === reason)),
    )
  }

  stop(): void {
    this.#subscription.unsubscribe()
  }
}

function isOf<Kind extends LinkEvent['kind']>(
  event: LinkEvent,
  kind: Kind,
): event is Extract<LinkEvent, { kind: Kind }> {
  return event.kind === kind
}
