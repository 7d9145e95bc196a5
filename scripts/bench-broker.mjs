// npm run bench:broker: the broker against others. Compiled first: what is measured is what is shipped.

import { runBench } from './bench.mjs'

runBench('broker.js')
