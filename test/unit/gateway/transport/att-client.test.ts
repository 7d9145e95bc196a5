import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { createAttClient } from '../../../../gateway/transport/att-client.ts'
import type { GattCharacteristic, GattValue } from '../../../../gateway/transport/gatt-central.ts'
import { fromHex, toHex } from '../../../support/attributes.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

const RATE: GattCharacteristic = {
  uuid: '2a37',
  handle: 18,
  properties: ['notify'],
  configurationHandle: 19,
}
const CONTROL: GattCharacteristic = {
  uuid: '2b24',
  handle: 48,
  properties: ['write', 'indicate'],
  configurationHandle: 49,
}

function start() {
  const clock = new FakeClock()
  const sent: string[] = []
  const values: GattValue[] = []
  const deaths: string[] = []
  const client = createAttClient({
    clock,
    send: (payload) => sent.push(toHex(payload)),
    onValue: (value) => values.push(value),
    onDead: (reason) => deaths.push(reason),
  })
  const receive = (hex: string): void => client.receive(fromHex(hex))
  /** Answers every request in turn until the client asks nothing more. */
  const answerAll = async (answer: (request: string) => string): Promise<void> => {
    for (let request = sent.shift(); request !== undefined; request = sent.shift()) {
      receive(answer(request))
      await setImmediate()
    }
  }
  return { client, clock, sent, values, deaths, receive, answerAll }
}

const shown = (values: readonly GattValue[]): readonly string[] =>
  values.map(({ characteristic, via, bytes }) => `${characteristic.uuid} ${via} ${toHex(bytes)}`)

describe('discovery', () => {
  it('asks what the BlueZ client asks, in its order', async () => {
    const { dialogues } = JSON.parse(
      readFileSync(new URL('../../../vectors/att/att_dialogues.json', import.meta.url), 'utf8'),
    )
    const { steps } = dialogues.find(({ name }: { name: string }) =>
      name.startsWith('full discovery by the BlueZ'),
    )
    const script: readonly string[] = steps.map(({ hex }: { hex: string }) => hex)
    const { client, answerAll } = start()
    const discovered = client.discover()
    const asked: string[] = []
    await answerAll((request) => {
      asked.push(request)
      return script[2 * asked.length - 1] ?? ''
    })
    const expected = script.filter((_hex, index) => index % 2 === 0)
    // BlueZ offered 512 in this capture; room for the longest value is 517.
    expect(asked).toEqual(['020502', ...expected.slice(1)])
    await expect(discovered).resolves.toEqual({
      ok: true,
      value: [
        { uuid: '1801', characteristics: [{ uuid: '2a00', handle: 3, properties: ['read'] }] },
        { uuid: '180d', characteristics: [{ uuid: '2a29', handle: 7, properties: ['read', 'write'] }] },
      ],
    })
  })

  const notFound = (request: string): string => `01${request.slice(0, 6)}0a`

  it.each([
    { name: 'a service before the start that was asked for', answer: () => '1106010001000d18' },
    { name: 'a service that ends before it starts', answer: () => '1106050004000d18' },
  ])('gives up $name', async ({ answer }) => {
    const { client, answerAll } = start()
    const discovered = client.discover()
    await answerAll((request) => {
      if (request.startsWith('02')) return '031700'
      if (request.startsWith('10')) return answer()
      return notFound(request)
    })
    await expect(discovered).resolves.toEqual({ ok: false, reason: 'wrong-handle' })
  })

  it('gives up a server that has a service at every handle', async () => {
    const { client, answerAll } = start()
    const discovered = client.discover()
    let asked = 0
    await answerAll((request) => {
      asked += 1
      if (request.startsWith('02')) return '031700'
      if (!request.startsWith('10')) return notFound(request)
      const handle = request.slice(2, 6)
      return `1106${handle}${handle}0d18`
    })
    await expect(discovered).resolves.toEqual({ ok: false, reason: 'too-many-attributes' })
    expect(asked).toBeLessThan(300)
  })

  it.each([
    { name: 'before its declaration', declaration: '0500 10 0400 372a' },
    { name: 'outside its service', declaration: '0500 10 2000 372a' },
  ])('gives up a value that stands $name', async ({ declaration }) => {
    const { client, answerAll } = start()
    const discovered = client.discover()
    await answerAll((request) => {
      if (request.startsWith('02')) return '031700'
      if (request === '100100ffff0028') return '1106040008000d18'
      if (request.startsWith('08') && request.endsWith('0328') && request.startsWith('080400'))
        return `0907${declaration}`
      return notFound(request)
    })
    await expect(discovered).resolves.toEqual({ ok: false, reason: 'wrong-handle' })
  })

  it('goes on without an MTU exchange when the server has none', async () => {
    const { client, answerAll } = start()
    const discovered = client.discover()
    await answerAll((request) => (request.startsWith('02') ? '0102000006' : notFound(request)))
    await expect(discovered).resolves.toEqual({ ok: true, value: [] })
  })

  it('ends with any server at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 23 }), { maxLength: 40 }), async (answers) => {
        const { client, answerAll } = start()
        const discovered = client.discover()
        let turn = 0
        await answerAll(() => toHex(answers[turn++] ?? new Uint8Array()))
        client.close('over')
        expect(typeof (await discovered).ok).toBe('boolean')
      }),
      { seed: 3, numRuns: 150 },
    )
  })
})

