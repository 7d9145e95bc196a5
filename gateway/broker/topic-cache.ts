/** What was found for a topic, until something changes; topics are few and come again and again. */

/** Enough for a thousand devices with all their kinds; beyond it everything is found anew. */
const MOST_TOPICS = 8192

export class TopicCache<Found> {
  readonly #found = new Map<string, Found>()
  readonly #find: (topic: string) => Found

  constructor(find: (topic: string) => Found) {
    this.#find = find
  }

  get(topic: string): Found {
    const known = this.#found.get(topic)
    if (known !== undefined) return known
    if (this.#found.size >= MOST_TOPICS) this.#found.clear()
    const found = this.#find(topic)
    this.#found.set(topic, found)
    return found
  }

  clear(): void {
    this.#found.clear()
  }
}
