import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { buildDatabase, type Attribute } from '../../../../simulators/radio/gatt-database.ts'
import type { LinkState } from '../../../../simulators/radio/gatt-requests.ts'
import { createGattServer } from '../../../../simulators/radio/gatt-server.ts'
import { attribute, configurationOf, fromHex, toHex } from '../../../support/attributes.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

function serve(attributes: readonly Attribute[], link: Partial<LinkState> = {}, mtu = 247) {
  const sent: string[] = []
  const clock = new FakeClock()
  let deaths = 0
  const server = createGattServer({
    attributes,
    mtu,
    clock,
    link: () => ({ level: 'none', isBonded: false, isAuthorized: false, ...link }),
    configurations: new Map(),
    send: (payload) => sent.push(toHex(payload)),
    onSubscribe: () => undefined,
    onDead: () => {
      deaths += 1
    },
  })
  const ask = (hex: string): readonly string[] => {
    sent.length = 0
    server.receive(fromHex(hex))
    return [...sent]
  }
  return { server, clock, sent, ask, deaths: () => deaths }
}

describe('a GATT server refuses', () => {
  const guarded = attribute({
    handle: 5,
    type: 'aaaa',
    access: ['read', 'write'],
    readSecurity: 'encrypted',
    writeSecurity: 'authenticated',
    needsAuthorization: true,
    maxBytes: 2,
    write: () => 0x13,
  })
  const encrypted: Partial<LinkState> = { level: 'encrypted', isBonded: true }
  const trusted: Partial<LinkState> = { level: 'authenticated', isBonded: true, isAuthorized: true }

  it.each([
    { name: 'a handle that does not exist', link: trusted, ask: '0a 0900', answer: '010a090001' },
    { name: 'a read of an unbonded link', link: {}, ask: '0a 0500', answer: '010a050005' },
    {
      name: 'a read of a bonded link not yet encrypted',
      link: { isBonded: true },
      ask: '0a 0500',
      answer: '010a05000f',
    },
    {
      name: 'a write below the level of the attribute',
      link: encrypted,
      ask: '12 0500 01',
      answer: '0112050005',
    },
    { name: 'a collector nobody approved', link: encrypted, ask: '0a 0500', answer: '010a050008' },
    {
      name: 'a value too long before looking at it',
      link: trusted,
      ask: '12 0500 010203',
      answer: '011205000d',
    },
    { name: 'a value its service does not allow', link: trusted, ask: '12 0500 01', answer: '0112050013' },
    { name: 'an offset beyond the value', link: trusted, ask: '0c 0500 0100', answer: '010c050007' },
    { name: 'a range that starts at zero', link: {}, ask: '04 0000 ffff', answer: '0104000001' },
    { name: 'a range that ends before it starts', link: {}, ask: '04 0600 0500', answer: '0104060001' },
    { name: 'an attribute type as group', link: {}, ask: '10 0100 ffff 0328', answer: '0110010010' },
    { name: 'a request it does not know', link: {}, ask: '0e 0100 0200', answer: '010e000006' },
    { name: 'a request cut short', link: {}, ask: '0a 05', answer: '010a000004' },
    { name: 'a long write', link: trusted, ask: '16 0500 0000 01', answer: '0116000006' },
  ])('$name', ({ link, ask, answer }) => {
    expect(serve([guarded], link).ask(ask)).toEqual([answer])
  })

  it('commands it does not know, and answers to nothing, without a word', () => {
    const { ask } = serve([guarded])
    expect([...ask('52 0500 01'), ...ask('d2 0500 01'), ...ask('13'), ...ask('1e'), ...ask('0b 01')]).toEqual(
      [],
    )
  })

  it('a configuration of one octet, and a bit the characteristic lacks', () => {
    const { ask } = serve(
      buildDatabase([{ uuid: '180D', characteristics: [{ uuid: '2A37', properties: ['notify'] }] }]),
    )
    expect(ask('12 0400 01')).toEqual(['011204000d'])
    expect(ask('12 0400 0200')).toEqual(['0112040013'])
    expect(ask('12 0400 0100')).toEqual(['13'])
    expect(ask('0a 0400')).toEqual(['0b0100'])
  })
})

