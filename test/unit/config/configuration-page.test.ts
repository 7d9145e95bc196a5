import { readFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { CONFIG_SCHEMA } from '../../../gateway/config/config.schema.ts'

type Schema = Readonly<Record<string, unknown>>

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function schemaOf(value: unknown): Schema {
  return isSchema(value) ? value : {}
}

function rangeOf(schema: Schema): string {
  const words = schema['enum'] ?? (schema['const'] === undefined ? undefined : [schema['const']])
  if (Array.isArray(words)) return words.map((word) => `\`${String(word)}\``).join(' ')
  if (schema['type'] === 'integer') return `${String(schema['minimum'])} to ${String(schema['maximum'])}`
  return { array: 'list', object: 'group', string: 'text' }[String(schema['type'])] ?? ''
}

function needOf(schema: Schema, isRequired: boolean): string {
  if (isRequired) return 'yes'
  const fallback = schema['default']
  return typeof fallback === 'string' ? `no: \`${fallback === '' ? '""' : fallback}\`` : 'no'
}

/** One row for each key, from the schema alone. */
function rowsOf(schema: Schema, path: string): string[] {
  if (schema['type'] === 'array') return rowsOf(schemaOf(schema['items']), `${path}[]`)
  const branches = Array.isArray(schema['oneOf']) ? schema['oneOf'].map(schemaOf) : []
  if (branches.length > 0) return [...new Set(branches.flatMap((branch) => rowsOf(branch, path)))]
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  return Object.entries(schemaOf(schema['properties'])).flatMap(([key, value]) => {
    const property = schemaOf(value)
    const name = path === '' ? key : `${path}.${key}`
    const cells = [
      `\`${name}\``,
      rangeOf(property),
      needOf(property, required.includes(key)),
      String(property['description']),
    ]
    return [`| ${cells.join(' | ')} |`, ...rowsOf(property, name)]
  })
}

it('docs/configuration.md describes every key as the schema does, and no other', () => {
  const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('| `'))
  expect(rows.map((row) => row.replaceAll(/ +/g, ' '))).toEqual(rowsOf(CONFIG_SCHEMA, ''))
})
