/** The fields of a scenario file, one row each: what they may hold, and what is taken when they are absent. */

import { ID_PATTERN } from '../gateway/contract/topics.ts'
import { airSocketName } from '../devices/framing/air.ts'
import { kindOf, SIMULATED_PROTOCOLS } from './device-kinds.ts'
import { LINE_FAULT_KINDS } from './line-faults.ts'
import { SCENARIO_LINKS } from './scenario.ts'

export interface ScenarioField {
  readonly isRequired: boolean
  readonly isFit: (value: unknown) => boolean
  /** Ends the sentence "... must be". */
  readonly wanted: string
}

const id = required(
  isText((text) => ID_PATTERN.test(text)),
  '1 to 32 of a-z, 0-9 and -',
)

const PORT = optional(
  (value) => Number.isInteger(value) && isNumber(0, 65_535)(value),
  'a port from 0 to 65535; 0 takes a free one',
)

export const SCENARIO_FIELDS: Readonly<Record<string, ScenarioField>> = {
  seed: optional(Number.isSafeInteger, 'a whole number'),
  devices: required((value) => Array.isArray(value) && value.length > 0, 'a list of at least one device'),
}

export const DEVICE_FIELDS: Readonly<Record<string, ScenarioField>> = {
  id,
  ward: id,
  bed: id,
  protocol: required(
    isText((text) => kindOf(text) !== undefined),
    `one of ${SIMULATED_PROTOCOLS.join(', ')}`,
  ),
  patient: required(
    isText((text) => text !== ''),
    'the name of a patient or the path of a recording',
  ),
  link: required(isOneOf(SCENARIO_LINKS), `one of ${SCENARIO_LINKS.join(', ')}`),
  startS: optional(isNumber(0, Infinity), 'a number of seconds, 0 or more'),
  speed: optional(isNumber(0.01, 10_000), 'a number from 0.01 to 10000'),
  loop: optional((value) => typeof value === 'boolean', 'true or false'),
  address: optional(
    isText((text) => airSocketName(text) !== undefined),
    'a Bluetooth address like C0:FF:EE:00:00:01',
  ),
  tcpPort: PORT,
  udpPort: PORT,
  parts: optional(
    (value) => isPlainObject(value) && Object.entries(value).every((pair) => pair.every(isIdText)),
    'a map of part to device id, each 1 to 32 of a-z, 0-9 and -',
  ),
  faults: optional(isPlainObject, 'a map of fault to rate'),
  seed: optional(Number.isSafeInteger, 'a whole number'),
}

export const FAULT_FIELDS: Readonly<Record<string, ScenarioField>> = Object.fromEntries(
  LINE_FAULT_KINDS.map((kind) => [kind, optional(isNumber(0, 1), 'a rate from 0 to 1')]),
)

function isIdText(value: unknown): boolean {
  return typeof value === 'string' && ID_PATTERN.test(value)
}

export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function required(isFit: ScenarioField['isFit'], wanted: string): ScenarioField {
  return { isRequired: true, isFit, wanted }
}

function optional(isFit: ScenarioField['isFit'], wanted: string): ScenarioField {
  return { isRequired: false, isFit, wanted }
}

function isText(isFit: (text: string) => boolean): ScenarioField['isFit'] {
  return (value) => typeof value === 'string' && isFit(value)
}

function isOneOf(words: readonly string[]): ScenarioField['isFit'] {
  return isText((text) => words.includes(text))
}

function isNumber(min: number, max: number): ScenarioField['isFit'] {
  return (value) => typeof value === 'number' && value >= min && value <= max && Number.isFinite(value)
}
