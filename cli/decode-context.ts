/** `--context`: what was read from the device before, for values that cannot be decoded without it. */

import type { GattContext } from '../devices/gatt/characteristics.ts'
import { UsageError } from '../gateway/errors.ts'

type Context = GattContext & Readonly<Record<string, unknown>>

const RULES: Readonly<Record<string, { isValid(value: unknown): boolean; readonly form: string }>> = {
  e2e: { isValid: (value) => typeof value === 'boolean', form: 'true or false' },
  crc: { isValid: (value) => value === 'spec' || value === 'ccitt-false', form: '"spec" or "ccitt-false"' },
  lastCounter: {
    isValid: (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255,
    form: 'an integer from 0 to 255',
  },
  service: { isValid: (value) => typeof value === 'string', form: 'a text, e.g. "cgm"' },
  requestType: { isValid: (value) => typeof value === 'string', form: 'a short UUID, e.g. "2803"' },
}

/** Keys without a rule are left alone: a capture may know more about a value than its decoder asks. */
export function parseContext(json: string): Context {
  const value = parseJsonObject(json)
  for (const [key, rule] of Object.entries(RULES)) {
    if (key in value && !rule.isValid(value[key]))
      throw new UsageError(`--context: '${key}' must be ${rule.form}, not ${JSON.stringify(value[key])}`)
  }
  return value
}

/** Any JSON object: what its keys mean is for the decoder of the format to say. */
export function parseJsonObject(json: string): Readonly<Record<string, unknown>> {
  const value = parseJson(json)
  if (!isObject(value)) throw new UsageError(`--context must be a JSON object, e.g. '{"e2e":true}'`)
  return value
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw new UsageError(`--context is not JSON; write it like '{"e2e":true}'`, {}, error)
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
