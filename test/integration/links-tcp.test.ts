import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { silentLog } from '../../gateway/log.ts'
import { createTcpLink, type TcpLinkOptions } from '../../gateway/transport/tcp-link.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { LinkLog } from '../support/link-log.ts'

const undo: (() => void)[] = []

afterEach(() => {
  for (const step of undo.splice(0).reverse()) step()
})

/** A device server that hands out its connections. */
class DeviceServer {
  readonly #server: Server = createServer({ noDelay: true })
  readonly #sockets = new Set<Socket>()

  constructor() {
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
    })
  }

  async listen(port = 0): Promise<number> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
    undo.push(() => this.shutDown())
    return this.port
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async connection(): Promise<Socket> {
    const [known] = this.#sockets
    if (known !== undefined) return known
    const [socket] = await once(this.#server, 'connection')
    return socket
  }

  shutDown(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }
}

function listen(port: number, options: Partial<TcpLinkOptions> = {}) {
  const clock = new FakeClock()
  const link = createTcpLink({
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

describe('a link to a device server', () => {
  it('connects and carries bytes both ways', async () => {
    const server = new DeviceServer()
    const { link, log } = listen(await server.listen())
    const socket = await server.connection()
    expect(await log.next()).toEqual({ kind: 'opened' })

    socket.write(Buffer.of(0x01, 0xff))
    expect(await log.nextBytes(2)).toEqual([0x01, 0xff])

    link.execute({ kind: 'send', bytes: Uint8Array.of(0x05) })
    const [received] = await once(socket, 'data')
    expect([...received]).toEqual([0x05])
  })

  it('comes back when the device server was restarted', async () => {
    const first = new DeviceServer()
    const port = await first.listen()
    const { clock, log } = listen(port)
    await first.connection()
    await log.nextOf('opened')
    first.shutDown()
    expect(await log.next()).toEqual({ kind: 'closed', reason: 'reset' })
    clock.advance(1_000)
    expect(await log.next()).toEqual({ kind: 'closed', reason: 'refused' })

    const second = new DeviceServer()
    await second.listen(port)
    clock.advance(1_000)

    expect(await log.next()).toEqual({ kind: 'opened' })
  })

  it('tells an end by the device server', async () => {
    const server = new DeviceServer()
    const { log } = listen(await server.listen())
    const socket = await server.connection()
    await log.nextOf('opened')

    socket.end()

    expect(await log.next()).toEqual({ kind: 'closed', reason: 'ended' })
  })

  it('closes a connection on which nothing comes, as after a power cut at the other end', async () => {
    const server = new DeviceServer()
    const { clock, log } = listen(await server.listen())
    const socket = await server.connection()
    await log.nextOf('opened')
    const ended = once(socket.resume(), 'close')

    clock.advance(3_000)

    expect(await log.next()).toEqual({ kind: 'closed', reason: 'silent' })
    await ended
  })

  it('gives up an attempt that is not answered', async () => {
    const server = new DeviceServer()
    const { clock, log } = listen(await server.listen(), { connectTimeoutMs: 1_000 })
    // The answer of the kernel is on its way, but the clock is faster.
    clock.advance(1_000)

    expect(await log.next()).toEqual({ kind: 'closed', reason: 'timed-out' })
  })

  it.each(['8.8.8.8', 'device-server.local', '::ffff:8.8.8.8', ''])(
    'never connects to %p, which is not allowed',
    async (host) => {
      const { clock, log } = listen(9, { host })
      expect(await log.next()).toEqual({ kind: 'closed', reason: 'address-refused' })

      clock.advance(1_000)

      expect(await log.next()).toEqual({ kind: 'closed', reason: 'address-refused' })
    },
  )

  it('asks at every attempt whether the address is allowed', async () => {
    const server = new DeviceServer()
    let isAllowed = false
    const { clock, log } = listen(await server.listen(), { isAllowed: () => isAllowed })
    expect(await log.next()).toEqual({ kind: 'closed', reason: 'address-refused' })

    isAllowed = true
    clock.advance(1_000)

    expect(await log.next()).toEqual({ kind: 'opened' })
  })

  it('refuses commands when the device server takes no bytes, instead of keeping them without end', async () => {
    const server = new DeviceServer()
    const { link, log } = listen(await server.listen())
    const socket = await server.connection()
    socket.pause()
    await log.nextOf('opened')

    const command = { kind: 'send', bytes: new Uint8Array(4_097) } as const
    link.execute(command)

    expect(await log.next()).toEqual({ kind: 'failed', command, reason: 'line-takes-no-bytes' })
  })

  it('closes the connection when nobody listens any more', async () => {
    const server = new DeviceServer()
    const { log, clock } = listen(await server.listen())
    const socket = await server.connection()
    await log.nextOf('opened')
    const closed = once(socket.resume(), 'close')

    log.stop()
    await closed

    expect(clock.pendingCount).toBe(0)
  })
})
