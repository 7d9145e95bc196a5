/**
 * What the monitor said about its objects. "The first result carries type, label and specification, later ones only
 * changed values": they are known by context and handle, and forgotten when the association ends.
 */

import type { WaveForm } from './wave-form.ts'

export interface KnownObject {
  type: number
  label: string
  unitCode: number
  wave: WaveForm
  /** Of the newest block of samples: when it was answered, and how long it lasts. */
  blockTicks: number | undefined
  blockLengthTicks: number
  blockResult: number
}

/** A monitor has some hundred objects; handles that never come back must not fill the memory. */
const MAX_OBJECTS = 512

const CONTEXTS = 0x10000

export class ObjectMemory {
  readonly #objects = new Map<number, KnownObject>()

  get size(): number {
    return this.#objects.size
  }

  of(context: number, handle: number): KnownObject {
    const key = context * CONTEXTS + handle
    const known = this.#objects.get(key)
    if (known !== undefined) return known
    if (this.#objects.size >= MAX_OBJECTS) {
      for (const oldest of this.#objects.keys()) {
        this.#objects.delete(oldest)
        break
      }
    }
    const made = unknownObject()
    this.#objects.set(key, made)
    return made
  }

  clear(): void {
    this.#objects.clear()
  }
}

function unknownObject(): KnownObject {
  return {
    type: 0,
    label: '',
    unitCode: 0,
    wave: {},
    blockTicks: undefined,
    blockLengthTicks: 0,
    blockResult: 0,
  }
}

/** A handle that comes back with another type is another object: nothing of the old one holds for it. */
export function retype(object: KnownObject, type: number): void {
  if (object.type !== 0 && object.type !== type) Object.assign(object, unknownObject())
  object.type = type
}
