/** What was found for a topic, until something changes; topics are few and come again and again. */

/** Enough for a thousand devices with all their kinds; beyond it everything is found anew. */
const MOST_TOPICS = 8192

export class TopicCache<Found> {
  /** Made when it is first needed: most clients are devices, which are sent nothing. */
  #found: Map<string, Found> | undefined
  readonly #find: (topic: string) => Found

  constructor(find: (topic: string) => Found) {
    this.#find = find
  }

  get(topic: string): Found {
    this.#found ??= new Map()
    const known = this.#found.get(topic)
    if (known !== undefined) return known
    if (this.#found.size >= MOST_TOPICS) this.#found.clear()
    const found = this.#find(topic)
    this.#found.set(topic, found)
    return found
  }

  clear(): void {
    this.#found?.clear()
  }
}
