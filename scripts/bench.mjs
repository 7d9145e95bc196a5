// Compiles the benchmarks together with the sources, and runs one of them.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ensureBuilt, ensureInstalled, root } from './setup.mjs'

export function runBench(name, ...flags) {
  ensureInstalled()
  ensureBuilt()
  run(join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join('bench', 'tsconfig.json'))
  run(...flags, join(root, 'dist', 'bench', 'bench', name), ...process.argv.slice(2))
}

function run(...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
