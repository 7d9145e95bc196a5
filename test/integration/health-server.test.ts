import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type HealthServer, startHealthServer } from '../../gateway/telemetry/health-server.ts'
import { createCounters } from '../../gateway/telemetry/counters.ts'

const counters = createCounters()
let notReady: string[]
let server: HealthServer

beforeEach(async () => {
  notReady = []
  server = await startHealthServer(
    { host: '127.0.0.1', port: 0 },
    { metrics: () => counters.expose(), notReady: () => notReady },
  )
})
afterEach(async () => {
  await server.stop()
})

const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init)

describe('the health server', () => {
  it('is healthy while it answers and ready while nothing speaks against it', async () => {
    expect((await get('/healthz')).status).toBe(200)
    expect((await get('/readyz')).status).toBe(200)
    notReady = ['broker: not listening']
    const answer = await get('/readyz')
    expect([answer.status, await answer.text()]).toEqual([503, 'broker: not listening\n'])
  })

  it('shows the counters with their unit in the name', async () => {
    counters.count('quarantined_total', { rule: 'schema' })
    expect(await (await get('/metrics')).text()).toContain('wardgate_quarantined_total{rule="schema"} 1')
    expect((await counters.total('quarantined_total')).by).toEqual({ schema: 1 })
  })

  it('serves the payload schemas', async () => {
    const schema: unknown = await (await get('/schema/v1/observation-set.json')).json()
    expect(schema).toMatchObject({ $id: 'urn:wardgate:schema:v1:observation-set' })
  })

  it('answers nothing else', async () => {
    expect((await get('/schema/v1/constructor.json')).status).toBe(404)
    expect((await get('/')).status).toBe(404)
    expect((await get('/healthz', { method: 'POST' })).status).toBe(405)
  })

  it('says which port is taken and what to change', async () => {
    const again = startHealthServer(
      { host: '127.0.0.1', port: server.port },
      { metrics: () => counters.expose(), notReady: () => [] },
    )
    await expect(again).rejects.toThrow(/taken by another process; set another health.port/)
  })
})
