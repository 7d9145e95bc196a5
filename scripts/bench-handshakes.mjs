// npm run bench:handshakes: what a handshake costs. Compiled first: what is measured is what is shipped.

import { runBench } from './bench.mjs'

runBench('handshakes.js')
