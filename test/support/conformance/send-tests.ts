/** The tests of what a driver asks of its link: whatever a device says, nothing but the closed list is ever sent. */

import { describe, expect, it } from '@jest/globals'
import type {
  Command,
  DeviceProtocol,
  Driver,
  DriverMemory,
  DriverOutput,
} from '../../../devices/protocol.ts'
import { isPermitted } from '../../../gateway/stages/permit-command.ts'
import type { Talker } from '../../../simulators/talker.ts'
import { cutAt, randomBytes, seededRandom } from './damage.ts'
import { FORBIDDEN } from './forbidden-commands.ts'
import { isCommand, outputFaults } from './output-faults.ts'

/** What a hostile device can say besides chance: real bytes, real values, a real device. */
export interface HostileSource {
  readonly messages: readonly Uint8Array[]
  readonly values: readonly { readonly characteristic: string; readonly bytes: Uint8Array }[]
  createTalker?(): Talker
}

const RUNS = 25
const STEPS = 160
const START_MS = Date.UTC(2026, 8, 20)
const PAUSES_MS = [0, 10, 200, 1000, 2500, 6000, 31_000, 3_600_000] as const

export function describeSends(protocol: DeviceProtocol, source: HostileSource): void {
  describe(`what ${protocol.id} may send`, () => {
    it('is never exceeded, whatever the device says and however much time passes', () => {
      for (let seed = 1; seed <= RUNS; seed += 1) new Siege(protocol, source, seed).run()
    })

    it('holds no open row', () => {
      for (const rule of protocol.sends) {
        expect(rule.meaning).not.toBe('')
        if (rule.kind !== 'send' && rule.kind !== 'write') continue
        expect(rule.prefixHex.replaceAll(' ', '')).toMatch(/^([0-9A-Fa-f]{2})+$/)
        // A row that is longer than its prefix leaves something open; then the content has to be looked at.
        if (rule.kind === 'send' && rule.maxBytes > rule.prefixHex.replaceAll(' ', '').length / 2)
          expect({ rule: rule.meaning, looksAtContent: rule.permits !== undefined }).toEqual({
            rule: rule.meaning,
            looksAtContent: true,
          })
      }
    })

    it('is nothing that starts, stops or changes a therapy or a setting', () => {
      const allowed = FORBIDDEN.filter(({ command }) => isPermitted(command, protocol.sends))
      expect(allowed.map(({ meaning }) => meaning)).toEqual([])
    })
  })
}

/** One driver, one seed, a device that says anything. */
class Siege {
  readonly #protocol: DeviceProtocol
  readonly #source: HostileSource
  readonly #seed: number
  readonly #random: () => number
  readonly #driver: Driver
  readonly #talker: Talker | undefined
  readonly #characteristics: readonly string[]
  #said: Command[] = []
  #atMs = START_MS

