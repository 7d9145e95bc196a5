// npm start: from a fresh clone to a running ward, with nothing else to do.

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt, ensureInstalled, root } from './setup.mjs'

ensureInstalled()
ensureBuilt()
const wardgate = join(root, 'dist/cli/wardgate.js')
process.argv = [process.argv[0], wardgate, 'demo', ...process.argv.slice(2)]
await import(pathToFileURL(wardgate).href)
