// npm run bench:journal: what it costs to have a message on disk before it is acknowledged. Compiled first: what is
// measured is what is shipped.

import { runBench } from './bench.mjs'

runBench('journal.js')
