/** A Datex-Ohmeda monitor on its computer interface: silent until it is asked, and deaf to what is no request. */

import { driGrammar } from '../devices/dri/frame.ts'
import { MAIN_TYPE, readRecord, viewOf, type DriRecord } from '../devices/dri/record.ts'
import { createStreamDriver } from '../devices/framing/parse-stream.ts'
import { alarmRecord, displayedRecord, driRecord, type DriAlarm, type DriStamp } from './dri-encoder.ts'
import { driReading, type DriReading } from './dri-reading.ts'
import { DriWaves, grantedCurves } from './dri-waves.ts'
import type { Talker } from './talker.ts'
import type { Due } from './timeline.ts'

const REQUEST = 0
const DISPLAYED = 1
const ONCE = -1
const SHORTEST_INTERVAL_S = 5
const DENY_BASIC = 0x1
const WAVE_RECORD_MS = 1000
const END_OF_LIST = 0xff
const LOW_SPO2 = 90

interface Rhythm {
  readonly periodMs: number
  dueAtMs: number
}

class DriMonitor implements Talker {
  readonly #requests: DriRecord[] = []
  readonly #stream = createStreamDriver(driGrammar, () => (bytes) => {
    const read = readRecord(bytes)
    if (read.ok) this.#requests.push(read.record)
    return []
  })
  readonly #waves = new DriWaves()
  #reading: DriReading | undefined
  #displayed: Rhythm | undefined
  #wave: Rhythm | undefined
  #curves: readonly number[] = []
  #isReporting = false
  #alarms = ''
  #number = 0

  get wakeAtMs(): number | undefined {
    const dues = [this.#displayed, this.#wave].flatMap((rhythm) => rhythm?.dueAtMs ?? [])
    return dues.length === 0 ? undefined : Math.min(...dues)
  }

  show(due: Due, atMs: number): readonly Uint8Array[] {
    this.#reading = driReading(due)
    const alarms = this.#alarmTexts()
    const before = this.#alarms
    this.#alarms = alarms.map(({ text }) => text).join()
    if (!this.#isReporting || this.#alarms === before) return []
    return [alarmRecord(alarms, this.#stamp(atMs))]
  }

  hear(bytes: Uint8Array, atMs: number): readonly Uint8Array[] {
    this.#stream.receive({ kind: 'bytes', bytes }, atMs)
    return this.#requests.splice(0).flatMap((request) => this.#obey(request, atMs))
  }

  connected(atMs: number): readonly Uint8Array[] {
    this.#stream.receive({ kind: 'opened' }, atMs)
    this.#displayed = undefined
    this.#wave = undefined
    this.#isReporting = false
    return []
  }

  tick(atMs: number): readonly Uint8Array[] {
    const records: Uint8Array[] = []
    if (isDue(this.#displayed, atMs)) records.push(...this.#showDisplayed(atMs))
    if (isDue(this.#wave, atMs) && this.#reading !== undefined) {
      const reading = this.#reading
      const parts = this.#curves.flatMap((type) => this.#waves.second(type, reading))
      records.push(driRecord(MAIN_TYPE.waves, parts, this.#stamp(atMs)))
    }
    return records
  }

  #obey({ mainType, subrecords }: DriRecord, atMs: number): readonly Uint8Array[] {
    const [body] = subrecords
    if (body === undefined || body.type !== REQUEST) return []
    const view = viewOf(body.bytes)
    if (mainType === MAIN_TYPE.physiology && view.byteLength === 9) return this.#askDisplayed(view, atMs)
    if (mainType === MAIN_TYPE.waves && view.byteLength === 32) this.#askWaves(view, atMs)
    if (mainType === MAIN_TYPE.alarms && view.byteLength === 12) return this.#askAlarms(view, atMs)
    return []
  }

  #askDisplayed(view: DataView, atMs: number): readonly Uint8Array[] {
    // Trends need a patient case, and nobody starts one here.
    if (view.getUint8(0) !== DISPLAYED || (view.getUint32(3, true) & DENY_BASIC) !== 0) return []
    const intervalS = view.getInt16(1, true)
    if (intervalS === ONCE) return this.#showDisplayed(atMs)
    if (intervalS === 0) this.#displayed = undefined
    else if (intervalS >= SHORTEST_INTERVAL_S) {
      const periodMs = intervalS * 1000
      this.#displayed = { periodMs, dueAtMs: atMs + periodMs }
    }
    return []
  }

  #askWaves(view: DataView, atMs: number): void {
    const isStart = view.getUint16(0, true) === 0
    const types: number[] = []
    for (let at = 4; at < 12 && view.getUint8(at) !== END_OF_LIST; at += 1) types.push(view.getUint8(at))
    this.#curves = isStart ? grantedCurves(types) : []
    this.#wave =
      this.#curves.length === 0 ? undefined : { periodMs: WAVE_RECORD_MS, dueAtMs: atMs + WAVE_RECORD_MS }
  }

  #askAlarms(view: DataView, atMs: number): readonly Uint8Array[] {
    const command = view.getUint16(0, true)
    if (command === 0) return [alarmRecord(this.#alarmTexts(), this.#stamp(atMs))]
    if (command === 2) this.#isReporting = true
    if (command === 3) this.#isReporting = false
    return []
  }

  #showDisplayed(atMs: number): readonly Uint8Array[] {
    return this.#reading === undefined ? [] : [displayedRecord(this.#reading, this.#stamp(atMs))]
  }

  #alarmTexts(): readonly DriAlarm[] {
    const spo2 = this.#reading?.spo2
    return spo2 !== undefined && spo2 < LOW_SPO2 ? [{ text: 'SpO2 LOW', colour: 2 }] : []
  }

  #stamp(timeMs: number): DriStamp {
    this.#number += 1
    return { number: this.#number, timeMs }
  }
}

function isDue(rhythm: Rhythm | undefined, atMs: number): boolean {
  if (rhythm === undefined || atMs < rhythm.dueAtMs) return false
  // Behind after a pause: what was missed is not sent in a burst.
  rhythm.dueAtMs = Math.max(rhythm.dueAtMs + rhythm.periodMs, atMs + 1)
  return true
}

export function createDriMonitor(): Talker {
  return new DriMonitor()
}
