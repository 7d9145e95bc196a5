// npm run bench:drivers: the table of docs/performance.md. Compiled first: what is measured is what is shipped.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ensureBuilt, ensureInstalled, root } from './setup.mjs'

ensureInstalled()
ensureBuilt()
run(join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join('bench', 'tsconfig.json'))
run(
  '--expose-gc',
  // Allocation is measured between two looks at the heap: the young generation has to hold it all.
  '--min-semi-space-size=128',
  '--max-semi-space-size=128',
  join(root, 'dist', 'bench', 'bench', 'drivers.js'),
)

function run(...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
