/** The whole list of bad certificates against one gateway, whatever its clock says. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { IClientOptions } from 'mqtt'
import type { Broker, BrokerOptions } from '../../gateway/broker/aedes-broker.ts'
import { systemClock } from '../../gateway/clock.ts'
import { makeBadCertificates, type BadCertificates } from './bad-certificates.ts'
import { createBench, portOf, RawClient, SITE, type Bench } from './broker-bench.ts'

type Version = '1.2' | '1.3'

export interface SuiteOptions {
  /** When all certificates are made. */
  readonly nowMs: number
  readonly time?: BrokerOptions['time']
}

/** The names of the list, so that each is a test of its own before any certificate is made. */
const NAMES = [
  'expired',
  'not yet valid',
  'of another authority with our names',
  'self-signed',
  'forged in the name of our authority',
  'revoked',
  'for servers only',
  'the certificate of our own server',
  'without a purpose',
  'for any purpose',
  'for clients and any purpose',
  'for signing code',
  'of another site',
  'with two identities',
  'without an identity',
  'with the role of a server',
  'whose name says another identity',
  'with two names',
  'with RSA of 1024 bits',
  'signed with SHA-1',
  'signed with MD5',
  'of a CA below ours',
  'issued by a device',
  'of a CA bound to other names',
  'with an identity cut short',
  'whose key may not sign',
  'without a key usage',
  'of a CA',
  'with a critical extension nobody knows',
] as const

// CONNECT, MQTT 3.1.1, client id mon-1.
const CONNECT = Buffer.from('101100044d5154540402003c00056d6f6e2d31', 'hex')

export function describeBadCertificates({ nowMs, time }: SuiteOptions): void {
  let bench: Bench
  let bad: BadCertificates
  beforeAll(() => {
    bench = createBench(nowMs)
    bad = makeBadCertificates({ site: SITE, store: bench.store, issuing: bench.issuing, nowMs })
  })
  afterEach(async () => {
    await bench.reset()
  })
  afterAll(() => bench.remove())

  const start = (name: string, version: Version): Promise<Broker> =>
    bench.start({
      listen: [{ host: '127.0.0.1', port: 0, minVersion: version }],
      material: bad.needsWider.has(name) ? bad.wider : bad.material,
      // Whatever else asks this broker for the time gets the estimate too.
      ...(time === undefined ? {} : { time, clock: { ...systemClock, nowMs: () => time.nowMs() } }),
    })
  const work = async (broker: Broker, maxVersion: `TLSv${Version}`): Promise<void> => {
    // Passed on to node:tls; the types of mqtt leave it out. This client and the gateway are one process with one wall
    // clock: where the gateway doubts it, so does the client.
    const options: IClientOptions & { readonly maxVersion: string } = {
      maxVersion,
      rejectUnauthorized: time === undefined,
    }
    const device = await bench.client(broker, 'device', 'mon-1', options)
    await device.publishAsync('ingest/v1/mon-1/numeric', 'x', { qos: 1 })
    await device.endAsync()
  }

  it('is whole: every kind is tried', () => {
    expect(bad.all.map(({ name }) => name)).toEqual([...NAMES])
  })

  it('tells every kind of fault apart', () => {
    const sharing = new Map<string, string[]>()
    for (const { name, reason } of bad.all) sharing.set(reason, [...(sharing.get(reason) ?? []), name])
    expect([...sharing.values()].filter((names) => names.length > 1)).toEqual([
      ['for servers only', 'the certificate of our own server'],
      ['for any purpose', 'for clients and any purpose'],
      ['whose key may not sign', 'without a key usage'],
    ])
  })

  describe.each(['1.3', '1.2'] as const)('over TLS %s', (version) => {
    const maxVersion = `TLSv${version}` as const
    it.each(NAMES)('%s: refused with its reason, and the good go on before and after', async (name) => {
      const row = bad.all.find((one) => one.name === name)
      if (row === undefined) throw new Error(`no certificate is made for '${name}'`)
      const broker = await start(name, version)
      await work(broker, maxVersion)
      // A careless client: what is refused must be refused by the gateway, not by the client's own security level.
      const client = new RawClient(portOf(broker), {
        ...row.credentials,
        ca: bad.material.ca,
        ciphers: 'DEFAULT:@SECLEVEL=0',
        maxVersion,
        // Its own clock is right or wrong, the gateway's certificate old or new: it wants in.
        rejectUnauthorized: false,
      })
      client.socket.once('secureConnect', () => client.socket.write(CONNECT))
      await client.closed
      expect(client.received).toHaveLength(0)
      await work(broker, maxVersion)
      const ofTls = version === '1.2' ? row.reasonOfTls12 : undefined
      expect(bench.events.seen.map(({ event, detail }) => [event, detail['reason']])).toEqual([
        ['handshake-refused', ofTls ?? row.reason],
      ])
      expect(bench.events.seen[0]?.detail).toMatchObject({
        address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        meaning: expect.stringMatching(/^(the|an|a|our) /),
        ...(ofTls === undefined ? { serial: expect.stringMatching(/^[0-9A-F]+$/) } : {}),
      })
    })
  })
}
