/** `wardgate certs revoke` beside a gateway that runs in another process: who is revoked is out, the others notice nothing. */

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { connectAsync, type MqttClient } from 'mqtt'
import { systemClock } from '../../gateway/clock.ts'
import type { InventoryEntry } from '../../gateway/ports.ts'
import { RawClient } from '../support/broker-bench.ts'
import { connectPacket } from '../support/live-ward.ts'
import { tempDir } from '../support/temp-dir.ts'
import { makeWardFiles, type WardFiles } from '../support/ward.ts'
import { startWardgate, wardgate, type Running } from '../support/wardgate-cli.ts'

const INVENTORY: readonly InventoryEntry[] = [
  { role: 'consumer', id: 'station-1', wards: ['icu'] },
  { role: 'consumer', id: 'stolen', wards: ['icu'] },
]

let dir: ReturnType<typeof tempDir>
let ward: WardFiles
let gateway: Running
let url: string
const clients: MqttClient[] = []

beforeAll(async () => {
  dir = tempDir()
  ward = makeWardFiles(dir.path, INVENTORY)
  gateway = startWardgate(['run', '--config', ward.configFile])
  url = /mqtts:\/\/127\.0\.0\.1:\d+/.exec(await gateway.seen(/"event":"listening"/))?.[0] ?? ''
}, 60_000)
afterAll(async () => {
  for (const client of clients) client.end(true)
  gateway.child.kill('SIGTERM')
  const { code } = await gateway.finished
  dir.remove()
  expect(code).toBe(0)
})

async function connect(id: string): Promise<MqttClient> {
  const { key, cert, ca } = ward.store.clientMaterial('consumer', id)
  const options = { key, cert, ca, clientId: id, reconnectPeriod: 0, protocolVersion: 4 as const }
  const client = await connectAsync(url, options)
  client.on('error', () => undefined)
  clients.push(client)
  return client
}

describe('a certificate that is revoked from the command line', () => {
  it('is out within two seconds of the command, and its neighbour stays', async () => {
    const neighbour = await connect('station-1')
    const stolen = await connect('stolen')
    const ended = new Promise<number>((resolve) => {
      stolen.once('close', () => resolve(systemClock.monotonicMs()))
    })
    const args = ['certs', 'revoke', 'consumer', 'stolen', '--reason', 'key-compromise']
    const { code } = await wardgate([...args, '--state', ward.stateDir])
    const revokedAtMs = systemClock.monotonicMs()
    expect(code).toBe(0)
    expect((await ended) - revokedAtMs).toBeLessThan(2_000)
    const again = new RawClient(Number(new URL(url).port), ward.store.clientMaterial('consumer', 'stolen'))
    again.socket.once('secureConnect', () => again.socket.write(connectPacket('stolen', 60)))
    await again.closed
    expect(again.received).toHaveLength(0)
    await neighbour.subscribeAsync('vitals/v1/icu/#', { qos: 1 })
    const log = await gateway.seen(/"event":"session-ended"/)
    expect(log).toMatch(/"id":"stolen".*"reason":"certificate-revoked".*"event":"session-ended"/)
  }, 60_000)
})
