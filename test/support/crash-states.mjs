// Loaded before a command: copies the state directory before every call that changes a file system, so that a test finds
// each state in which a crash between two calls would have left it. STATE is copied to COPIES/0000, 0001 and so on.

import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'

const { STATE: state, COPIES: copies } = process.env
const { cpSync } = fs
let count = 0
let isCopying = false

function copy() {
  if (isCopying || !fs.existsSync(state)) return
  isCopying = true
  cpSync(state, join(copies, String(count).padStart(4, '0')), { recursive: true, preserveTimestamps: true })
  count += 1
  isCopying = false
}

for (const name of [
  'openSync',
  'writeFileSync',
  'renameSync',
  'linkSync',
  'rmSync',
  'mkdirSync',
  'fsyncSync',
]) {
  const original = fs[name]
  fs[name] = (...args) => {
    copy()
    return original(...args)
  }
}
syncBuiltinESMExports()
process.on('exit', copy)
