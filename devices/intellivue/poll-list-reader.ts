/** The list of a poll result: contexts, objects, attributes; what they say becomes outputs, in the order of the wire. */

import type { DeviceTime, DriverOutput, Waveform } from '../protocol.ts'
import { AlarmAttributes } from './alarm-attributes.ts'
import { ATTRIBUTE } from './attributes.ts'
import { readAbsoluteMs } from './device-clock.ts'
import { discarded } from './discarded.ts'
import { float32 } from './float.ts'
import { measurementState } from './measurement-state.ts'
import { numericOf, textOf } from './numerics.ts'
import { ObjectMemory, type KnownObject } from './object-memory.ts'
import { metricOf } from './physio.ts'
import { ResultOutputs, type Reading } from './result-outputs.ts'
import { isStatic, remember } from './static-attributes.ts'
import { isReadable, unspecifiedWave, waveFormText, waveformOf, type SampleBlock } from './waves.ts'
import { WireReader } from './wire-reader.ts'

const NUMERIC_BYTES = 10
const CONTEXTS = 0x10000
/** More than a monitor exports at once. */
const MAX_CHANNELS = 32

export class PollListReader {
  readonly #reading: Reading
  readonly #memory = new ObjectMemory()
  readonly #outputs: ResultOutputs
  readonly #alarms: AlarmAttributes
  readonly #channels = new Set<string>()
  readonly #interrupted = new Set<string>()
  #context = 0
  #handle = 0
  #ticks = 0
  #result = 0

  constructor(reading: Reading) {
    this.#reading = reading
    this.#outputs = new ResultOutputs(reading)
    this.#alarms = new AlarmAttributes(this.#outputs)
  }

  /** Handles mean nothing beyond the association that they came in; alarms go on. */
  forgetObjects(): void {
    for (const channel of this.#channels) this.#interrupted.add(channel)
    this.#memory.clear()
    this.#alarms.reopened()
  }

  /** `list` stands at a list whose lengths agree. */
  read(list: WireReader, ticks: number, time: DeviceTime | undefined): readonly DriverOutput[] {
    this.#ticks = ticks
    this.#result += 1
    this.#outputs.begin(time)
    const contexts = list.u16()
    list.skip(2)
    for (let index = 0; index < contexts; index += 1) {
      this.#context = list.u16()
      const objects = list.u16()
      list.skip(2)
      for (let object = 0; object < objects; object += 1) this.#readObject(list)
    }
    return this.#outputs.end()
  }

  #readObject(list: WireReader): void {
    this.#handle = list.u16()
    this.#outputs.beginObject()
    const attributes = list.u16()
    list.skip(2)
    let stampMs: number | undefined
    let isWaveForm = false
    for (let index = 0; index < attributes; index += 1) {
      const id = list.u16()
      const outerEnd = list.enter(list.u16())
      if (id === ATTRIBUTE.numeric || id === ATTRIBUTE.compoundNumeric) this.#readNumerics(list, id)
      else if (id === ATTRIBUTE.stampAbsolute) stampMs = readAbsoluteMs(list)
      else if (isStatic(id)) this.#remember(id, list)
      else if (id === ATTRIBUTE.wave || id === ATTRIBUTE.compoundWave) this.#readWaves(list, id)
      else this.#alarms.read(id, list)
      isWaveForm ||= id === ATTRIBUTE.sampleSpec
      list.leaveWhole(outerEnd)
    }
    this.#alarms.endObject()
    if (isWaveForm && this.#reading === 'capture')
      this.#outputs.output(waveFormText(this.#object(), this.#handle))
    if (stampMs !== undefined)
      this.#outputs.endStampedObject(this.#context * CONTEXTS + this.#handle, stampMs)
  }

  #remember(id: number, list: WireReader): void {
    const wire = list.view(list.left)
    const reader = new WireReader(wire)
    remember(id, reader, this.#object())
    if (reader.isBroken) this.#outputs.output(discarded('malformed', wire))
  }

  #object(): KnownObject {
    return this.#memory.of(this.#context, this.#handle)
  }

  /** A count or a length that does not fit takes the whole attribute with it, and nothing else. */
  #readNumerics(list: WireReader, id: number): void {
    let count = 1
    if (id === ATTRIBUTE.compoundNumeric) {
      count = list.u16()
      if (list.u16() !== list.left) count = -1
    }
    if (list.left !== count * NUMERIC_BYTES) {
      this.#outputs.output(discarded('malformed', list.view(list.left)))
      return
    }
    for (let index = 0; index < count; index += 1) this.#readNumeric(list)
  }

  #readNumeric(list: WireReader): void {
    const physioId = list.u16()
    const state = measurementState(list.u16())
    const unitCode = list.u16()
    const value = float32(list.u32())
    // The cuff is at work: what stands here is the reading before.
    if (state.isOngoing && this.#reading === 'live') return
    const metric = metricOf(physioId, unitCode)
    if (metric !== undefined) this.#outputs.numeric(numericOf(metric, value, state))
    else
      this.#outputs.text(
        textOf(physioId, unitCode, value, state),
        state.quality === 'valid' && Number.isFinite(value),
      )
  }

  #readWaves(list: WireReader, id: number): void {
    let count = 1
    if (id === ATTRIBUTE.compoundWave) {
      count = list.u16()
      if (list.u16() !== list.left) list.break()
    }
    let index = 0
    for (; index < count && list.left > 0; index += 1) {
      const physioId = list.u16()
      const state = list.u16()
      const data = list.view(list.u16())
      if (!list.isBroken) this.#tellWave({ physioId, state, data })
    }
    if (index < count || !list.isDone) this.#outputs.output(discarded('malformed', list.view(list.left)))
  }

  /** What came before an association ended is not what this block goes on from. */
  #continued(wave: Waveform): Waveform {
    if (!this.#interrupted.delete(wave.channel)) {
      if (this.#channels.size < MAX_CHANNELS) this.#channels.add(wave.channel)
      return wave
    }
    return { ...wave, isAfterGap: true }
  }

  #tellWave(block: SampleBlock): void {
    const object = this.#object()
    if (!isReadable(block, object)) {
      this.#outputs.output(discarded('malformed', block.data))
      return
    }
    const wave = waveformOf(block, object, { ticks: this.#ticks, result: this.#result })
    if (wave !== undefined) this.#outputs.output(this.#continued(wave))
    else if (this.#reading === 'capture' && object.wave.spec === undefined)
      this.#outputs.output(unspecifiedWave(block))
  }
}
