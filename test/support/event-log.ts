import type { Observable, Subscription } from 'rxjs'

/** What a stream has given so far, and a promise of what it gives next; nobody has to sleep. */
export interface EventLog<Event> {
  readonly seen: readonly Event[]
  /** The first event not yet taken that fits; those before it are passed over. */
  next(fits: (event: Event) => boolean): Promise<Event>
  stop(): void
}

export function follow<Event>(events$: Observable<Event>): EventLog<Event> {
  const seen: Event[] = []
  let takenCount = 0
  let wake: () => void = () => undefined
  const subscription: Subscription = events$.subscribe((event) => {
    seen.push(event)
    wake()
  })
  return {
    seen,
    async next(fits) {
      for (;;) {
        while (takenCount < seen.length) {
          const event = seen[takenCount]
          takenCount += 1
          if (event !== undefined && fits(event)) return event
        }
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    stop: () => subscription.unsubscribe(),
  }
}

/** A promise and what keeps it: for hooks that are called back once. */
export function signal<Value>(): { readonly done: Promise<Value>; readonly fire: (value: Value) => void } {
  let fire: (value: Value) => void = () => undefined
  const done = new Promise<Value>((resolve) => {
    fire = resolve
  })
  return { done, fire: (value) => fire(value) }
}
