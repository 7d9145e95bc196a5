import { describe, expect, it } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import { SCHEMAS } from '../../../gateway/contract/reading.schema.ts'

const folder = new URL('../../../docs/schema/v1/', import.meta.url)

describe('docs/schema', () => {
  it('holds every schema of the contract and no other', () => {
    expect(readdirSync(folder).sort()).toEqual(
      Object.keys(SCHEMAS)
        .map((name) => `${name}.json`)
        .sort(),
    )
  })

  it.each(Object.entries(SCHEMAS))(
    '%s is what the gateway checks (npm run schemas writes it)',
    (name, schema) => {
      const written: unknown = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))
      expect(written).toEqual(JSON.parse(JSON.stringify(schema)))
    },
  )
})
