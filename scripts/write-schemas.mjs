// Writes docs/schema/v1/*.json from the compiled contract; a test holds that they are up to date.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt, ensureInstalled, root } from './setup.mjs'

ensureInstalled()
ensureBuilt()
const { SCHEMAS } = await import(join(root, 'dist/gateway/contract/reading.schema.js'))
const folder = join(root, 'docs/schema/v1')
mkdirSync(folder, { recursive: true })
for (const [name, schema] of Object.entries(SCHEMAS)) {
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(schema, undefined, 2)}\n`)
}
