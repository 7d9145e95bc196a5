import type { DriverMemory } from '../protocol.ts'

const LAST = 'record.last'
const DEVICE = 'record.device'

/** Which stored records of a device were told already: kept over reconnects, and over restarts where there is a memory. */
export class RecordLog {
  readonly memory: DriverMemory

  constructor(memory: DriverMemory | undefined) {
    this.memory = memory ?? emptyMemory()
  }

  /** Number of the newest record that was told; undefined when none was. */
  get last(): number | undefined {
    const text = this.memory.get(LAST)
    const last = text === undefined || text === '' ? NaN : Number(text)
    return Number.isSafeInteger(last) && last >= 0 ? last : undefined
  }

  /** Numbers only grow: a record that comes out of order does not open what was told after it. */
  tell(sequence: number): void {
    if (sequence > (this.last ?? -1)) this.memory.set(LAST, String(sequence))
  }

  forget(): void {
    this.memory.set(LAST, '')
  }

  /** True when the records are those of another device than before: then none of them was told. */
  meet(identity: string): boolean {
    const known = this.memory.get(DEVICE)
    if (known === identity) return false
    this.memory.set(DEVICE, identity)
    if (known === undefined) return false
    this.forget()
    return true
  }
}

function emptyMemory(): DriverMemory {
  const values = new Map<string, string>()
  return {
    get: (key) => values.get(key),
    set: (key, value) => {
      values.set(key, value)
    },
  }
}
