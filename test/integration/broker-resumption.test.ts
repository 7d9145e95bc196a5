/** What becomes of a TLS session that a client kept: it never spares the proof of the certificate. */

import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { connectPacket } from '../../bench/mqtt-packets.ts'
import { createBench, portOf, RawClient, type Bench } from '../support/broker-bench.ts'

let bench: Bench
beforeAll(() => {
  bench = createBench()
})
afterEach(async () => {
  await bench.reset()
})
afterAll(() => bench.remove())

describe.each(['TLSv1.3', 'TLSv1.2'] as const)('a session of %s that a client kept', (maxVersion) => {
  const listen = [{ host: '127.0.0.1', port: 0, minVersion: '1.2' as const }]

  it('is not resumed: the client proves its certificate anew, and is served', async () => {
    const broker = await bench.start({ listen })
    const session = await keptSession(portOf(broker), 'mon-1')
    const again = new RawClient(portOf(broker), {
      ...bench.credentials('device', 'mon-1'),
      maxVersion,
      session,
    })
    await once(again.socket, 'secureConnect')
    expect(again.socket.isSessionReused()).toBe(false)
    again.socket.write(connectPacket('mon-1'))
    expect((await again.receive(4)).toString('hex')).toBe('20020000')
    again.socket.destroy()
  })

  it('does not bring back a client whose certificate was revoked in the meantime', async () => {
    const id = `lost-${maxVersion.at(-1) ?? ''}`
    const { serial } = bench.store.issue({ role: 'device', id, nowMs: Date.now() })
    const broker = await bench.start({ listen })
    const session = await keptSession(portOf(broker), id)
    bench.store.revoke(serial, 'keyCompromise', Date.now())
    broker.reload(bench.store.serverMaterial())
    const back = new RawClient(portOf(broker), { ...bench.credentials('device', id), maxVersion, session })
    back.socket.once('secureConnect', () => back.socket.write(connectPacket(id)))
    await back.closed
    expect(back.received).toHaveLength(0)
    expect(await bench.events.first('handshake-refused')).toMatchObject({ reason: 'revoked' })
  })

  /** Everything that the server gives for a later resumption: the last session it announces, the id of it at least. */
  async function keptSession(port: number, id: string): Promise<Buffer> {
    const first = new RawClient(port, { ...bench.credentials('device', id), maxVersion })
    let session: Buffer | undefined
    first.socket.on('session', (fresh: Buffer) => {
      session = fresh
    })
    first.socket.once('secureConnect', () => first.socket.write(connectPacket(id)))
    await first.receive(4)
    first.socket.destroy()
    await first.closed
    if (session === undefined) throw new Error('the client kept no session; this test would show nothing')
    return session
  }
})
