/** An HL7 v2 message as segments and fields. Of a patient nothing is kept: only the segments listed here are. */

import { asciiText } from '../framing/text-line.ts'
import type { DiscardReason } from '../protocol.ts'
import { decodeCharset } from './charset.ts'

/** "MSH-1 is `|`, MSH-2 the four encoding characters": read, never assumed. */
export interface Delimiters {
  readonly field: string
  readonly component: string
  readonly repetition: string
  readonly escape: string | undefined
  readonly subcomponent: string | undefined
}

export interface Header {
  readonly delimiters: Delimiters
  readonly application: string
  readonly facility: string
  readonly createdAt: string
  readonly type: string
  readonly trigger: string
  readonly controlId: string
  /** P production, D debugging, T training. */
  readonly processing: string
  /** Empty or T current; A, R, I from an archive. */
  readonly processingMode: string
  readonly version: string
  readonly acceptAck: string
  readonly applicationAck: string
}

export interface Segment {
  readonly name: 'PID' | 'PV1' | 'OBR' | 'OBX' | 'MSA'
  /** By number, as the standard counts: `fields[3]` is OBX-3. Empty for PID: it only says that another patient begins. */
  readonly fields: readonly string[]
}

export type MessageReading =
  | { readonly ok: true; readonly header: Header; readonly segments: readonly Segment[] }
  | { readonly ok: false; readonly header: Header | undefined; readonly reason: DiscardReason }

const MAX_SEGMENTS = 4096
const SEGMENT_END = /\r\n|\r|\n/
const DELIMITER = /^[!-/:-@[-`{-~]$/
const SEGMENT_NAME = /^[A-Z][A-Z0-9]{2}$/

export function readMessage(bytes: Uint8Array): MessageReading {
  const raw = asciiText(bytes)
  const fields = headerFields(raw)
  const header = fields === undefined ? undefined : readHeader(fields)
  if (fields === undefined || header === undefined) return { ok: false, header, reason: 'malformed' }
  const text = decodeCharset(bytes, fields[18]?.split(header.delimiters.repetition)[0] ?? '')
  if (text === undefined) return { ok: false, header, reason: 'unsupported' }
  const lines = text.split(SEGMENT_END, MAX_SEGMENTS + 2).filter((line) => line !== '')
  if (lines.length > MAX_SEGMENTS) return { ok: false, header, reason: 'overflow' }
  const { field } = header.delimiters
  // A line that is no segment is the rest of a torn one: which field it belongs to cannot be known.
  if (!lines.every((line) => isSegment(line, field))) return { ok: false, header, reason: 'malformed' }
  return { ok: true, header, segments: lines.flatMap((line) => readSegment(line, field)) }
}

/** MSH-1 is the separator itself. */
function headerFields(raw: string): readonly string[] | undefined {
  const [line = ''] = raw.split(SEGMENT_END, 1)
  const field = line[3]
  if (!line.startsWith('MSH') || field === undefined || !DELIMITER.test(field)) return undefined
  const [, ...rest] = line.split(field)
  return ['MSH', field, ...rest]
}

function readHeader(fields: readonly string[]): Header | undefined {
  const delimiters = readDelimiters(fields[1] ?? '', fields[2] ?? '')
  if (delimiters === undefined) return undefined
  const part = (number: number, component = 0): string =>
    (fields[number]?.split(delimiters.component)[component] ?? '').trim()
  return {
    delimiters,
    application: part(3),
    facility: part(4),
    createdAt: part(7),
    type: part(9),
    trigger: part(9, 1),
    controlId: fields[10] ?? '',
    processing: part(11),
    processingMode: part(11, 1),
    version: part(12),
    acceptAck: part(15),
    applicationAck: part(16),
  }
}

function readDelimiters(field: string, encoding: string): Delimiters | undefined {
  const signs = encoding.split('')
  const [component, repetition] = signs
  if (component === undefined || repetition === undefined || signs.length > 5) return undefined
  if (new Set([field, ...signs]).size !== signs.length + 1 || !signs.every((sign) => DELIMITER.test(sign)))
    return undefined
  // A public sample sends `^~&`: its third sign is the subcomponent separator, and no escape character is left.
  if (signs.length === 3 && signs[2] === '&')
    return { field, component, repetition, escape: undefined, subcomponent: '&' }
  return { field, component, repetition, escape: signs[2], subcomponent: signs[3] }
}

function isSegment(line: string, field: string): boolean {
  return SEGMENT_NAME.test(line.slice(0, 3)) && (line.length === 3 || line[3] === field)
}

const KEPT = ['PID', 'PV1', 'OBR', 'OBX', 'MSA'] as const

function readSegment(line: string, field: string): readonly Segment[] {
  const name = KEPT.find((kept) => line.startsWith(kept))
  if (name === undefined) return []
  return [{ name, fields: name === 'PID' ? [] : line.split(field) }]
}