describe('a GATT server', () => {
  const value = attribute({ handle: 3, type: 'aaaa', access: ['read'] })

  it('sends nothing that was not subscribed', async () => {
    const { server, sent } = serve([value, configurationOf(3, 4)])
    expect(server.notify(3, fromHex('01'))).toBe('not-subscribed')
    await expect(server.indicate(3, fromHex('01'))).resolves.toBe('not-subscribed')
    expect(sent).toEqual([])
  })

  it('answers the write before what the write sets off', () => {
    const { server, ask } = serve([
      value,
      configurationOf(3, 4),
      attribute({
        handle: 6,
        type: 'bbbb',
        access: ['write'],
        write: () => {
          server.notify(3, fromHex('07'))
          return undefined
        },
      }),
    ])
    ask('12 0400 0100')
    expect(ask('12 0600 01')).toEqual(['13', '1b030007'])
  })

  it('keeps one indication in flight and the others in order, notifications going in between', async () => {
    const { server, sent, ask } = serve([value, configurationOf(3, 4)])
    ask('12 0400 0300')
    sent.length = 0
    const first = server.indicate(3, fromHex('01'))
    const second = server.indicate(3, fromHex('02'))
    server.notify(3, fromHex('09'))
    expect(sent).toEqual(['1d030001', '1b030009'])
    expect(ask('1e')).toEqual(['1d030002'])
    expect(ask('1e')).toEqual([])
    await expect(Promise.all([first, second])).resolves.toEqual(['confirmed', 'confirmed'])
  })

  it('gives up a client that does not confirm within 30 s', async () => {
    const { server, clock, ask, deaths } = serve([value, configurationOf(3, 4)])
    ask('12 0400 0200')
    const indicated = server.indicate(3, fromHex('01'))
    clock.advance(29_999)
    expect(deaths()).toBe(0)
    clock.advance(1)
    expect(deaths()).toBe(1)
    server.close()
    await expect(indicated).resolves.toBe('disconnected')
    expect(clock.pendingCount).toBe(0)
  })

  it('refuses to send a value that does not fit the MTU', async () => {
    const { server, ask } = serve([value, configurationOf(3, 4)], {}, 50)
    ask('12 0400 0300')
    expect(server.notify(3, new Uint8Array(21))).toBe('too-long')
    ask('02 0502')
    expect(server.notify(3, new Uint8Array(47))).toBe('sent')
    await expect(server.indicate(3, new Uint8Array(48))).resolves.toBe('too-long')
  })

  it('gives a long value in pieces of the MTU', () => {
    const long = attribute({ handle: 3, type: 'aaaa' }, '00'.repeat(30) + 'ff')
    const { ask } = serve([long])
    expect(ask('0a 0300')).toEqual([`0b${'00'.repeat(22)}`])
    expect(ask('0c 0300 1600')).toEqual([`0d${'00'.repeat(8)}ff`])
    expect(ask('0c 0300 1f00')).toEqual(['0d'])
  })

  it('starts a new reply where the size of the elements changes', () => {
    const { ask } = serve([
      attribute({ handle: 1, type: '2800', groupEnd: 1 }, '0d18'),
      attribute({ handle: 2, type: '2800', groupEnd: 2 }, '25135932910000000010000000090000'),
    ])
    expect(ask('10 0100 ffff 0028')).toEqual(['1106010001000d18'])
    expect(ask('10 0200 ffff 0028')).toEqual(['11140200020025135932910000000010000000090000'])
  })

  it('survives any octets', () => {
    const { server } = serve(
      buildDatabase([{ uuid: '180D', characteristics: [{ uuid: '2A37', properties: ['notify', 'read'] }] }]),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => server.receive(bytes)),
      { seed: 11, numRuns: 3000 },
    )
  })
})

describe('a GATT database', () => {
  it('refuses what is no UUID, and a characteristic described twice', () => {
    const heartRate = { uuid: '2A37', properties: ['notify'] } as const
    expect(() => buildDatabase([{ uuid: 'heart', characteristics: [] }])).toThrow(/'heart' is not a UUID/)
    expect(() => buildDatabase([{ uuid: '180D', characteristics: [heartRate, heartRate] }])).toThrow(
      /2A37 is described twice/,
    )
    expect(() =>
      buildDatabase([{ uuid: '180D', startHandle: 65_534, characteristics: [heartRate] }]),
    ).toThrow(/65535 handles/)
  })

  it('ends a service at its last attribute and starts the next one where it is told', () => {
    const [first, , , , second] = buildDatabase([
      { uuid: '180D', characteristics: [{ uuid: '2A37', properties: ['notify'] }] },
      { uuid: '180F', startHandle: 16, characteristics: [{ uuid: '2A19', properties: ['read'] }] },
    ])
    expect(first).toMatchObject({ handle: 1, groupEnd: 4 })
    expect(second).toMatchObject({ handle: 16, groupEnd: 18 })
  })
})
