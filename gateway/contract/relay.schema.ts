/** Waveforms and alerts as JSON Schema 2020-12. Types in waveform.ts and alert.ts. */

import { ALERT_PHASES } from './alert.ts'
import { MAX_SAMPLES } from './sample-block.ts'
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

const who = {
  v: version,
  device: id,
  bed: id,
  assoc: id,
  seq,
  boot,
  t: instant,
  tr: instant,
  ttl: durationMs,
} as const

const blockProperties = {
  ...who,
  channel: id,
  mdc,
  ref,
  label: word,
  rate: { type: 'number', exclusiveMinimum: 0, maximum: 100_000 },
  periodUs: { type: 'number', minimum: 1, maximum: 3_600_000_000 },
  format: { enum: ['int16', 'int32'] },
  n: { type: 'integer', minimum: 1, maximum: MAX_SAMPLES },
  samples: {
    type: 'string',
    contentEncoding: 'base64',
    pattern: '^[A-Za-z0-9+/]+={0,2}$',
    // Four bytes a sample, four characters for three bytes.
    maxLength: Math.ceil((MAX_SAMPLES * 4) / 3) * 4,
  },
  scale: {
    type: 'object',
    required: ['resolution', 'offset', 'unit'],
    additionalProperties: false,
    properties: {
      resolution: { type: 'number' },
      offset: { type: 'number' },
      unit: { type: 'string', maxLength: 32 },
    },
  },
  gap: { type: 'boolean' },
  q: quality,
  why,
} as const

const BLOCK_NEEDS = [
  'v',
  'device',
  'channel',
  'label',
  'seq',
  'boot',
  't',
  'ttl',
  'rate',
  'periodUs',
  'format',
  'n',
  'samples',
  'q',
] as const
const codeHasName = { mdc: ['ref'], ref: ['mdc'] } as const

const alertProperties = {
  ...who,
  td: deviceInstant,
  code: id,
  priority: { enum: ['high', 'medium', 'low', 'unknown'] },
  source: { enum: ['patient', 'technical', 'unknown'] },
  text,
  flags: { type: 'array', maxItems: 32, items: word },
  inactivation: {
    type: 'array',
    maxItems: 5,
    uniqueItems: true,
    items: { enum: ['audio-paused', 'audio-off', 'alarm-paused', 'alarm-off', 'acknowledged'] },
  },
  about: {
    type: 'object',
    required: ['mdc', 'ref'],
    additionalProperties: false,
    properties: { mdc, ref },
  },
  refresh: { type: 'boolean' },
} as const

const ALERT_NEEDS = [
  'v',
  'device',
  'code',
  'phase',
  'priority',
  'source',
  'text',
  'flags',
  't',
  'ttl',
] as const

export const RELAY_SCHEMAS = {
  'ingest-waveform': schema('ingest-waveform', 'ingest/v1/{device}/waveform: an untrusted block of samples', {
    required: BLOCK_NEEDS,
    dependentRequired: codeHasName,
    properties: { ...blockProperties, src: ingestSource },
  }),
  waveform: schema('waveform', 'vitals/v1/{ward}/{bed}/{device}/waveform/{channel}: a block of samples', {
    required: [...BLOCK_NEEDS, 'bed', 'assoc', 'tr', 'src'],
    dependentRequired: codeHasName,
    properties: { ...blockProperties, src: trustedSource },
  }),
  'ingest-alert': schema('ingest-alert', 'ingest/v1/{device}/alert: an untrusted alert of a device', {
    required: [...ALERT_NEEDS, 'seq', 'boot'],
    properties: { ...alertProperties, phase: { enum: ['present', 'ended'] }, src: ingestSource },
  }),
  alert: schema('alert', 'vitals/v1/{ward}/{bed}/{device}/alert/{code}, retained until it ends', {
    required: [...ALERT_NEEDS, 'bed', 'assoc', 'since', 'at', 'tr', 'src'],
    properties: {
      ...alertProperties,
      phase: { enum: ALERT_PHASES },
      reason: text,
      since: instant,
      at: instant,
      src: trustedSource,
    },
    // A certainty that was lost says why.
    if: { properties: { phase: { const: 'unknown' } } },
    /* oxlint-disable-next-line unicorn/no-thenable -- 'then' is a keyword of JSON Schema */
    then: { properties: { reason: text }, required: ['reason'] },
  }),
} as const satisfies Record<string, object>
