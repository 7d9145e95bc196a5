/** One device of a scenario from its fields, wherever they were written down. */

import { kindOf, type DeviceKind } from './device-kinds.ts'
import { linkFaults } from './kind-links.ts'
import type { LineFaultRates } from './line-faults.ts'
import { loadRecording } from './patients.ts'
import { seedOf } from './random.ts'
import { endOf, type Recording } from './recording.ts'
import { DEVICE_FIELDS, FAULT_FIELDS, isPlainObject, type ScenarioField } from './scenario-fields.ts'
import { SCENARIO_LINKS, type ScenarioDevice } from './scenario.ts'
import { SimulatorError } from './simulator-error.ts'

export type FieldPath = readonly (string | number)[]
type Fields = Readonly<Record<string, unknown>>

/** Takes note of a fault and goes on, so that all of them are told at once. */
export type NoteFault = (path: FieldPath, text: string) => void

export interface DeviceReading {
  /** Where the fields stand. */
  readonly path: FieldPath
  /** Of the whole scenario. */
  readonly seed: number
  /** Patients are looked for here, unless they ship with wardgate. */
  readonly baseDir: string
  readonly note: NoteFault
}

/** Undefined when a fault was noted that leaves no device. */
export function readDevice(entry: unknown, reading: DeviceReading): ScenarioDevice | undefined {
  const { path, seed, note } = reading
  let isFit = true
  const noteUnfit: NoteFault = (at, text) => {
    isFit = false
    note(at, text)
  }
  const fields = checkFields(entry, path, DEVICE_FIELDS, noteUnfit)
  const faults = checkFields(fields['faults'] ?? {}, [...path, 'faults'], FAULT_FIELDS, noteUnfit)
  const kind = kindOf(textOf(fields['protocol']))
  const link = SCENARIO_LINKS.find((each) => each === fields['link'])
  if (!isFit || kind === undefined || link === undefined) return undefined
  for (const { field, text } of linkFaults(kind, link, fields)) note([...path, field], text)
  const recording = loadPatient(kind, textOf(fields['patient']), reading)
  if (recording === undefined) return undefined
  const startS = numberOf(fields['startS'], recording.rows[0]?.atS ?? 0)
  if (startS >= endOf(recording))
    note([...path, 'startS'], `${startS} s is after the end of ${recording.name} at ${endOf(recording)} s`)
  const id = textOf(fields['id'])
  return {
    id,
    ward: textOf(fields['ward']),
    bed: textOf(fields['bed']),
    protocol: kind.protocol,
    recording,
    startS,
    speed: numberOf(fields['speed'], 1),
    isLoop: fields['loop'] === true,
    link,
    tcpPort: numberOf(fields['tcpPort'], 0),
    udpPort: numberOf(fields['udpPort'], 0),
    address: textOf(fields['address'] ?? addressOf(id)),
    parts: partsOf(fields['parts']),
    faults: ratesOf(faults),
    seed: numberOf(fields['seed'], seedOf(`${seed}/${id}`)),
  }
}

function partsOf(value: unknown): Readonly<Record<string, string>> {
  return isPlainObject(value)
    ? Object.fromEntries(Object.entries(value).map(([part, id]) => [part, textOf(id)]))
    : {}
}

function loadPatient(
  kind: DeviceKind,
  patient: string,
  { path, baseDir, note }: DeviceReading,
): Recording | undefined {
  const at = [...path, 'patient']
  try {
    const recording = loadRecording(patient, baseDir)
    // What plays nothing that is recorded shows a patient by script.
    if (kind.plays.length === 0 || kind.plays.some((field) => recording.fields.includes(field)))
      return recording
    note(
      at,
      `${recording.name} holds nothing that ${kind.protocol} can send; it needs one of ${kind.plays.join(', ')}`,
    )
  } catch (error) {
    if (!(error instanceof SimulatorError)) throw error
    note(at, error.message)
  }
  return undefined
}

/** The fields that fit; what does not is told. */
export function checkFields(
  value: unknown,
  path: FieldPath,
  known: Readonly<Record<string, ScenarioField>>,
  note: NoteFault,
): Fields {
  if (!isPlainObject(value)) {
    note(path, `a map with ${Object.keys(known).join(', ')} is expected here`)
    return {}
  }
  for (const key of Object.keys(value))
    if (!Object.hasOwn(known, key))
      note([...path, key], `'${key}' is not known here; known are ${Object.keys(known).join(', ')}`)
  for (const [key, { isRequired, isFit, wanted }] of Object.entries(known)) {
    if (!Object.hasOwn(value, key)) {
      if (isRequired) note(path, `'${key}' is missing; it must be ${wanted}`)
    } else if (!isFit(value[key])) note([...path, key], `'${key}' must be ${wanted}`)
  }
  return value
}

/** A static random address, which has its two highest bits set. */
export function addressOf(id: string): string {
  const hash = seedOf(id).toString(16).padStart(8, '0').toUpperCase()
  return `C0:DE:${(hash.match(/../g) ?? []).join(':')}`
}

function ratesOf(faults: Fields): LineFaultRates {
  return Object.fromEntries(Object.entries(faults).filter(([, rate]) => typeof rate === 'number'))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function numberOf(value: unknown, absent: number): number {
  return typeof value === 'number' ? value : absent
}
