/** inventory.json as JSON Schema: one row per identity. */

import { DUTIES } from '../people/duties.ts'

const id = { type: 'string', pattern: '^[a-z0-9-]{1,32}$' } as const

function row(role: string, required: readonly string[], properties: object): object {
  return {
    type: 'object',
    required: ['role', 'id', ...required],
    additionalProperties: false,
    properties: { role: { const: role }, id, ...properties },
  }
}

export const INVENTORY_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'inventory.json',
  type: 'object',
  required: ['v', 'entries'],
  additionalProperties: false,
  properties: {
    v: { const: 1 },
    entries: {
      type: 'array',
      items: {
        type: 'object',
        required: ['role'],
        properties: { role: { type: 'string' } },
        discriminator: { propertyName: 'role' },
        oneOf: [
          row('device', ['ward', 'bed', 'assoc', 'protocol'], {
            ward: id,
            bed: id,
            assoc: id,
            protocol: { type: 'string', maxLength: 64 },
            bedside: id,
          }),
          row('bedside', [], {}),
          row('consumer', ['wards'], { wards: { type: 'array', minItems: 1, uniqueItems: true, items: id } }),
          row('operator', [], {
            duties: { type: 'array', uniqueItems: true, items: { enum: DUTIES } },
            wards: { type: 'array', uniqueItems: true, items: id },
            locked: { const: true },
          }),
          row('uplink', [], {}),
        ],
      },
    },
  },
} as const
