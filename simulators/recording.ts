/**
 * A recorded patient: one row per instant, read by the names in the header line. A missing value is an absent key,
 * never 0. A recorded 0 stays 0, also where the source says that it stands for "not measured": a simulated device
 * sends what the monitor wrote.
 */

import { SimulatorError } from './simulator-error.ts'

/** What the columns are called here. A column that is not listed is not played. */
const FIELD_BY_COLUMN = {
  HR: 'heartRate',
  PULSE: 'pulseRate',
  RESP: 'respRate',
  SpO2: 'spo2',
  NBPSys: 'nibpSystolic',
  NBPDias: 'nibpDiastolic',
  NBPMean: 'nibpMean',
  cgm_mg_dl: 'glucoseMgDl',
  basal_u_h: 'basalIUh',
  bolus_u: 'bolusIU',
  correction_u: 'correctionIU',
  food_u: 'mealIU',
  iob_derived_u: 'insulinOnBoardIU',
} as const

const TIME_COLUMNS: readonly string[] = ['Time [s]', 't_s']

export type RecordedField = (typeof FIELD_BY_COLUMN)[keyof typeof FIELD_BY_COLUMN]

export type RecordedRow = { readonly atS: number } & { readonly [Field in RecordedField]?: number }

export interface Recording {
  readonly name: string
  readonly fields: readonly RecordedField[]
  /** In order of time; several rows may have the same time, as the source has them. */
  readonly rows: readonly RecordedRow[]
  /** The usual distance between two rows. */
  readonly intervalS: number
}

/** How long the row before it stays the newest one; later there is a gap. */
const GAP_INTERVALS = 1.5

/** `name` stands in the messages: the path of the file. */
export function parseRecording(text: string, name: string): Recording {
  const [header = '', ...lines] = text.split(/\r?\n/)
  const columns = readHeader(header, name)
  const rows: RecordedRow[] = []
  for (const [index, line] of lines.entries()) {
    if (line === '' && index === lines.length - 1) continue
    const row = readRow(line, columns, `${name}:${index + 2}`)
    const previous = rows.at(-1)
    if (previous !== undefined && row.atS < previous.atS)
      throw new SimulatorError(
        `${name}:${index + 2}: time ${row.atS} s comes after ${previous.atS} s; rows must be in order of time`,
      )
    rows.push(row)
  }
  if (rows.length === 0) throw new SimulatorError(`${name}: no row after the header line`)
  return { name, fields: columns.flatMap(({ field }) => field ?? []), rows, intervalS: usualInterval(rows) }
}

/** The row in force at `atS`, or undefined before the first row and in a gap. */
export function rowAt(recording: Recording, atS: number): RecordedRow | undefined {
  let low = 0
  let high = recording.rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((recording.rows[middle]?.atS ?? Infinity) <= atS) low = middle + 1
    else high = middle
  }
  const row = recording.rows[low - 1]
  return row !== undefined && atS < gapStart(recording, row) ? row : undefined
}

/** When `row` is too old to speak for the patient, if no other row has come. */
export function gapStart(recording: Recording, row: RecordedRow): number {
  return row.atS + recording.intervalS * GAP_INTERVALS
}

/** The instant at which the last row has had its time. */
export function endOf(recording: Recording): number {
  return (recording.rows.at(-1)?.atS ?? 0) + recording.intervalS
}

interface Column {
  readonly name: string
  readonly isTime: boolean
  readonly field: RecordedField | undefined
}

function readHeader(header: string, name: string): readonly Column[] {
  const columns = header.split(',').map((cell) => {
    const column = cell.trim()
    return { name: column, isTime: TIME_COLUMNS.includes(column), field: fieldOf(column) }
  })
  if (!columns.some(({ isTime }) => isTime))
    throw new SimulatorError(
      `${name}:1: no time column; one of ${TIME_COLUMNS.map((column) => `'${column}'`).join(', ')} is needed`,
    )
  if (columns.every(({ field }) => field === undefined))
    throw new SimulatorError(
      `${name}:1: no column that can be played; known are ${Object.keys(FIELD_BY_COLUMN).join(', ')}`,
    )
  const twice = columns.find((column, index) => columns.findIndex((c) => c.name === column.name) !== index)
  if (twice !== undefined) throw new SimulatorError(`${name}:1: column '${twice.name}' is there twice`)
  return columns
}

function fieldOf(column: string): RecordedField | undefined {
  return isColumn(column) ? FIELD_BY_COLUMN[column] : undefined
}

function isColumn(column: string): column is keyof typeof FIELD_BY_COLUMN {
  return Object.hasOwn(FIELD_BY_COLUMN, column)
}

function readRow(line: string, columns: readonly Column[], place: string): RecordedRow {
  const cells = line.split(',')
  if (cells.length !== columns.length)
    throw new SimulatorError(
      `${place}: ${cells.length} fields where the header names ${columns.length}; the line is cut or damaged`,
    )
  const values: { [Field in RecordedField]?: number } = {}
  let atS: number | undefined
  for (const [index, { name, isTime, field }] of columns.entries()) {
    if (!isTime && field === undefined) continue
    const value = readNumber(cells[index] ?? '', `${place}: column '${name}'`)
    if (isTime) atS = value
    else if (field !== undefined && value !== undefined) values[field] = value
  }
  if (atS === undefined) throw new SimulatorError(`${place}: no time`)
  return { atS, ...values }
}

const NUMBER = /^-?\d+(\.\d+)?$/

function readNumber(cell: string, place: string): number | undefined {
  const text = cell.trim()
  if (text === '' || text === 'NaN') return undefined
  if (!NUMBER.test(text)) throw new SimulatorError(`${place}: '${text.slice(0, 40)}' is not a number`)
  return Number(text)
}

const SINGLE_ROW_INTERVAL_S = 1

/** The median: neither gaps nor repeated rows move it. */
function usualInterval(rows: readonly RecordedRow[]): number {
  const steps = rows
    .flatMap((row, index) => row.atS - (rows[index - 1]?.atS ?? row.atS))
    .filter((step) => step > 0)
    .toSorted((a, b) => a - b)
  return steps[steps.length >>> 1] ?? SINGLE_ROW_INTERVAL_S
}
