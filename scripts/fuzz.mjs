// npm run fuzz -- [--seconds 600] [--protocol ID] [--seed N]: the fuzz tests with time to spare.

import { parseArgs } from 'node:util'
import { runJest } from './run-jest.mjs'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    protocol: { type: 'string' },
    seed: { type: 'string' },
  },
})
const seed = values.seed ?? String(Date.now() % 1_000_000_007)
process.stdout.write(`fuzzing for ${values.seconds} s with seed ${seed}\n`)
runJest(['test/unit/devices/fuzz.test.ts'], {
  WARDGATE_FUZZ_SECONDS: values.seconds,
  WARDGATE_FUZZ_SEED: seed,
  ...(values.protocol === undefined ? {} : { WARDGATE_FUZZ_PROTOCOL: values.protocol }),
})
