/** One identity, one session: take-over, contention, a copy elsewhere, wrong roles. Over real mutual TLS on loopback. */

import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { layoutOfState } from '../../certs/store-layout.ts'
import type { ClientRole, InventoryEntry } from '../../gateway/ports.ts'
import {
  CONNACK_ACCEPTED,
  CONNACK_IDENTIFIER_REJECTED,
  CONNACK_UNAVAILABLE,
  PINGREQ,
  startLiveWard,
  type ConnectOptions,
  type LiveWard,
} from '../support/live-ward.ts'
import { makeOddCertificate, type OddCertificate } from '../support/odd-certificate.ts'

const ELSEWHERE = '127.0.0.2'
const INVENTORY: readonly InventoryEntry[] = [
  { role: 'device', id: 'mon-1', ward: 'icu', bed: 'b01', assoc: 'a1', protocol: 'mqtt' },
  { role: 'consumer', id: 'station-1', wards: ['icu'] },
  { role: 'uplink', id: 'up-1' },
]

let ward: LiveWard
let issuing: OddCertificate
beforeAll(async () => {
  ward = await startLiveWard(INVENTORY)
  const layout = layoutOfState(ward.stateDir)
  issuing = {
    cert: readFileSync(layout.issuingCertificate, 'utf8'),
    key: readFileSync(layout.issuingKey, 'utf8'),
  }
})
afterEach(async () => {
  await ward.disconnectAll()
  ward.events.seen.splice(0)
})
afterAll(async () => {
  await ward.stop()
})

/** A device that is connected and has nothing to say until it is told to. */
async function holder(options: ConnectOptions = {}) {
  const raw = ward.raw('device', 'mon-1', options)
  expect((await raw.receive(4)).toString('hex')).toBe(CONNACK_ACCEPTED)
  return raw
}

async function isAlive(raw: Awaited<ReturnType<typeof holder>>): Promise<boolean> {
  const before = raw.received.length
  raw.socket.write(PINGREQ)
  return (await raw.receive(before + 2)).length === before + 2
}

/** A later certificate of the same identity, as a renewal gives it. */
function renewed(): OddCertificate {
  const altName = `URI:spiffe://${ward.store.site}/device/mon-1`
  return makeOddCertificate({ altName, extendedKeyUsage: 'clientAuth', issuer: issuing })
}

const fingerprints = () =>
  ward.store.list(0).flatMap(({ id, fingerprint }) => (id === 'mon-1' ? [fingerprint] : []))

describe('a second connection of the same identity from the same address', () => {
  it('takes over at once [MQTT-3.1.4-2], with an event', async () => {
    const first = await holder()
    expect(await ward.attempt('device', 'mon-1')).toBe(CONNACK_ACCEPTED)
    await first.closed
    expect(await ward.events.first('session-taken-over')).toMatchObject({
      role: 'device',
      id: 'mon-1',
      fingerprint: fingerprints()[0],
      holderFingerprint: fingerprints()[0],
      holderAddress: expect.stringMatching(/^127\.0\.0\.1:/),
    })
  })

  it('more than a few times within a minute is a fight: told, and slowed down', async () => {
    let last = await holder()
    for (let count = 0; count < 3; count += 1) last = await holder()
    expect(ward.events.named('identity-contended')).toEqual([])
    const fourth = ward.raw('device', 'mon-1')
    expect(await ward.events.first('identity-contended')).toMatchObject({
      id: 'mon-1',
      takeOversWithinMinute: 3,
    })
    // The holder serves on while the other one waits.
    expect(fourth.received).toHaveLength(0)
    expect(await isAlive(last)).toBe(true)
    expect((await fourth.receive(4)).toString('hex')).toBe(CONNACK_ACCEPTED)
    await last.closed
  })
})

