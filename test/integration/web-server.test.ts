/** HTTPS over real TLS on loopback: who is let in, what is answered, and to whom not. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { ask, createWebBench, type WebBench } from '../support/web-bench.ts'

let bench: WebBench
beforeAll(() => {
  bench = createWebBench()
})
afterEach(async () => {
  await bench.reset()
})
afterAll(() => bench.remove())

describe('a request', () => {
  it('without a client certificate reaches the route as nobody', async () => {
    const web = await bench.startWeb()
    const answer = await ask(web, { ca: bench.ca, path: '/echo?a=1' })
    expect(JSON.parse(answer.body)).toEqual({ method: 'GET', path: '/echo', query: 'a=1', body: '' })
  })

  it('with a client certificate reaches the route as its identity', async () => {
    const web = await bench.startWeb()
    const answer = await ask(web, { ...bench.credentials('operator', 'engineer'), path: '/echo' })
    expect(JSON.parse(answer.body)).toMatchObject({ certificate: 'engineer' })
  })
})
