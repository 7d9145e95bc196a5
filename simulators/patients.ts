/** Where recordings come from: the patients that ship with wardgate, by name, or any file of the same form. */

import { readdirSync, readFileSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseRecording, type Recording } from './recording.ts'
import { SimulatorError } from './simulator-error.ts'

const SHIPPED_DIR = fileURLToPath(new URL('./patients/', import.meta.url))
const SUFFIX = '.csv'
const EVENTS_FILE = 'events.csv'

/** Names that `loadRecording` takes besides paths, e.g. 'bidmc_19_numerics'. */
export function shippedPatients(): readonly string[] {
  return readdirSync(SHIPPED_DIR)
    .filter((file) => file.endsWith(SUFFIX) && file !== EVENTS_FILE)
    .map((file) => file.slice(0, -SUFFIX.length))
    .toSorted()
}

/** `patient` is a shipped name, or the path of a file, seen from `baseDir` when it is relative. */
export function loadRecording(patient: string, baseDir: string): Recording {
  const isShipped = shippedPatients().includes(patient)
  const given = isAbsolute(patient) ? patient : resolve(baseDir, patient)
  const path = isShipped ? join(SHIPPED_DIR, patient + SUFFIX) : given
  try {
    return parseRecording(readFileSync(path, 'utf8'), isShipped ? patient + SUFFIX : path)
  } catch (error) {
    if (error instanceof SimulatorError) throw error
    throw new SimulatorError(
      `cannot read the patient '${patient}' (${path}): give a file that exists, or one of ${shippedPatients().join(', ')}`,
      error,
    )
  }
}