  constructor(protocol: DeviceProtocol, source: HostileSource, seed: number) {
    this.#protocol = protocol
    this.#source = source
    this.#seed = seed
    this.#random = seededRandom(seed * 7919)
    this.#driver = protocol.createDriver(memory())
    this.#talker = source.createTalker?.()
    this.#characteristics = [
      ...new Set(protocol.sends.flatMap((rule) => (rule.kind === 'send' ? [] : [rule.characteristic]))),
    ]
  }

  run(): void {
    this.#open()
    const say = (): void => this.#say()
    const wait = (): void => this.#wait()
    const deeds = [say, say, wait, wait, (): void => this.#answer(), (): void => this.#upset()]
    for (let step = 0; step < STEPS; step += 1) this.#pick(deeds)?.()
  }

  #pick<Item>(items: readonly Item[]): Item | undefined {
    return items[Math.floor(this.#random() * items.length)]
  }

  #open(): void {
    const characteristics = this.#characteristics.filter(() => this.#random() < 0.9)
    this.#take(
      this.#driver.receive({ kind: 'opened', ...(this.#isGatt() ? { characteristics } : {}) }, this.#atMs),
    )
    for (const bytes of this.#talker?.connected?.(this.#atMs) ?? []) this.#hear(bytes)
  }

  #isGatt(): boolean {
    return this.#protocol.link.kind === 'gatt'
  }

  #say(): void {
    if (this.#isGatt()) return this.#sayValue()
    const message = this.#pick(this.#source.messages)
    return this.#hear(message === undefined || this.#random() < 0.3 ? this.#chance() : this.#spoil(message))
  }

  #sayValue(): void {
    const known = this.#pick(
      this.#source.values.filter(({ characteristic }) => this.#characteristics.includes(characteristic)),
    )
    const isKnown = known !== undefined && this.#random() < 0.7
    const characteristic = isKnown ? known.characteristic : (this.#pick(this.#characteristics) ?? '2A37')
    const bytes = isKnown ? this.#spoil(known.bytes) : this.#chance().slice(0, 20)
    const via = this.#pick(['read', 'notification', 'indication'] as const) ?? 'read'
    this.#take(this.#driver.receive({ kind: 'value', characteristic, via, bytes }, this.#atMs))
  }

  /** A real device answers what was asked last, and its answer may be spoilt. */
  #answer(): void {
    if (this.#talker === undefined) return this.#say()
    for (const command of this.#said.splice(0)) {
      if (command.kind !== 'send') continue
      for (const bytes of this.#talker.hear(command.bytes, this.#atMs))
        this.#hear(this.#random() < 0.7 ? bytes : this.#spoil(bytes))
    }
    return undefined
  }

  #wait(): void {
    const wakeAtMs = this.#driver.wakeAtMs
    const isWoken = wakeAtMs !== undefined && Number.isFinite(wakeAtMs) && this.#random() < 0.6
    this.#atMs = isWoken ? Math.max(this.#atMs, wakeAtMs) : this.#atMs + (this.#pick(PAUSES_MS) ?? 0)
    for (const bytes of this.#talker?.tick?.(this.#atMs) ?? []) this.#hear(bytes)
    this.#take(this.#driver.tick?.(this.#atMs) ?? [])
  }

  /** A command fails, or the line goes away and comes back. */
  #upset(): void {
    const command = this.#said.at(-1)
    if (command !== undefined && this.#random() < 0.5)
      return this.#take(this.#driver.receive({ kind: 'failed', command, reason: 'busy' }, this.#atMs))
    if (this.#random() < 0.7) return undefined
    this.#take(this.#driver.receive({ kind: 'closed', reason: 'gone' }, this.#atMs))
    this.#said = []
    return this.#open()
  }

  #hear(bytes: Uint8Array): void {
    const isCut = this.#protocol.link.kind !== 'udp' && this.#random() < 0.3
    const places = isCut ? [Math.floor(this.#random() * bytes.length)] : []
    for (const piece of cutAt(bytes, places))
      this.#take(this.#driver.receive({ kind: 'bytes', bytes: piece }, this.#atMs))
  }

  #spoil(bytes: Uint8Array): Uint8Array {
    if (this.#random() < 0.4 || bytes.length === 0) return bytes
    const spoilt = Uint8Array.from(bytes)
    const at = Math.floor(this.#random() * bytes.length)
    spoilt[at] = Math.floor(this.#random() * 256)
    return this.#random() < 0.8 ? spoilt : spoilt.subarray(0, at)
  }

  #chance(): Uint8Array {
    return randomBytes(this.#random, Math.floor(this.#random() * 60))
  }

  #take(outputs: readonly DriverOutput[]): void {
    for (const output of outputs) {
      const [fault] = outputFaults(output, this.#protocol.sends)
      if (fault !== undefined) throw new Error(`${this.#protocol.id}, seed ${this.#seed}: ${fault}`)
      if (isCommand(output)) this.#said.push(output)
      if (output.kind === 'waveform' && (output.rateHz === 0 || output.samples.length === 0))
        throw new Error(`${this.#protocol.id}, seed ${this.#seed}: a wave without rate or samples`)
    }
  }
}

function memory(): DriverMemory {
  const values = new Map<string, string>()
  return { get: (key) => values.get(key), set: (key, value) => void values.set(key, value) }
}
