import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { silentLog } from '../../gateway/log.ts'
import { createTcpListenLink, type TcpListenLinkOptions } from '../../gateway/transport/tcp-listen-link.ts'
import { refuseCaller } from '../../gateway/transport/caller-rules.ts'
import { readCallers } from '../../gateway/uplink/allowed-ranges.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { LinkLog } from '../support/link-log.ts'

const undo: (() => void)[] = []

afterEach(() => {
  for (const step of undo.splice(0).reverse()) step()
})

function ranges(...texts: readonly string[]) {
  return texts.map(readCallers).flatMap((reading) => (reading.allowed ? [reading.range] : []))
}

function isLoopback(ip: string): boolean {
  return ip.startsWith('127.')
}

function listen(options: Partial<TcpListenLinkOptions> = {}) {
  const clock = new FakeClock()
  const refusals: string[] = []
  let tellPort: (port: number) => void = () => undefined
  const port = new Promise<number>((resolve) => {
    tellPort = resolve
  })
  const link = createTcpListenLink({
    host: '127.0.0.1',
    port: 0,
    from: ranges('127.0.0.1'),
    isAllowed: isLoopback,
    silenceMs: 60_000,
    clock,
    random: () => 0.5,
    log: silentLog,
    onListening: (chosen) => tellPort(chosen),
    onRefused: (reason, address) => refusals.push(`${reason} ${address}`),
    ...options,
  })
  const log = new LinkLog(link)
  undo.push(() => log.stop())
  return { clock, link, log, port, refusals }
}

