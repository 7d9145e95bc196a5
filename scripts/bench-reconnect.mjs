// npm run bench:reconnect: a thousand devices come back at once. Compiled first: what is measured is what is shipped.

import { runBench } from './bench.mjs'

runBench('reconnect.js')