describe('the same identity from another address', () => {
  it('does not cut off a holder that is heard: refused, with both addresses and certificates', async () => {
    const bed = await holder()
    const copy = ward.raw('device', 'mon-1', { localAddress: ELSEWHERE, credentials: renewed() })
    await once(copy.socket, 'secureConnect')
    // The device goes on as before; that is all it takes.
    while (copy.received.length === 0 && !copy.socket.closed) expect(await isAlive(bed)).toBe(true)
    expect((await copy.receive(4)).toString('hex')).toBe(CONNACK_UNAVAILABLE)
    await copy.closed
    const event = await ward.events.first('identity-in-use')
    expect(event).toMatchObject({
      role: 'device',
      id: 'mon-1',
      reason: 'holder-heard',
      address: expect.stringMatching(/^127\.0\.0\.2:/),
      holderAddress: expect.stringMatching(/^127\.0\.0\.1:/),
      holderFingerprint: fingerprints()[0],
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(event['fingerprint']).not.toBe(event['holderFingerprint'])
    expect(await isAlive(bed)).toBe(true)
    expect(ward.events.named('session-taken-over')).toEqual([])
    expect(ward.gateway.broker.sessions().map(({ address }) => address)).toEqual([
      expect.stringMatching(/^127\.0\.0\.1:/),
    ])
  })

  it('gets in as soon as a silent holder has broken its keep alive: a device that moved is not locked out', async () => {
    const dead = await holder({ keepAliveS: 1 })
    expect(await ward.attempt('device', 'mon-1', { localAddress: ELSEWHERE })).toBe(CONNACK_ACCEPTED)
    await dead.closed
  })

  it('gets in as soon as the holder leaves', async () => {
    const first = await holder()
    const moved = ward.raw('device', 'mon-1', { localAddress: ELSEWHERE })
    await once(moved.socket, 'secureConnect')
    first.socket.destroy()
    expect((await moved.receive(4)).toString('hex')).toBe(CONNACK_ACCEPTED)
  })

  it('may knock again and again: the last one waits, the ones before are told no', async () => {
    const bed = await holder()
    const knocks: ReturnType<LiveWard['raw']>[] = []
    for (let count = 0; count < 3; count += 1) {
      const knock = ward.raw('device', 'mon-1', { localAddress: ELSEWHERE })
      await once(knock.socket, 'secureConnect')
      knocks.push(knock)
    }
    const [first, second, third] = knocks
    expect((await first?.receive(4))?.toString('hex')).toBe(CONNACK_UNAVAILABLE)
    expect((await second?.receive(4))?.toString('hex')).toBe(CONNACK_UNAVAILABLE)
    bed.socket.destroy()
    expect((await third?.receive(4))?.toString('hex')).toBe(CONNACK_ACCEPTED)
  })
})

describe('two certificates of one identity', () => {
  it('are in order while it is renewed: the newer one takes over without a word of suspicion', async () => {
    const first = await holder()
    expect(await ward.attempt('device', 'mon-1', { credentials: renewed() })).toBe(CONNACK_ACCEPTED)
    await first.closed
    expect(ward.events.named('older-certificate')).toEqual([])
  })

  it('are suspicious when the older one comes after the newer: told with both', async () => {
    const first = await holder({ credentials: renewed() })
    expect(await ward.attempt('device', 'mon-1')).toBe(CONNACK_ACCEPTED)
    await first.closed
    expect(await ward.events.first('older-certificate')).toMatchObject({
      id: 'mon-1',
      fingerprint: fingerprints()[0],
    })
  })
})

describe('an identity in the wrong place', () => {
  it.each<{ name: string; role: ClientRole; id: string; clientId?: string; reason: RegExp }>([
    { name: 'with another client id', role: 'device', id: 'mon-1', clientId: 'mon-2', reason: /client id/ },
    { name: 'of an uplink', role: 'uplink', id: 'up-1', reason: /way out/ },
    { name: 'without a row in the inventory', role: 'consumer', id: 'ghost', reason: /inventory/ },
  ])('($name) is refused at its CONNECT', async ({ role, id, clientId, reason }) => {
    if (id === 'ghost') ward.store.issue({ role: 'consumer', id, nowMs: Date.now() })
    const options = clientId === undefined ? {} : { clientId }
    expect(await ward.attempt(role, id, options)).toBe(CONNACK_IDENTIFIER_REJECTED)
    expect(await ward.events.first('identity-mismatch')).toMatchObject({
      role,
      id,
      reason: expect.stringMatching(reason),
    })
  })

  it('may not publish as a station, nor subscribe as a device; the session stays and both are told', async () => {
    const station = await ward.client('consumer', 'station-1')
    await station.publishAsync('ingest/v1/mon-1/numeric', '{}', { qos: 1 })
    expect(await ward.events.first('publish-denied')).toMatchObject({ role: 'consumer', id: 'station-1' })
    const device = await ward.client('device', 'mon-1')
    await expect(device.subscribeAsync('vitals/v1/icu/#', { qos: 1 })).rejects.toThrow()
    expect(await ward.events.first('subscribe-denied')).toMatchObject({ role: 'device', id: 'mon-1' })
    expect([station.connected, device.connected]).toEqual([true, true])
  })

  it('the certificate of the server, or any for servers only, is no client', async () => {
    const { key, cert } = ward.store.serverMaterial()
    const altName = `URI:spiffe://${ward.store.site}/device/mon-1`
    const forServers = makeOddCertificate({ altName, extendedKeyUsage: 'serverAuth', issuer: issuing })
    for (const credentials of [{ key, cert }, forServers]) {
      ward.events.seen.splice(0)
      expect(await ward.attempt('device', 'mon-1', { credentials })).toBe('closed')
      expect(await ward.events.first('handshake-refused')).toMatchObject({
        reason: 'for-servers-only',
        openssl: 'INVALID_PURPOSE',
      })
    }
  })
})
