/** Names of terminals as the configuration gives them: a path, or a pattern for the last part of one. */

import { readdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

// A pattern that fits a whole directory of the system must not turn into hours of trying.
const MOST_CANDIDATES = 32

/**
 * The paths that are there now, each terminal once, in the order of the patterns and then of the names; without those
 * that are `reserved` under any name.
 */
export function terminalsNamed(
  patterns: readonly string[],
  reserved: readonly string[] = [],
): readonly string[] {
  const found = new Map<string, string>()
  const isTaken = new Set(reserved.map(realPathOf))
  for (const path of patterns.flatMap(expand)) {
    const terminal = realPathOf(path)
    if (terminal !== undefined && !isTaken.has(terminal) && !found.has(terminal)) found.set(terminal, path)
  }
  return [...found.values()].slice(0, MOST_CANDIDATES)
}

function expand(pattern: string): readonly string[] {
  if (!/[*?]/.test(pattern)) return [pattern]
  const name = nameExpression(basename(pattern))
  const directory = dirname(pattern)
  return namesIn(directory)
    .filter((each) => name.test(each))
    .sort()
    .map((each) => join(directory, each))
}

function nameExpression(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`)
}

// A directory that is not there holds no terminal: /dev/serial goes with the last adapter.
function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}
