// npm test: from a fresh clone to tested. Arguments go to jest.

import { runJest } from './run-jest.mjs'

runJest(process.argv.slice(2))
