// Makes a checkout ready to run: the pinned packages installed, the sources compiled. Does nothing that is already done.
// Everything said here goes to stderr, so that the output of the command that follows stays clean.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const sourceFolders = ['cli', 'gateway', 'devices', 'certs', 'simulators']
const say = (text) => process.stderr.write(`wardgate: ${text}\n`)

export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  say(`Node ${process.versions.node} is too old; install Node 20.19 or newer (24 is best)`)
  process.exit(1)
}

/** Installs what package-lock.json pins, unless exactly that is in node_modules already. */
export function ensureInstalled() {
  requireNode()
  if (missingPackages().length === 0) return
  say('installing the pinned packages (once, about half a minute)')
  run('npm', ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'])
}

/** Compiles to dist/, unless dist/ was compiled from these very sources. */
export function ensureBuilt() {
  const hash = sourceHash()
  const stamp = join(root, 'dist', '.built-from')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return
  say('compiling')
  const fresh = join(root, `dist-${process.pid}`)
  try {
    run(process.execPath, [
      join(root, 'node_modules/typescript/bin/tsc'),
      '-p',
      'tsconfig.build.json',
      '--outDir',
      fresh,
    ])
    for (const folder of sourceFolders) copyAssets(join(root, folder), join(fresh, folder))
    writeFileSync(join(fresh, '.built-from'), hash)
    rmSync(join(root, 'dist'), { recursive: true, force: true })
    renameSync(fresh, join(root, 'dist'))
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

function missingPackages() {
  const installedPath = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installedPath)) return ['everything']
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const installed = JSON.parse(readFileSync(installedPath, 'utf8')).packages
  return Object.entries(wanted)
    .filter(
      ([path, entry]) => path !== '' && entry.optional !== true && installed[path]?.version !== entry.version,
    )
    .map(([path]) => path)
}

function sourceHash() {
  const hash = createHash('sha256')
  for (const file of [
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    ...sourceFolders.flatMap(listFiles),
  ]) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0')
  }
  return hash.digest('hex')
}

function listFiles(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort()
}

function copyAssets(from, to) {
  if (!existsSync(from)) return
  mkdirSync(to, { recursive: true })
  cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith('.ts') })
}

function run(command, args) {
  // stdout of the tools joins stderr: nothing of theirs may get between a user and the output asked for.
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (error !== undefined) say(`cannot run ${command}: ${error.message}`)
  if (status === 0) return
  say(
    `'${[command, ...args].join(' ')}' failed${status === null ? '' : ` with exit code ${status}`}; see above`,
  )
  process.exit(1)
}
