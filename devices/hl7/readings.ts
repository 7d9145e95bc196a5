/** What the OBX of one OBR say, without alarms: numerics by instant, waves, and the rest as text. */

import { metricsByMdc } from '../metrics.ts'
import type { Metric } from '../metrics.ts'
import type {
  DeviceTime,
  Discarded,
  DriverOutput,
  FromPart,
  Numeric,
  Observation,
  Text,
} from '../protocol.ts'
import { matchMetric } from './code.ts'
import { inheritedTimes, isDeviceLevel } from './observation.ts'
import type { Obx } from './observation.ts'
import { trustOf, worst } from './status.ts'
import { readFact } from './text.ts'
import { ageMs } from './time.ts'
import { readNumber } from './value.ts'
import { isWave, isWaveFacet, readWave } from './wave.ts'

export interface ReadingContext {
  readonly from: FromPart
  /** MSH-7. */
  readonly createdAt: DeviceTime | undefined
  /** OBR-7. */
  readonly startedAt: DeviceTime | undefined
  /** The message says that it comes from an archive. */
  readonly isArchive: boolean
  /** Codes that this message has given a value already, by part and instant. */
  readonly given: Set<string>
}

/** An episodic value (a cuff pressure) is repeated for hours with its own old time: then it is not current. */
const CURRENT_MS = 120_000
/** The clocks of a gateway and of its monitors differ. */
const CLOCK_TOLERANCE_MS = 60_000

interface Timed {
  readonly numeric: Numeric
  readonly time: DeviceTime | undefined
  readonly isHistory: boolean
}

export function readReadings(observations: readonly Obx[], context: ReadingContext): readonly DriverOutput[] {
  const inherited = inheritedTimes(observations)
  const timed: Timed[] = []
  const rest: DriverOutput[] = []
  for (const [index, obx] of observations.entries()) {
    if (isDeviceLevel(obx) || isWaveFacet(obx)) continue
    if (isWave(obx)) {
      rest.push(
        readWave(obx, facetsOf(obx, observations.slice(index + 1, index + 9)), context.from) ??
          UNREADABLE_WAVE,
      )
      continue
    }
    const time = obx.time ?? inherited(obx) ?? context.startedAt
    const read = readValue(obx, time, context)
    if (read === undefined) continue
    if ('kind' in read) rest.push({ ...read, ...context.from })
    else timed.push(read)
  }
  return [...sets(timed, context.from), ...rest]
}

/** What cannot be read as a wave is told without its samples. */
const UNREADABLE_WAVE: Discarded = { kind: 'discarded', reason: 'unsupported', bytes: new Uint8Array() }

function facetsOf(wave: Obx, next: readonly Obx[]): readonly Obx[] {
  return next.filter(({ subId }) => subId.startsWith(`${wave.subId}.`))
}

function readValue(
  obx: Obx,
  time: DeviceTime | undefined,
  context: ReadingContext,
): Timed | Text | undefined {
  const match = matchMetric(obx.code)
  if (match.kind !== 'metric')
    return readFact(obx, match.label, match.kind === 'mismatch' ? ['code_mismatch'] : [])
  const { metric } = match
  const read = obx.text === '' ? readNumber('NM', ['']) : readNumber(obx.type, obx.value)
  if (read === undefined) return readFact(obx, metric.ref, [])
  const row = unitRow(metric, obx, read.value)
  if (row === undefined) return readFact(obx, metric.ref, ['unit_mismatch'])
  const key = `${context.from.part ?? ''} ${metric.mdc} ${time?.epochMs ?? ''}`
  // Two values of one code differ in their place only: the second one would replace the first.
  if (context.given.has(key)) return readFact(obx, metric.ref, ['same_code_again'])
  context.given.add(key)
  return timedNumeric(row, obx, time, context)
}

/** The metric in the unit that was sent. Nothing is converted and no unit is taken for granted but that of no unit. */
function unitRow(metric: Metric, { unit }: Obx, value: number | null): Metric | undefined {
  if (unit.kind === 'none') return metric.unit === '1' || value === null ? metric : undefined
  return unit.kind === 'unit' ? metricsByMdc(metric.mdc).find((row) => row.unit === unit.ucum) : undefined
}

function timedNumeric(
  metric: Metric,
  obx: Obx,
  time: DeviceTime | undefined,
  context: ReadingContext,
): Timed {
  const given = obx.isRepeated
    ? { value: null, quality: 'invalid' as const, why: ['repeated'] }
    : (readNumber(obx.text === '' ? 'NM' : obx.type, obx.value) ?? {
        value: null,
        quality: 'invalid' as const,
        why: [],
      })
  const trust = trustOf(obx.flags, obx.status)
  const isPossible =
    given.value === null || (given.value >= metric.possible[0] && given.value <= metric.possible[1])
  const aheadMs = time === undefined ? undefined : ageMs(time, context.createdAt)
  const isAhead = aheadMs !== undefined && aheadMs < -CLOCK_TOLERANCE_MS
  const why = [
    ...trust.why,
    ...given.why,
    ...(isPossible ? [] : ['out_of_range']),
    ...(isAhead ? ['time_ahead_of_message'] : []),
  ]
  const quality = worst([trust.quality, given.quality, isPossible ? 'valid' : 'invalid'])
  return {
    numeric: {
      metric,
      value: quality === 'absent' ? null : given.value,
      quality,
      ...(why.length > 0 && { why }),
    },
    time,
    isHistory: context.isArchive || isOld(time, context),
  }
}

function isOld(time: DeviceTime | undefined, { createdAt, startedAt }: ReadingContext): boolean {
  if (time === undefined) return false
  const age = ageMs(time, createdAt) ?? ageMs(time, startedAt)
  return age !== undefined && age > CURRENT_MS
}

function sets(timed: readonly Timed[], from: FromPart): readonly Observation[] {
  const byInstant = new Map<string, Timed[]>()
  for (const one of timed) {
    const key = `${one.time?.epochMs ?? ''} ${one.time?.zone ?? ''} ${one.isHistory}`
    const set = byInstant.get(key)
    if (set === undefined) byInstant.set(key, [one])
    else set.push(one)
  }
  return [...byInstant.values()].map((set) => {
    const [{ time, isHistory } = { time: undefined, isHistory: false }] = set
    return {
      kind: 'observation',
      ...from,
      numerics: set.map(({ numeric }) => numeric),
      ...(time !== undefined && { deviceTime: time }),
      ...(isHistory && { isHistory }),
    }
  })
}
