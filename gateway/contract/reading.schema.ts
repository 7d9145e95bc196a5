/**
 * The payloads as JSON Schema 2020-12: what /schema/v1/*.json serves, what admission checks, what docs/schema holds.
 * Types in reading.ts.
 */

import { DEVICE_STATES, EVENT_CLASSES, REJECTION_RULES } from './reading.ts'
import { RELAY_SCHEMAS } from './relay.schema.ts'
import {
  boot,
  deviceInstant,
  durationMs,
  id,
  ingestSource,
  instant,
  mdc,
  quality,
  ref,
  schema,
  seq,
  text,
  trustedSource,
  version,
  why,
  word,
} from './schema-parts.ts'

const metricProperties = {
  mdc,
  ref,
  loinc: { type: 'string', pattern: '^[0-9]{1,7}-[0-9]$' },
  value: { type: ['number', 'null'] },
  unit: { type: 'string', maxLength: 32 },
  q: quality,
  why,
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
  seq,
  boot,
  t: instant,
  td: deviceInstant,
  tr: instant,
  tu: { type: 'integer', minimum: 0, maximum: 86_400_000 },
  ttl: durationMs,
  history: { type: 'boolean' },
  metrics: { type: 'array', minItems: 1, maxItems: 128, items: metric },
} as const

/** By file name: `/schema/v1/<name>.json`. */
export const SCHEMAS = {
  'ingest-set': schema('ingest-set', 'ingest/v1/{device}/numeric: untrusted numerics of one instant', {
    required: ['v', 'device', 'seq', 'boot', 't', 'ttl', 'metrics'],
    properties: {
      ...setProperties,
      src: ingestSource,
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
      src: trustedSource,
    },
  }),
  ...RELAY_SCHEMAS,
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
        seq,
        boot,
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
