/** What the schemas of all payloads share. */

import { LINK_NAMES } from './reading.ts'

export const id = { type: 'string', pattern: '^[a-z0-9-]{1,32}$' } as const
export const instant = {
  type: 'string',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?(Z|[+-]\\d{2}:\\d{2})$',
} as const
// A device that knows no zone sends its wall clock without one.
export const deviceInstant = {
  type: 'string',
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?(Z|[+-]\\d{2}:\\d{2})?$',
} as const
export const version = { const: 1 } as const
export const word = { type: 'string', maxLength: 64 } as const
export const text = { type: 'string', maxLength: 512 } as const
export const durationMs = { type: 'integer', minimum: 1, maximum: 86_400_000 } as const
const link = { enum: LINK_NAMES } as const

export const quality = {
  enum: ['valid', 'questionable', 'invalid', 'calibrating', 'under', 'over', 'absent'],
} as const
export const why = { type: 'array', maxItems: 16, items: word } as const
export const mdc = { type: 'integer', minimum: 1, maximum: 0xffffffff } as const
export const ref = { type: 'string', pattern: '^MDCX?_[A-Z0-9_]{1,60}$' } as const
export const seq = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const
export const boot = { type: 'string', pattern: '^[a-zA-Z0-9-]{1,32}$' } as const

const sourceProperties = { gateway: id, link, driver: { type: 'string', maxLength: 64 } } as const

/** Where an untrusted message came from: as much as its sender says. */
export const ingestSource = {
  type: 'object',
  additionalProperties: false,
  properties: sourceProperties,
} as const
export const trustedSource = { ...ingestSource, required: ['gateway', 'link', 'driver'] } as const

export function schema(name: string, title: string, body: object): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:wardgate:schema:v1:${name}`,
    title,
    type: 'object',
    additionalProperties: false,
    ...body,
  }
}
