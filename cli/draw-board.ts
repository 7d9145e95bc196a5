/** The ward board as text, for a terminal or a plain log. A state or quality is never told by colour alone. */

import type { BoardAlert } from './board-alerts.ts'
import type { BoardRow, BoardValue } from './ward-board.ts'
import { metricLabel } from './metric-label.ts'

export interface DrawOptions {
  readonly style: 'ansi' | 'plain'
  readonly columns: number
}

const STRIKE_DIM = '\u001B[9;2m'
const BOLD = '\u001B[1m'
const RESET = '\u001B[0m'

// Beat-to-beat detail and signal quality belong on a device's own page, not on a ward's.
const NOT_ON_A_BOARD = new Set(['MDC_ECG_TIME_PD_RR_GL', 'MDCX_CGM_QUALITY'])

export function drawBoard(rows: readonly BoardRow[], options: DrawOptions): readonly string[] {
  const header = `${'WARD'.padEnd(10)}${'BED'.padEnd(6)}${'DEVICE'.padEnd(14)}${'STATE'.padEnd(10)}READINGS (value unit age)`
  return [emphasise(header, options), ...rows.flatMap((row, index) => drawRow(row, rows[index - 1], options))]
}

function drawRow(row: BoardRow, above: BoardRow | undefined, options: DrawOptions): readonly string[] {
  const isSameBed = above?.ward === row.ward && above.bed === row.bed
  const place = isSameBed ? ' '.repeat(16) : `${row.ward.padEnd(10)}${row.bed.padEnd(6)}`
  const head = `${place}${row.device.padEnd(14)}${row.state.padEnd(10)}`
  const cells = row.values
    .filter(({ ref }) => !NOT_ON_A_BOARD.has(ref))
    .map((value) => drawValue(value, options))
  const lines = wrap(cells, options.columns - head.length)
  const below = ' '.repeat(head.length)
  return [
    ...lines.map((line, index) => `${index === 0 ? head : below}${line}`),
    ...row.alerts.map((alert) => `${below}${drawAlert(alert, options)}`),
  ]
}

const PRIORITY_WORDS = { high: 'HIGH', medium: 'MEDIUM', low: 'LOW', unknown: 'no priority given' } as const

/** The device's own words, with a mark where nobody knows whether they still hold. */
function drawAlert({ priority, text, phase, reason, ageMs }: BoardAlert, options: DrawOptions): string {
  const words = `ALERT (${PRIORITY_WORDS[priority]}) "${printable(text)}" ${drawAge(ageMs)}`
  if (phase === 'present') return emphasise(words, options)
  return `${words}   UNKNOWN WHETHER STILL PRESENT: ${printable(reason ?? '')}`
}

/** A text from a device must not steer the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '?')
}

interface Cell {
  readonly text: string
  /** Columns it takes on the screen; escape codes take none. */
  readonly width: number
}

function drawValue(value: BoardValue, { style }: DrawOptions): Cell {
  const label = metricLabel(value.ref)
  const age = drawAge(value.ageMs)
  if (value.isStale) {
    const old = value.value === null ? '--' : String(value.value)
    const text = `${label} ${style === 'ansi' ? `${STRIKE_DIM}${old} ${value.unit}${RESET}` : `(${old} ${value.unit})`} STALE ${age}`
    const width = `${label} ${old} ${value.unit} STALE ${age}`.length + (style === 'ansi' ? 0 : 2)
    return { text, width }
  }
  const text = `${label} ${drawNumber(value)} ${age}`
  return { text, width: text.length }
}

function drawNumber({ value, unit, quality, why }: BoardValue): string {
  if (value === null) return `-- ${why[0] ?? quality}`
  const mark = {
    valid: '',
    questionable: '?',
    under: '<',
    over: '>',
    invalid: '!',
    calibrating: '~',
    absent: '',
  }[quality]
  return `${value}${mark} ${unit}`
}

function drawAge(ageMs: number): string {
  if (ageMs < 99_500) return `${Math.round(ageMs / 1000)}s`
  return `${Math.round(ageMs / 60_000)}min`
}

function wrap(cells: readonly Cell[], columns: number): readonly string[] {
  const lines: { text: string; width: number }[] = [{ text: '', width: 0 }]
  for (const { text, width } of cells) {
    const last = lines.at(-1)
    if (last === undefined || (last.width > 0 && last.width + 3 + width > columns))
      lines.push({ text, width })
    else {
      last.text += last.width === 0 ? text : `   ${text}`
      last.width += last.width === 0 ? width : width + 3
    }
  }
  return lines.map(({ text }) => text)
}

function emphasise(text: string, { style }: DrawOptions): string {
  return style === 'ansi' ? `${BOLD}${text}${RESET}` : text
}