async function call(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  undo.push(() => socket.destroy())
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

describe('a link that is called', () => {
  it('says that nobody calls, then hears the caller and answers it', async () => {
    const { link, log, port } = listen()
    const caller = await call(await port)
    expect(await log.next()).toEqual({ kind: 'closed', reason: 'no-caller' })
    expect(await log.next()).toEqual({ kind: 'opened' })

    caller.write(Uint8Array.of(0x0b, 0x4d))
    expect(await log.nextBytes(2)).toEqual([0x0b, 0x4d])
    const answer = once(caller, 'data')
    link.execute({ kind: 'send', bytes: Uint8Array.of(0x0b, 0x1c, 0x0d) })
    expect([...(await answer)[0]]).toEqual([0x0b, 0x1c, 0x0d])
  })

  it('hears what the caller sent together with its call', async () => {
    const { log, port } = listen()
    const caller = connect({ port: await port, host: '127.0.0.1' })
    undo.push(() => caller.destroy())
    caller.write(Uint8Array.of(1, 2, 3))
    expect(await log.nextBytes(3)).toEqual([1, 2, 3])
  })

  it('takes the next call at once after the one before has ended, as often as it likes', async () => {
    const { log, port } = listen()
    for (const octet of [1, 2, 3]) {
      const caller = await call(await port)
      caller.end(Uint8Array.of(octet))
      expect(await log.nextBytes(1)).toEqual([octet])
      expect(await log.next()).toEqual({ kind: 'closed', reason: 'ended' })
    }
  })

  it('tells a call that broke off', async () => {
    const { log, port } = listen()
    const caller = await call(await port)
    await log.nextOf('opened')
    caller.resetAndDestroy()
    expect(await log.next()).toEqual({ kind: 'closed', reason: 'reset' })
  })

  it('refuses a caller that is not listed, before it has read a byte of it', async () => {
    const { log, port, refusals } = listen({ from: ranges('127.0.0.1') })
    const stranger = await call(await port, '127.0.0.2')
    stranger.write(Uint8Array.of(0xbb))
    await once(stranger.resume(), 'close')
    const caller = await call(await port)
    caller.write(Uint8Array.of(0xaa))

    await log.nextOf('opened')
    expect(await log.nextBytes(1)).toEqual([0xaa])
    expect(refusals).toEqual(['not-listed 127.0.0.2'])
  })

  it('hears nobody when nobody is listed', async () => {
    const { port, refusals } = listen({ from: [] })
    const caller = await call(await port)
    await once(caller.resume(), 'close')
    expect(refusals).toEqual(['not-listed 127.0.0.1'])
  })

  it('refuses a second caller while the first one is heard, and goes on with the first', async () => {
    const { clock, log, port, refusals } = listen()
    const first = await call(await port)
    await log.nextOf('opened')
    clock.advance(9_999)
    const second = await call(await port)
    await once(second.resume(), 'close')

    first.write(Uint8Array.of(1))
    expect(await log.next()).toEqual({ kind: 'bytes', bytes: Uint8Array.of(1) })
    expect(refusals).toEqual(['busy 127.0.0.1'])
  })

  it('lets a new call take the place of one that has said nothing for ten seconds', async () => {
    const { clock, log, port } = listen()
    const half = await call(await port)
    await log.nextOf('opened')
    clock.advance(10_000)
    const again = await call(await port)

    expect(await log.next()).toEqual({ kind: 'closed', reason: 'replaced' })
    expect(await log.next()).toEqual({ kind: 'opened' })
    await once(half.resume(), 'close')
    again.write(Uint8Array.of(2))
    expect(await log.nextBytes(1)).toEqual([2])
  })

  it('disconnects a caller that stays silent, and goes on listening', async () => {
    const { clock, log, port } = listen({ silenceMs: 5_000 })
    const caller = await call(await port)
    await log.nextOf('opened')
    clock.advance(5_000)
    expect(await log.next()).toEqual({ kind: 'closed', reason: 'silent' })
    await once(caller.resume(), 'close')

    await call(await port)
    expect(await log.next()).toEqual({ kind: 'opened' })
  })

  it('tells the engineer of a persistent stranger the first and the tenth time', async () => {
    const { port, refusals } = listen({ from: [] })
    for (let count = 0; count < 12; count++) {
      const caller = await call(await port)
      await once(caller.resume(), 'close')
    }
    expect(refusals).toHaveLength(2)
  })

  it('names a port that is taken, and listens when it is free', async () => {
    const other = createServer()
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const { clock, log } = listen({ port })
    expect(await log.next()).toEqual({ kind: 'closed', reason: 'port-taken' })
    other.close()
    await once(other, 'close')
    clock.advance(1_000)
    expect(await log.next()).toEqual({ kind: 'closed', reason: 'no-caller' })
    await call(port)
    expect(await log.next()).toEqual({ kind: 'opened' })
  })

  it('does not try again after nobody wants to hear, however the attempt ends', async () => {
    const other = createServer()
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    undo.push(() => other.close())
    const { clock, log } = listen({ port: (other.address() as AddressInfo).port })
    log.stop()
    await new Promise((resolve) => setImmediate(resolve))
    expect(clock.pendingCount).toBe(0)
  })

  it.each(['8.8.8.8', '0.0.0.0', '::', 'localhost', ''])('never listens on %p', async (host) => {
    const { clock, log } = listen({ host })
    expect(await log.next()).toEqual({ kind: 'closed', reason: 'address-refused' })
    clock.advance(1_000)
    expect(await log.next()).toEqual({ kind: 'closed', reason: 'address-refused' })
  })

  it('refuses commands while nobody calls, commands that are no bytes, and bytes that nobody takes', async () => {
    const { link, log, port } = listen()
    await port
    const send = { kind: 'send', bytes: Uint8Array.of(1) } as const
    link.execute(send)
    expect(await log.nextOf('failed')).toEqual({ kind: 'failed', command: send, reason: 'closed' })
    await call(await port)
    await log.nextOf('opened')
    const read = { kind: 'read', characteristic: '2A37' } as const
    link.execute(read)
    expect(await log.next()).toEqual({ kind: 'failed', command: read, reason: 'not-a-byte-command' })
    const long = { kind: 'send', bytes: new Uint8Array(4_097) } as const
    link.execute(long)
    expect(await log.next()).toEqual({ kind: 'failed', command: long, reason: 'line-takes-no-bytes' })
  })

  it('closes port and call when nobody wants to hear any more', async () => {
    const { clock, log, port } = listen()
    const caller = await call(await port)
    await log.nextOf('opened')
    log.stop()
    await once(caller.resume(), 'close')
    const late = connect({ port: await port, host: '127.0.0.1' })
    const [error] = await once(late, 'error')
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
    expect(clock.pendingCount).toBe(0)
  })
})

describe('who may call', () => {
  const rules = {
    from: ranges('10.0.4.0/24', 'fd00::1'),
    isAllowed: (ip: string) => !ip.startsWith('8.') && ip !== '',
  }
  it.each([
    { name: 'a listed network', remoteAddress: '10.0.4.20', reason: undefined },
    { name: 'a listed address', remoteAddress: 'fd00::1', reason: undefined },
    { name: 'a neighbour of it', remoteAddress: '10.0.5.20', reason: 'not-listed' },
    { name: 'a public address', remoteAddress: '8.8.8.8', reason: 'address-refused' },
    { name: 'a caller that is gone already', remoteAddress: undefined, reason: 'address-refused' },
  ])('$name', ({ remoteAddress, reason }) => {
    const ends =
      remoteAddress === undefined ? { localAddress: '10.0.4.2' } : { localAddress: '10.0.4.2', remoteAddress }
    expect(refuseCaller(ends, rules)).toBe(reason)
  })

  it('is asked of both ends', () => {
    expect(refuseCaller({ localAddress: '8.8.4.4', remoteAddress: '10.0.4.20' }, rules)).toBe(
      'address-refused',
    )
  })
})
