/**
 * The payloads as JSON Schema 2020-12: what /schema/v1/*.json serves, what admission checks, what docs/schema holds.
 * Types in reading.ts.
 */

import { DEVICE_STATES, EVENT_CLASSES, LINK_NAMES, REJECTION_RULES } from './reading.ts'

const id = { type: 'string', pattern: '^[a-z0-9-]{1,32}$' } as const
const instant = {
  type: 'string',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?(Z|[+-]\\d{2}:\\d{2})$',
} as const
// A device that knows no zone sends its wall clock without one.
const deviceInstant = {
  type: 'string',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?(Z|[+-]\\d{2}:\\d{2})?$',
} as const
const version = { const: 1 } as const
const word = { type: 'string', maxLength: 64 } as const
const text = { type: 'string', maxLength: 512 } as const
const durationMs = { type: 'integer', minimum: 1, maximum: 86_400_000 } as const
const link = { enum: LINK_NAMES } as const

const metricProperties = {
  mdc: { type: 'integer', minimum: 1, maximum: 0xffffffff },
  ref: { type: 'string', pattern: '^MDCX?_[A-Z0-9_]{1,60}$' },
  loinc: { type: 'string', pattern: '^[0-9]{1,7}-[0-9]$' },
  value: { type: ['number', 'null'] },
  unit: { type: 'string', maxLength: 32 },
  q: { enum: ['valid', 'questionable', 'invalid', 'calibrating', 'under', 'over', 'absent'] },
  why: { type: 'array', maxItems: 16, items: word },
} as const

// A consumer that does not look at q must find no number where there is none to show, and a number where q says so.
/* oxlint-disable unicorn/no-thenable -- 'then' is a keyword of JSON Schema */
const valueFollowsQuality = [
  {
    if: { properties: { q: { enum: ['absent', 'invalid', 'calibrating'] } } },
    then: { properties: { value: { type: 'null' } } },
  },
  {
    if: { properties: { q: { enum: ['valid', 'questionable'] } } },
    then: { properties: { value: { type: 'number' } } },
  },
] as const
/* oxlint-enable unicorn/no-thenable */

const metric = {
  type: 'object',
  required: ['mdc', 'ref', 'value', 'unit', 'q'],
  additionalProperties: false,
  properties: metricProperties,
  allOf: valueFollowsQuality,
} as const

const setProperties = {
  v: version,
  device: id,
  bed: id,
  assoc: id,
  seq: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  boot: { type: 'string', pattern: '^[a-zA-Z0-9-]{1,32}$' },
  t: instant,
  td: deviceInstant,
  tr: instant,
  tu: { type: 'integer', minimum: 0, maximum: 86_400_000 },
  ttl: durationMs,
  history: { type: 'boolean' },
  metrics: { type: 'array', minItems: 1, maxItems: 128, items: metric },
} as const

const sourceProperties = { gateway: id, link, driver: { type: 'string', maxLength: 64 } } as const

function schema(name: string, title: string, body: object): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:wardgate:schema:v1:${name}`,
    title,
    type: 'object',
    additionalProperties: false,
    ...body,
  }
}

/** By file name: `/schema/v1/<name>.json`. */
export const SCHEMAS = {
  'ingest-set': schema('ingest-set', 'ingest/v1/{device}/numeric: untrusted numerics of one instant', {
    required: ['v', 'device', 'seq', 'boot', 't', 'ttl', 'metrics'],
    properties: {
      ...setProperties,
      src: { type: 'object', additionalProperties: false, properties: sourceProperties },
    },
  }),
  'ingest-state': schema('ingest-state', 'ingest/v1/{device}/state: what the bedside part says of the line', {
    required: ['v', 'device', 'line', 't', 'reason'],
    properties: { v: version, device: id, line: { enum: ['up', 'down'] }, t: instant, reason: text },
  }),
  'observation-set': schema('observation-set', 'vitals/v1/{ward}/{bed}/{device}/numeric and /history', {
    required: ['v', 'device', 'bed', 'assoc', 'seq', 'boot', 't', 'tr', 'ttl', 'history', 'src', 'metrics'],
    properties: {
      ...setProperties,
      src: {
        type: 'object',
        required: ['gateway', 'link', 'driver'],
        additionalProperties: false,
        properties: sourceProperties,
      },
    },
  }),
  last: schema('last', 'vitals/v1/{ward}/{bed}/{device}/last: last valid value of each metric, retained', {
    required: ['v', 'device', 'bed', 'assoc', 'metrics'],
    properties: {
      v: version,
      device: id,
      bed: id,
      assoc: id,
      metrics: {
        type: 'array',
        minItems: 1,
        items: {
          ...metric,
          required: [...metric.required, 't', 'ttl'],
          properties: { ...metricProperties, t: instant, ttl: durationMs },
        },
      },
    },
  }),
  state: schema('state', 'vitals/v1/{ward}/{bed}/{device}/state, retained', {
    required: ['v', 'device', 'bed', 'assoc', 'state', 'since', 'reason'],
    properties: {
      v: version,
      device: id,
      bed: id,
      assoc: id,
      state: { enum: DEVICE_STATES },
      since: instant,
      reason: text,
    },
  }),
  birth: schema('birth', 'vitals/v1/{ward}/{bed}/{device}/birth: what this device can say, retained', {
    required: ['v', 'device', 'bed', 'assoc', 'driver', 'gateway', 'software', 't', 'ttl', 'metrics'],
    properties: {
      v: version,
      device: id,
      bed: id,
      assoc: id,
      driver: word,
      gateway: id,
      software: word,
      t: instant,
      ttl: durationMs,
      metrics: {
        type: 'array',
        items: {
          type: 'object',
          required: ['mdc', 'ref', 'unit'],
          additionalProperties: false,
          properties: {
            mdc: metricProperties.mdc,
            ref: metricProperties.ref,
            loinc: metricProperties.loinc,
            unit: metricProperties.unit,
          },
        },
      },
    },
  }),
  rejected: schema(
    'rejected',
    'ops/v1/{gateway}/rejected/{device}: a refused message or metric and the rule it broke',
    {
      required: ['v', 'device', 'at', 'rule', 'reason'],
      properties: {
        v: version,
        device: id,
        at: instant,
        rule: { enum: REJECTION_RULES },
        reason: text,
        seq: setProperties.seq,
        boot: setProperties.boot,
        metric: { type: 'object' },
        payload: { type: 'string', maxLength: 4096 },
      },
    },
  ),
  event: schema('event', 'ops/v1/{gateway}/event/{class}: a security or technical event', {
    required: ['v', 'gateway', 'at', 'class', 'event', 'detail'],
    properties: {
      v: version,
      gateway: id,
      at: instant,
      class: { enum: EVENT_CLASSES },
      event: word,
      detail: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
    },
  }),
  'gateway-state': schema('gateway-state', 'ops/v1/{gateway}/state, retained', {
    required: ['v', 'gateway', 'state', 'since'],
    properties: { v: version, gateway: id, state: { enum: ['online', 'stopping', 'lost'] }, since: instant },
  }),
} as const satisfies Record<string, object>
