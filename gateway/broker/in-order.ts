/** Lets what is decided in any order act in the order of its beginning. */

interface Place {
  act: (() => void) | undefined
}

export class InOrder {
  readonly #places: Place[] = []
  #onEmpty: (() => void)[] = []

  take(): Place {
    const place: Place = { act: undefined }
    this.#places.push(place)
    return place
  }

  /** Acts when everything whose place was taken before has acted. */
  settle(place: Place, act: () => void): void {
    Object.assign(place, { act })
    for (let first = this.#places[0]; first?.act !== undefined; first = this.#places[0]) {
      this.#places.shift()
      first.act()
    }
    if (this.#places.length === 0) for (const resolve of this.#onEmpty.splice(0)) resolve()
  }

  /** Resolves when nothing is undecided. */
  async settled(): Promise<void> {
    if (this.#places.length > 0) await new Promise<void>((resolve) => this.#onEmpty.push(resolve))
  }
}
