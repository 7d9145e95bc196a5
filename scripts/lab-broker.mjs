// Runs the lab broker: compiled next to the product, unless that was done from these very sources.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt, ensureInstalled, root } from './setup.mjs'

ensureInstalled()
ensureBuilt()

const hash = createHash('sha256')
  .update(readFileSync(join(root, 'dist', '.built-from')))
  .update(readFileSync(join(root, 'test', 'support', 'lab-broker.ts')))
  .update(readFileSync(join(root, 'test', 'support', 'lab-rules.ts')))
  .digest('hex')
const stamp = join(root, 'dist', 'lab', '.built-from')
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== hash) {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const args = [compiler, '-p', join('test', 'support', 'tsconfig.lab.json')]
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) process.exit(1)
  writeFileSync(stamp, hash)
}
await import(pathToFileURL(join(root, 'dist', 'lab', 'test', 'support', 'lab-broker.js')).href)
