import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from '@jest/globals'
import { silentLog, type Log } from '../../gateway/log.ts'
import { createUdpLink, ignoredBecause, type UdpLinkOptions } from '../../gateway/transport/udp-link.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { LinkLog } from '../support/link-log.ts'

const undo: (() => void)[] = []

afterEach(() => {
  for (const step of undo.splice(0).reverse()) step()
})

/** A device that answers at a port of its own. */
async function device(port = 0): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.bind(port, '127.0.0.1')
  await once(socket, 'listening')
  let isOpen = true
  socket.on('close', () => {
    isOpen = false
  })
  undo.push(() => {
    if (isOpen) socket.close()
  })
  return socket
}

async function heard(
  socket: Socket,
): Promise<{ readonly bytes: readonly number[]; readonly from: RemoteInfo }> {
  const [bytes, from] = await once(socket, 'message')
  return { bytes: [...bytes], from }
}

function listen(port: number, options: Partial<UdpLinkOptions> = {}) {
  const clock = new FakeClock()
  const link = createUdpLink({
    host: '127.0.0.1',
    port,
    isAllowed: (ip) => ip.startsWith('127.'),
    silenceMs: 3_000,
    clock,
    random: () => 0.5,
    log: silentLog,
    ...options,
  })
  const log = new LinkLog(link)
  undo.push(() => log.stop())
  return { clock, link, log }
}

