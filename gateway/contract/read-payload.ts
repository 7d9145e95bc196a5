/** From untrusted bytes to a typed payload, or the reason why not. */

import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import type { AlertMessage, IngestAlert } from './alert.ts'
import type {
  IngestSet,
  IngestState,
  LastValues,
  ObservationSet,
  RejectionRule,
  StateMessage,
} from './reading.ts'
import { SCHEMAS } from './reading.schema.ts'
import type { IngestWaveform, WaveformMessage } from './waveform.ts'

export type ReadPayload<T> =
  | { readonly ok: true; readonly payload: T }
  | { readonly ok: false; readonly rule: RejectionRule; readonly reason: string }

const ajv = new Ajv2020({ allErrors: false, strict: true, allowUnionTypes: true })
const ingestSet = ajv.compile<IngestSet>(SCHEMAS['ingest-set'])
const ingestState = ajv.compile<IngestState>(SCHEMAS['ingest-state'])
const observationSet = ajv.compile<ObservationSet>(SCHEMAS['observation-set'])
const lastValues = ajv.compile<LastValues>(SCHEMAS.last)
const stateMessage = ajv.compile<StateMessage>(SCHEMAS.state)
const ingestWaveform = ajv.compile<IngestWaveform>(SCHEMAS['ingest-waveform'])
const waveform = ajv.compile<WaveformMessage>(SCHEMAS.waveform)
const ingestAlert = ajv.compile<IngestAlert>(SCHEMAS['ingest-alert'])
const alert = ajv.compile<AlertMessage>(SCHEMAS.alert)

export function readIngestSet(bytes: Buffer): ReadPayload<IngestSet> {
  return read(bytes, ingestSet)
}

export function readIngestState(bytes: Buffer): ReadPayload<IngestState> {
  return read(bytes, ingestState)
}

export function readObservationSet(bytes: Buffer): ReadPayload<ObservationSet> {
  return read(bytes, observationSet)
}

export function readLastValues(bytes: Buffer): ReadPayload<LastValues> {
  return read(bytes, lastValues)
}

export function readStateMessage(bytes: Buffer): ReadPayload<StateMessage> {
  return read(bytes, stateMessage)
}

export function readIngestWaveform(bytes: Buffer): ReadPayload<IngestWaveform> {
  return read(bytes, ingestWaveform)
}

export function readWaveform(bytes: Buffer): ReadPayload<WaveformMessage> {
  return read(bytes, waveform)
}

export function readIngestAlert(bytes: Buffer): ReadPayload<IngestAlert> {
  return read(bytes, ingestAlert)
}

export function readAlert(bytes: Buffer): ReadPayload<AlertMessage> {
  return read(bytes, alert)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function read<T>(bytes: Buffer, validate: ValidateFunction<T>): ReadPayload<T> {
  let parsed: unknown
  try {
    parsed = JSON.parse(utf8.decode(bytes))
  } catch {
    return { ok: false, rule: 'not-json', reason: 'the payload is not JSON in UTF-8' }
  }
  if (validate(parsed)) return { ok: true, payload: parsed }
  return { ok: false, rule: 'schema', reason: describe(validate.errors?.[0]) }
}

function describe(error: ErrorObject | undefined): string {
  if (error === undefined) return 'does not match the schema'
  const where = error.instancePath === '' ? 'the message' : error.instancePath
  const extra: unknown = error.params['additionalProperty'] ?? error.params['missingProperty']
  const what = error.message ?? 'does not match the schema'
  return typeof extra === 'string' && error.keyword === 'additionalProperties'
    ? `${where} has the unknown key '${extra}'`
    : `${where} ${what}`
}
