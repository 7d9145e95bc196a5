/**
 * The same certificates while the clock is known to be wrong. Everything is made as of six years ago, which is what the
 * estimate says; to OpenSSL, which knows the wall clock alone, every certificate here has expired.
 */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { believed, doubted } from '../support/fake-time.ts'
import { describeBadCertificates } from '../support/bad-certificates-suite.ts'
import { createBench, portOf, RawClient, type Bench } from '../support/broker-bench.ts'

const THEN_MS = Date.now() - 6 * 365 * 86_400_000

describe('a bad certificate while the clock is not believed', () =>
  describeBadCertificates({ nowMs: THEN_MS, time: doubted(THEN_MS) }))

describe('a good certificate that OpenSSL takes for expired', () => {
  let bench: Bench
  beforeAll(() => {
    bench = createBench(THEN_MS)
  })
  afterAll(async () => {
    await bench.reset()
    bench.remove()
  })

  it('is refused while the time is believed: both have to agree', async () => {
    const broker = await bench.start({ time: believed({ nowMs: () => THEN_MS }) })
    const credentials = bench.credentials('device', 'mon-1')
    const client = new RawClient(portOf(broker), { ...credentials, rejectUnauthorized: false })
    await client.closed
    expect(bench.events.seen.map(({ detail }) => detail['reason'])).toEqual(['CERT_HAS_EXPIRED'])
  })
})