describe('requests', () => {
  it('go out one at a time, in order', async () => {
    const { client, sent, receive } = start()
    const first = client.read(RATE)
    const second = client.read(CONTROL)
    expect(sent).toEqual(['0a1200'])
    receive('0b01')
    await expect(first).resolves.toEqual({ ok: true, value: fromHex('01') })
    expect(sent).toEqual(['0a1200', '0a3000'])
    receive('010a300002')
    await expect(second).resolves.toEqual({ ok: false, reason: 'read-not-permitted' })
  })

  it('that are not answered within 30 s end the bearer and everything that waits', async () => {
    const { client, clock, deaths } = start()
    const first = client.read(RATE)
    const second = client.read(CONTROL)
    clock.advance(29_999)
    expect(deaths).toEqual([])
    clock.advance(1)
    expect(deaths).toEqual(['att-timeout'])
    await expect(first).resolves.toEqual({ ok: false, reason: 'att-timeout' })
    await expect(second).resolves.toEqual({ ok: false, reason: 'att-timeout' })
    await expect(client.read(RATE)).resolves.toEqual({ ok: false, reason: 'att-timeout' })
    expect(clock.pendingCount).toBe(0)
  })

  it('for a long value go on until a response does not fill the MTU', async () => {
    const { client, answerAll } = start()
    const read = client.read(RATE)
    await answerAll((request) => {
      if (request === '0a1200') return `0b${'aa'.repeat(22)}`
      return request === '0c12001600' ? `0d${'bb'.repeat(22)}` : '0dcc'
    })
    const value = await read
    expect(value.ok && toHex(value.value)).toBe(`${'aa'.repeat(22)}${'bb'.repeat(22)}cc`)
  })

  it('take a value of exactly the MTU as whole when the server says it is not long', async () => {
    const { client, answerAll } = start()
    const read = client.read(RATE)
    await answerAll((request) => (request.startsWith('0a') ? `0b${'aa'.repeat(22)}` : '010c12000b'))
    expect((await read).ok).toBe(true)
  })

  it('end the bearer when a value grows beyond 512 octets', async () => {
    const { client, deaths, answerAll } = start()
    const read = client.read(RATE)
    await answerAll((request) => `${request.startsWith('0a') ? '0b' : '0d'}${'aa'.repeat(22)}`)
    await expect(read).resolves.toEqual({ ok: false, reason: 'oversize-value' })
    expect(deaths).toEqual(['oversize-value'])
  })

  it('refuse a write that does not fit, and use the command where there is no other way', async () => {
    const { client, sent } = start()
    await expect(client.write(CONTROL, new Uint8Array(21))).resolves.toEqual({
      ok: false,
      reason: 'invalid-value-length',
    })
    await client.write({ ...CONTROL, properties: ['write-without-response'] }, fromHex('0102'))
    expect(sent).toEqual(['5230000102'])
  })
})

