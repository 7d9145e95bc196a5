// npm run fuzz:broker -- [--minutes 10] [--seed N]: the fuzz test of the broker with time to spare.

import { parseArgs } from 'node:util'
import { runJest } from './run-jest.mjs'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
  },
})
const minutes = Number(values.minutes)
if (!(minutes > 0)) {
  process.stderr.write(`--minutes must be a number above 0, not '${values.minutes}'\n`)
  process.exit(2)
}
const seed = values.seed ?? String(Date.now() % 1_000_000_007)
process.stdout.write(`fuzzing the broker for ${minutes} min with seed ${seed}\n`)
runJest(['test/integration/mqtt-fuzz.test.ts'], {
  WARDGATE_FUZZ_SECONDS: String(Math.ceil(minutes * 60)),
  WARDGATE_FUZZ_SEED: seed,
})
