/** `<state>/time.json`: the last moment of which the right time was known, for the next start. Mode 0600. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../../certs/durable-file.ts'
import type { Uptime } from '../clock.ts'
import { errorCode } from '../errors.ts'
import type { KnownMoment } from './judge-clock.ts'

export interface TimeRecord {
  readonly version: 1
  /** The right time at the moment of writing. */
  readonly goodMs: number
  /** How long the machine had been up at that moment. */
  readonly uptimeMs: number
  /** Which boot that was; absent where the system does not say. */
  readonly boot?: string
  /** When a small step was last accepted without a person's word. */
  readonly settledMs?: number
}

export type TimeReading =
  | { readonly kind: 'known'; readonly record: TimeRecord }
  | { readonly kind: 'absent' }
  | { readonly kind: 'damaged' }

const LONGEST_TEXT = 1_024
const LONGEST_BOOT_ID = 64

export function timeFileOf(stateDir: string): string {
  return join(stateDir, 'time.json')
}

/** The recorded moment, seen from now. */
export function momentOf({ goodMs, uptimeMs, boot }: TimeRecord, uptime: Uptime): KnownMoment {
  const nowUptimeMs = uptime.sinceBootMs()
  // The same boot: how long it has run since is known, whatever was restarted meanwhile.
  return uptime.bootId !== undefined && boot === uptime.bootId && uptimeMs <= nowUptimeMs
    ? { atMs: goodMs, ranMs: nowUptimeMs - uptimeMs, since: 'running' }
    : { atMs: goodMs, ranMs: 0, since: 'switched-off' }
}

export function recordOf(goodMs: number, uptimeMs: number, { bootId }: Uptime): TimeRecord {
  return { version: 1, goodMs, uptimeMs, ...(bootId === undefined ? {} : { boot: bootId }) }
}

export function readTimeFile(path: string): TimeReading {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    return { kind: errorCode(error) === 'ENOENT' ? 'absent' : 'damaged' }
  }
  return parseTimeRecord(text)
}

export function parseTimeRecord(text: string): TimeReading {
  if (text.length > LONGEST_TEXT) return { kind: 'damaged' }
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? { kind: 'known', record: value } : { kind: 'damaged' }
  } catch {
    return { kind: 'damaged' }
  }
}

/** Throws a CertificateError that says what to do. */
export function writeTimeFile(path: string, record: TimeRecord): void {
  replaceFile(path, `${JSON.stringify(record)}\n`)
}

function isRecord(value: unknown): value is TimeRecord {
  if (typeof value !== 'object' || value === null) return false
  const { version, goodMs, uptimeMs, boot, settledMs }: Readonly<Record<string, unknown>> = { ...value }
  return (
    version === 1 &&
    isInstant(goodMs) &&
    isInstant(uptimeMs) &&
    (boot === undefined || (typeof boot === 'string' && boot.length <= LONGEST_BOOT_ID)) &&
    (settledMs === undefined || isInstant(settledMs))
  )
}

function isInstant(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 && value < 8.64e15
}