describe('a link of datagrams', () => {
  it('is open before the device has said anything, asks, and hands on each datagram as one event', async () => {
    const monitor = await device()
    const { link, log } = listen(monitor.address().port)
    expect(await log.next()).toEqual({ kind: 'opened' })

    const question = heard(monitor)
    link.execute({ kind: 'send', bytes: Uint8Array.of(0xe1, 0x00) })
    const { bytes, from } = await question
    expect(bytes).toEqual([0xe1, 0x00])
    monitor.send(Uint8Array.of(1, 2, 3), from.port)
    monitor.send(Uint8Array.of(4), from.port)

    expect(await log.next()).toEqual({ kind: 'bytes', bytes: Uint8Array.of(1, 2, 3) })
    expect(await log.next()).toEqual({ kind: 'bytes', bytes: Uint8Array.of(4) })
  })

  it('hears nobody but the device, not even another port of its address', async () => {
    const monitor = await device()
    const stranger = await device()
    const { link, log } = listen(monitor.address().port)
    await log.next()
    const question = heard(monitor)
    link.execute({ kind: 'send', bytes: Uint8Array.of(1) })
    const { from } = await question

    await new Promise((resolve) => {
      stranger.send(Uint8Array.of(0xbb), from.port, '127.0.0.1', resolve)
    })
    monitor.send(Uint8Array.of(0xaa), from.port)

    expect(await log.next()).toEqual({ kind: 'bytes', bytes: Uint8Array.of(0xaa) })
  })

  it('passes over empty datagrams and those above the limit, and says so', async () => {
    const warnings: string[] = []
    const told: Log = {
      ...silentLog,
      warn: (event, fields) => warnings.push(`${event} ${String(fields?.['why'])}`),
      child: () => told,
    }
    const monitor = await device()
    const { link, log } = listen(monitor.address().port, { log: told })
    await log.next()
    const question = heard(monitor)
    link.execute({ kind: 'send', bytes: Uint8Array.of(1) })
    const { from } = await question

    monitor.send(new Uint8Array(8_193), from.port)
    monitor.send(new Uint8Array(0), from.port)
    monitor.send(new Uint8Array(8_192).fill(7), from.port)

    expect((await log.nextOf('bytes')).bytes).toHaveLength(8_192)
    expect(warnings).toEqual(['datagram-ignored oversize-datagram'])
  })

  it('is told that nobody listens there, and comes back when somebody does', async () => {
    const gone = await device()
    const { port } = gone.address()
    gone.close()
    const { clock, link, log } = listen(port)
    await log.nextOf('opened')
    link.execute({ kind: 'send', bytes: Uint8Array.of(1) })
    expect(await log.nextOf('closed')).toEqual({ kind: 'closed', reason: 'refused' })

    const back = await device(port)
    clock.advance(1_000)
    await log.nextOf('opened')
    const question = heard(back)
    link.execute({ kind: 'send', bytes: Uint8Array.of(2) })

    expect((await question).bytes).toEqual([2])
  })

  it('is closed when the device falls silent, and opened again', async () => {
    const monitor = await device()
    const { clock, log } = listen(monitor.address().port)
    await log.nextOf('opened')
    clock.advance(3_000)
    expect(await log.next()).toEqual({ kind: 'closed', reason: 'silent' })
    clock.advance(1_000)
    expect(await log.next()).toEqual({ kind: 'opened' })
  })

  it.each(['8.8.8.8', 'monitor.local', '::ffff:8.8.8.8', ''])('never opens a way to %p', async (host) => {
    const { clock, link, log } = listen(9, { host })
    expect(await log.next()).toEqual({ kind: 'closed', reason: 'address-refused' })
    const command = { kind: 'send', bytes: Uint8Array.of(1) } as const
    link.execute(command)
    expect(await log.next()).toEqual({ kind: 'failed', command, reason: 'closed' })
    clock.advance(1_000)
    expect(await log.next()).toEqual({ kind: 'closed', reason: 'address-refused' })
  })

  it('asks also whether its own end of the way is allowed', async () => {
    const monitor = await device()
    let asked = 0
    const { log } = listen(monitor.address().port, { isAllowed: () => asked++ === 0 })
    expect(await log.next()).toEqual({ kind: 'closed', reason: 'local-address-refused' })
  })

  it('refuses a command that is no bytes, and one that is too long to wait', async () => {
    const monitor = await device()
    const { link, log } = listen(monitor.address().port)
    await log.next()
    const read = { kind: 'read', characteristic: '2A37' } as const
    link.execute(read)
    expect(await log.next()).toEqual({ kind: 'failed', command: read, reason: 'not-a-byte-command' })
    const long = { kind: 'send', bytes: new Uint8Array(4_097) } as const
    link.execute(long)
    expect(await log.next()).toEqual({ kind: 'failed', command: long, reason: 'line-takes-no-bytes' })
  })

  it('can be closed while it is being opened', async () => {
    const monitor = await device()
    const { clock, log } = listen(monitor.address().port)
    log.stop()
    const { log: next } = listen(monitor.address().port)
    await next.nextOf('opened')
    expect(clock.pendingCount).toBe(0)
  })

  it('leaves no timer and no socket behind', async () => {
    const monitor = await device()
    const { clock, link, log } = listen(monitor.address().port)
    await log.nextOf('opened')
    log.stop()
    link.execute({ kind: 'send', bytes: Uint8Array.of(1) })
    expect(clock.pendingCount).toBe(0)
  })
})

describe('a datagram', () => {
  const monitor = { host: '10.0.4.9', port: 24_105 }
  it.each([
    { name: 'of the device', from: { address: '10.0.4.9', port: 24_105 }, sizeBytes: 1, why: undefined },
    {
      name: 'of another port',
      from: { address: '10.0.4.9', port: 24_106 },
      sizeBytes: 1,
      why: 'foreign-datagram',
    },
    {
      name: 'of another address',
      from: { address: '10.0.4.10', port: 24_105 },
      sizeBytes: 1,
      why: 'foreign-datagram',
    },
    { name: 'of no address', from: { address: '', port: 24_105 }, sizeBytes: 1, why: 'foreign-datagram' },
    {
      name: 'of the device, but a giant',
      from: { address: '10.0.4.9', port: 24_105 },
      sizeBytes: 9_000,
      why: 'oversize-datagram',
    },
  ])('$name is judged before it is read', ({ from, sizeBytes, why }) => {
    expect(ignoredBecause(new Uint8Array(sizeBytes), from, monitor)).toBe(why)
  })

  it('is of the device in every spelling of its address', () => {
    const sixth = { host: 'fd00:0:0::9', port: 1 }
    expect(ignoredBecause(Uint8Array.of(1), { address: 'fd00::9', port: 1 }, sixth)).toBeUndefined()
  })
})
