/**
 * The realtime stream: bytes from 80 hex up, between the bytes of the slow protocol. A sync byte says which of four
 * curves follow, pairs of sync commands may come next, then two bytes of six bits for each value.
 */

import { MAX_DISCARD_BYTES } from '../framing/discard-run.ts'
import type { Discarded, DriverOutput } from '../protocol.ts'
import { ByteBox } from './byte-box.ts'
import type { Curve } from './curves.ts'
import { CurveBlocks } from './curve-blocks.ts'

/** Records of curves nobody has described: part of any capture, and no answer to anything a driver asked for. */
type UnknownCurves = 'skipped' | 'discarded'

const isSync = (byte: number): boolean => (byte & 0xf0) === 0xd0
const isSyncCommand = (byte: number): boolean => (byte & 0xf0) === 0xc0
const isValue = (byte: number): boolean => (byte & 0xc0) === 0x80

const NIBBLE = 0x0f
const SIX_BITS = 0x3f
const CURVES_PER_GROUP = 4

const ENABLE = [1, 2, 3] as const
/** Curves 5 to 8, and 9 to 12, in this record; that the argument says which is read from the enable commands. */
const GROUP_COMMANDS: Readonly<Record<number, number>> = { 4: 1, 5: 2 }
const BREATH = 6
const CORRUPT = 15
const BREATH_PHASES = ['inspiration', 'expiration'] as const

/** Sync byte, sixteen commands with argument, twelve values. */
const MAX_RECORD_BYTES = 1 + 32 + 24

export class Realtime {
  readonly #unknown: UnknownCurves
  readonly #record = new ByteBox(MAX_RECORD_BYTES)
  readonly #noise = new ByteBox(MAX_DISCARD_BYTES)
  #blocks: CurveBlocks | undefined
  #expected: number[] = []
  #values: number[] = []
  #command: number | undefined
  #low: number | undefined
  #isCorrupt = false

  constructor(unknown: UnknownCurves) {
    this.#unknown = unknown
  }

  /** In the order in which they were configured; undefined when nobody knows. */
  configure(curves: readonly Curve[] | undefined, out: DriverOutput[]): void {
    this.#blocks?.flush(out)
    this.#blocks = curves === undefined || curves.length === 0 ? undefined : new CurveBlocks(curves)
  }

  take(byte: number, out: DriverOutput[]): void {
    if (isSync(byte)) this.#begin(byte, out)
    else if (this.#record.used === 0) this.#takeNoise(byte, out)
    else if (!this.#record.push(byte)) {
      this.#spoil(out)
      this.#takeNoise(byte, out)
    } else if (isSyncCommand(byte)) this.#takeCommand(byte & NIBBLE, out)
    else if (isValue(byte)) this.#takeValue(byte & SIX_BITS, out)
    else this.#spoil(out)
  }

  /** The line is closed. */
  end(out: DriverOutput[]): void {
    this.#loseNoise(out)
    // What the end of the line cuts off is no gap: nothing follows it.
    if (this.#isUnfinished) this.#lose(this.#record, 'truncated', out)
    this.#clear()
    this.#blocks?.flush(out)
  }

  get #isUnfinished(): boolean {
    const isWaiting = this.#values.length < this.#expected.length || this.#command !== undefined
    return this.#record.used > 0 && isWaiting
  }

  #begin(sync: number, out: DriverOutput[]): void {
    this.#loseNoise(out)
    this.#cut(out)
    this.#record.push(sync)
    this.#expect(sync & NIBBLE, 0)
  }

  #expect(bits: number, group: number): void {
    for (let index = 0; index < CURVES_PER_GROUP; index += 1)
      if (((bits >>> index) & 1) === 1) this.#expected.push(group * CURVES_PER_GROUP + index)
  }

  #takeCommand(nibble: number, out: DriverOutput[]): void {
    if (this.#values.length > 0 || this.#low !== undefined) {
      this.#spoil(out)
      return
    }
    if (this.#command === undefined) {
      this.#command = nibble
      return
    }
    const command = this.#command
    this.#command = undefined
    const group = GROUP_COMMANDS[command]
    if (group !== undefined) this.#expect(nibble, group)
    if (command === CORRUPT) this.#isCorrupt = true
    this.#tell(command, nibble, out)
  }

  #tell(command: number, argument: number, out: DriverOutput[]): void {
    if (this.#blocks === undefined) return
    const phase = BREATH_PHASES[argument]
    if (command === BREATH && phase !== undefined)
      out.push({ kind: 'text', name: 'breath_phase', value: phase })
    if (ENABLE.some((enable) => enable === command))
      out.push({ kind: 'text', name: 'realtime_enable', value: enabledCurves(command, argument) })
  }

  #takeValue(bits: number, out: DriverOutput[]): void {
    if (this.#command !== undefined || this.#values.length === this.#expected.length) {
      this.#spoil(out)
      return
    }
    if (this.#low === undefined) {
      this.#low = bits
      return
    }
    this.#values.push(bits * 64 + this.#low)
    this.#low = undefined
    if (this.#values.length === this.#expected.length) this.#finish(out)
  }

  #finish(out: DriverOutput[]): void {
    if (this.#blocks !== undefined) {
      for (const [index, curve] of this.#expected.entries())
        this.#blocks.add(curve, this.#isCorrupt ? null : (this.#values[index] ?? null), out)
    } else if (this.#unknown === 'discarded') this.#lose(this.#record, 'unsupported', out)
    this.#clear()
  }

  /** A record that another one cut short: what it lacks is a gap of one sample. */
  #cut(out: DriverOutput[]): void {
    if (this.#isUnfinished) {
      this.#lose(this.#record, 'truncated', out)
      for (const curve of this.#expected) this.#blocks?.add(curve, null, out)
    }
    this.#clear()
  }

  #spoil(out: DriverOutput[]): void {
    this.#lose(this.#record, 'malformed', out)
    for (const curve of this.#expected) this.#blocks?.add(curve, null, out)
    this.#clear()
  }

  #clear(): void {
    this.#record.clear()
    this.#expected = []
    this.#values = []
    this.#command = undefined
    this.#low = undefined
    this.#isCorrupt = false
  }

  #takeNoise(byte: number, out: DriverOutput[]): void {
    if (this.#noise.push(byte)) return
    this.#loseNoise(out)
    this.#noise.push(byte)
  }

  #loseNoise(out: DriverOutput[]): void {
    this.#lose(this.#noise, 'noise', out)
    this.#noise.clear()
  }

  #lose(box: ByteBox, reason: Discarded['reason'], out: DriverOutput[]): void {
    for (const bytes of box.pieces()) out.push({ kind: 'discarded', reason, bytes })
  }
}

function enabledCurves(command: number, argument: number): readonly string[] {
  const first = (command - 1) * CURVES_PER_GROUP + 1
  return Array.from({ length: CURVES_PER_GROUP }, (_, index) => index)
    .filter((index) => ((argument >>> index) & 1) === 1)
    .map((index) => `curve ${first + index}`)
}
