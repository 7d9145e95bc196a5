/**
 * The counters of parity and framing errors that Linux keeps for the serial ports of the board (driver 8250), readable
 * by root. Adapters on USB do not tell theirs.
 */

import { readFileSync, realpathSync } from 'node:fs'
import type { LineErrors } from './listen.ts'

const COUNTERS_FILE = '/proc/tty/driver/serial'

export function kernelErrors(path: string): LineErrors | undefined {
  try {
    const [, number] = /^\/dev\/ttyS(\d+)$/.exec(realpathSync(path)) ?? []
    return number === undefined ? undefined : readCounters(readFileSync(COUNTERS_FILE, 'utf8'), number)
  } catch {
    // No such port, no such driver, or not root: then nobody can say.
    return undefined
  }
}

/** A line like `0: uart:16550A port:000003F8 irq:4 tx:11 rx:532 fe:3 pe:1 RTS|DTR`; absent counters are 0. */
export function readCounters(text: string, number: string): LineErrors | undefined {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${number}:`))
  if (line === undefined) return undefined
  const count = (name: string): number => Number(new RegExp(`\\b${name}:(\\d+)`).exec(line)?.[1] ?? 0)
  return { parity: count('pe'), framing: count('fe') }
}