describe('values', () => {
  it('are notified or indicated as the properties say, and only indications are confirmed', async () => {
    const { client, sent, receive, values } = start()
    const subscribed = [client.subscribe(RATE), client.subscribe(CONTROL)]
    receive('13')
    receive('13')
    await Promise.all(subscribed)
    expect(sent.splice(0)).toEqual(['1213000100', '1231000200'])
    receive('1b1200 0048')
    receive('1d3000 01')
    receive('23 1200 0200 0049 1200 0200 004a')
    expect(sent).toEqual(['1e'])
    expect(shown(values)).toEqual([
      '2a37 notification 0048',
      '2b24 indication 01',
      '2a37 notification 0049',
      '2a37 notification 004a',
    ])
  })

  it('of a bonded device that come before the subscription are kept for it', async () => {
    const { client, sent, receive, values } = start()
    receive('1d3000 07')
    expect(sent.splice(0)).toEqual(['1e'])
    const subscribed = client.subscribe(CONTROL)
    receive('13')
    await subscribed
    expect(shown(values)).toEqual(['2b24 indication 07'])
  })

  it('that nobody subscribed to end the bearer when they do not stop', () => {
    const { receive, deaths } = start()
    for (let count = 0; count < 64; count++) receive('1d9900 00')
    expect(deaths).toEqual([])
    receive('1d9900 00')
    expect(deaths).toEqual(['unsolicited-values'])
  })

  it('are refused where the server refuses, and where there is nothing to subscribe to', async () => {
    const { client, receive } = start()
    await expect(client.subscribe({ ...RATE, properties: ['read'] })).resolves.toEqual({
      ok: false,
      reason: 'not-subscribable',
    })
    const { configurationHandle: _none, ...bare } = RATE
    await expect(client.subscribe(bare)).resolves.toEqual({ ok: false, reason: 'no-client-configuration' })
    const refused = client.subscribe(RATE)
    receive('01 12 1300 05')
    await expect(refused).resolves.toEqual({ ok: false, reason: 'insufficient-authentication' })
  })
})

describe('a bearer is ended by', () => {
  it.each([
    { name: 'an answer nobody asked for', hex: '0b01', reason: 'unexpected-response' },
    { name: 'an error nobody caused', hex: '010a12000a', reason: 'unexpected-response' },
    { name: 'a confirmation of nothing', hex: '1e', reason: 'unexpected-response' },
    { name: 'an unknown answer', hex: '2501', reason: 'unexpected-response' },
    { name: 'a PDU cut short', hex: '1b03', reason: 'malformed-pdu' },
    { name: 'an empty PDU', hex: '', reason: 'malformed-pdu' },
    { name: 'a PDU beyond the MTU', hex: `1b1200${'00'.repeat(21)}`, reason: 'oversize-pdu' },
  ])('$name', ({ hex, reason }) => {
    const { receive, deaths } = start()
    receive(hex)
    receive('1b03')
    expect(deaths).toEqual([reason])
  })

  it('the wrong answer to a request', async () => {
    const { client, receive, deaths } = start()
    const read = client.read(RATE)
    receive('13')
    await expect(read).resolves.toEqual({ ok: false, reason: 'unexpected-response' })
    expect(deaths).toEqual(['unexpected-response'])
  })

  it('never by its own end being asked, which has no attributes', () => {
    const { receive, sent, deaths } = start()
    for (const hex of [
      '020001',
      '100100ffff0028',
      '0a0300',
      '0e01000200',
      '040000ffff',
      '5203000102',
      'd203',
    ])
      receive(hex)
    expect(sent).toEqual(['030502', '011001000a', '010a030001', '010e000006', '0104000001'])
    expect(deaths).toEqual([])
  })
})
