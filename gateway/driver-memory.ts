/**
 * What a driver still knows after a new start: one small JSON file for each device. A file that cannot be right is
 * moved aside and told, and the driver begins afresh: to fetch a record twice is better than to miss one.
 */

import { readFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isRecord } from '../certs/is-record.ts'
import { makeDirectory, replaceFile } from '../certs/durable-file.ts'
import type { DriverMemory } from '../devices/protocol.ts'
import { errorCode, errorMessage } from './errors.ts'
import type { EventSink } from './ports.ts'

export interface DriverMemoryOptions {
  readonly directory: string
  readonly device: string
  readonly events: EventSink
}

const MOST_KEYS = 32
const LONGEST_KEY = 64
const LONGEST_VALUE = 256
// All keys and values at their longest, each character escaped.
const LARGEST_FILE_BYTES = 128 * 1024

/** Read when the driver first asks; nothing is written before it has something to say. */
export function openDriverMemory(options: DriverMemoryOptions): DriverMemory {
  const { directory, device, events } = options
  const path = join(directory, `${device}.json`)
  let values: Map<string, string> | undefined
  let isTold = false

  const known = (): Map<string, string> => {
    values ??= load(path, options)
    return values
  }

  const tell = (reason: string): void => {
    if (!isTold) events.emit('technical', 'driver-memory-not-written', { device, reason })
    isTold = true
  }

  return {
    get: (key) => known().get(key),
    set: (key, value) => {
      if (known().get(key) === value) return
      if (!fits(key, value) || (known().size >= MOST_KEYS && !known().has(key))) {
        tell(`'${key.slice(0, LONGEST_KEY)}' is too much for the memory of one device`)
        return
      }
      known().set(key, value)
      try {
        makeDirectory(directory)
        replaceFile(path, `${JSON.stringify({ v: 1, values: Object.fromEntries(known()) })}\n`)
        isTold = false
      } catch (error) {
        tell(errorMessage(error))
      }
    },
  }
}

function load(path: string, { device, events }: DriverMemoryOptions): Map<string, string> {
  try {
    if (statSync(path).size <= LARGEST_FILE_BYTES) {
      const values = parse(readFileSync(path, 'utf8'))
      if (values !== undefined) return values
    }
    renameSync(path, `${path}.damaged`)
    events.emit('technical', 'driver-memory-damaged', { device, movedTo: `${path}.damaged` })
  } catch (error) {
    if (errorCode(error) !== 'ENOENT')
      events.emit('technical', 'driver-memory-not-read', { device, reason: errorMessage(error) })
  }
  return new Map()
}

/** Undefined for anything that was not written here. */
function parse(text: string): Map<string, string> | undefined {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isRecord(document) || document['v'] !== 1 || !isRecord(document['values'])) return undefined
  const entries = Object.entries(document['values'])
  const values = new Map<string, string>()
  for (const [key, value] of entries)
    if (typeof value === 'string' && fits(key, value)) values.set(key, value)
  return values.size === entries.length && entries.length <= MOST_KEYS ? values : undefined
}

function fits(key: string, value: string): boolean {
  return key !== '' && key.length <= LONGEST_KEY && value.length <= LONGEST_VALUE
}
