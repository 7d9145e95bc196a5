// npm run crash -- --kills 500: the broker killed without warning at random moments, and what was acknowledged compared
// with what arrived.

import { parseArgs } from 'node:util'
import { runJest } from './run-jest.mjs'

const { values } = parseArgs({ options: { kills: { type: 'string', default: '500' } } })
if (!/^[1-9]\d{0,4}$/.test(values.kills)) {
  process.stderr.write('usage: npm run crash -- [--kills N], 1 to 99999\n')
  process.exit(2)
}
runJest(['test/end-to-end/kill-without-warning.test.ts'], { WARDGATE_KILLS: values.kills })
