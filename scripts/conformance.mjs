// npm run conformance -- --driver ./my-driver.ts --vectors ./my-vectors [--seconds 60]
// The conformance kit over a driver that is not in the registry. See docs/conformance-kit.md.

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { runJest } from './run-jest.mjs'

const { values } = parseArgs({
  options: {
    driver: { type: 'string' },
    vectors: { type: 'string' },
    seconds: { type: 'string', default: '20' },
    seed: { type: 'string' },
  },
})
// npm runs this in the checkout; paths are meant from where it was called.
const from = process.env.INIT_CWD ?? process.cwd()
const paths = { driver: values.driver, vectors: values.vectors }
for (const [name, path] of Object.entries(paths)) {
  if (path !== undefined && existsSync(resolve(from, path))) continue
  process.stderr.write(
    path === undefined
      ? `conformance: --${name} is missing; give a path, as in: npm run conformance -- --driver ./my-driver.ts --vectors ./my-vectors\n`
      : `conformance: there is no ${resolve(from, path)}; check the path given as --${name}\n`,
  )
  process.exit(2)
}
runJest(['--testMatch', '**/test/support/conformance/external-driver.ts', '--verbose'], {
  WARDGATE_CONFORMANCE_DRIVER: resolve(from, paths.driver),
  WARDGATE_CONFORMANCE_VECTORS: resolve(from, paths.vectors),
  WARDGATE_FUZZ_SECONDS: values.seconds,
  ...(values.seed === undefined ? {} : { WARDGATE_FUZZ_SEED: values.seed }),
})
