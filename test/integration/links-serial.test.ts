import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { firstValueFrom } from 'rxjs'
import type { SerialLine } from '../../devices/protocol.ts'
import { silentLog, type Log, type LogFields } from '../../gateway/log.ts'
import { createSerialLink, type SerialLinkOptions } from '../../gateway/transport/serial-link.ts'
import { openPseudoTerminal, type PseudoTerminal } from '../../simulators/pseudo-terminal.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { LinkLog } from '../support/link-log.ts'

const LINE: SerialLine = {
  kind: 'serial',
  baudRate: 9600,
  dataBits: 8,
  parity: 'none',
  stopBits: 1,
  flowControl: 'none',
}

let directory: string
let lockDir: string
let portPath: string
const terminals: PseudoTerminal[] = []
const logs: LinkLog[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wardgate-serial-'))
  lockDir = join(directory, 'locks')
  portPath = join(directory, 'bed-1')
})

afterEach(async () => {
  for (const log of logs.splice(0)) log.stop()
  await untilReleased()
  await Promise.all(terminals.splice(0).map((terminal) => terminal.close()))
  rmSync(directory, { recursive: true })
})

async function plugIn(): Promise<PseudoTerminal> {
  const terminal = await openPseudoTerminal({ linkPath: portPath })
  terminals.push(terminal)
  return terminal
}

function listen(options: Partial<SerialLinkOptions> = {}) {
  const clock = new FakeClock()
  const link = createSerialLink({
    path: portPath,
    line: LINE,
    lockDir,
    silenceMs: 3_000,
    clock,
    random: () => 0.5,
    log: silentLog,
    ...options,
  })
  const log = new LinkLog(link)
  logs.push(log)
  return { clock, link, log }
}

/** Waits until the port and its lock are free again: closing a port takes a moment. */
async function untilReleased(): Promise<void> {
  while (existsSync(lockDir) && readdirSync(lockDir).length > 0)
    await new Promise((resolve) => setImmediate(resolve))
}

describe('a serial link', () => {
  it('opens the port and hands on every byte unchanged', async () => {
    const terminal = await plugIn()
    const { log } = listen()
    expect(await log.next()).toEqual({ kind: 'opened' })
    const every = Uint8Array.from({ length: 256 }, (_, value) => value)

    await terminal.write(every)

    expect(await log.nextBytes(256)).toEqual([...every])
  })

  it('sends the bytes of a command to the device', async () => {
    const terminal = await plugIn()
    const { link, log } = listen()
    await log.next()
    const received = firstValueFrom(terminal.data$)

    link.execute({ kind: 'send', bytes: Uint8Array.of(0x05, 0x0d) })

    expect([...(await received)]).toEqual([0x05, 0x0d])
  })

  it('refuses a command that a line of bytes cannot carry out', async () => {
    await plugIn()
    const { link, log } = listen()
    await log.next()
    const command = { kind: 'read', characteristic: '2A37' } as const

    link.execute(command)

    expect(await log.next()).toEqual({ kind: 'failed', command, reason: 'not-a-byte-command' })
  })

  it('refuses a command while the line is closed', async () => {
    const { link, log } = listen()
    await log.nextOf('closed')
    const command = { kind: 'send', bytes: Uint8Array.of(0x05) } as const

    link.execute(command)

    expect(await log.next()).toEqual({ kind: 'failed', command, reason: 'closed' })
  })

  it('tells that the cable was pulled, and comes back when the device does, under the same name', async () => {
    const terminal = await plugIn()
    const { clock, log } = listen()
    await log.next()
    await terminal.close()
    // Tells it also if the system did not.
    clock.advance(1_000)
    expect(await log.next()).toEqual({ kind: 'closed', reason: 'unplugged' })
    clock.advance(30_000)
    expect(await log.next()).toEqual({ kind: 'closed', reason: 'no-such-port' })
    await untilReleased()

    const back = await plugIn()
    clock.advance(30_000)

    await log.nextOf('opened')
    await back.write(Uint8Array.of(97))
    expect(await log.nextBytes(1)).toEqual([97])
  })

  it('notices within a second that the port is gone, also when serialport does not', async () => {
    const terminal = await plugIn()
    const { clock, log } = listen({ createPort: () => new DeafPort() })
    await log.next()
    clock.advance(2_000)
    await terminal.close()

    clock.advance(1_000)

    expect(await log.next()).toEqual({ kind: 'closed', reason: 'unplugged' })
  })

  it('closes a line on which nothing comes, and opens it again', async () => {
    const terminal = await plugIn()
    const { clock, log } = listen()
    await log.next()
    await terminal.write(Uint8Array.of(97))
    await log.nextBytes(1)
    clock.advance(3_000)
    expect(await log.next()).toEqual({ kind: 'closed', reason: 'silent' })
    await untilReleased()

    clock.advance(30_000)

    expect(await log.next()).toEqual({ kind: 'opened' })
    await terminal.write(Uint8Array.of(96))
    expect(await log.nextBytes(1)).toEqual([96])
  })

  it('refuses the port to a second device of the configuration, and leaves the first one alone', async () => {
    const terminal = await plugIn()
    const first = listen()
    await first.log.next()
    let isTouched = false
    const second = listen({
      // The same port by another name; opening it would already set the line anew.
      path: terminal.slavePath,
      createPort: () => {
        isTouched = true
        return new DeafPort()
      },
    })
    expect(await second.log.next()).toEqual({ kind: 'closed', reason: 'busy' })
    expect(isTouched).toBe(false)

    await terminal.write(Uint8Array.of(0xff))

    expect(await first.log.nextBytes(1)).toEqual([0xff])
  })

  it('refuses a port that another process has locked, also where the lock files are not shared', async () => {
    const terminal = await plugIn()
    const holder = spawn(
      process.execPath,
      [
        '-e',
        `const { SerialPort } = require('serialport')
         const port = new SerialPort({ path: process.argv[1], baudRate: 9600 })
         port.resume().on('open', () => process.stdout.write('open'))`,
        terminal.slavePath,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    await new Promise((resolve) => {
      holder.stdout.once('data', resolve)
    })

    const { clock, log } = listen()
    expect(await log.next()).toEqual({ kind: 'closed', reason: 'busy' })
    expect(readdirSync(lockDir)).toEqual([])

    holder.kill('SIGKILL')
    await new Promise((resolve) => {
      holder.once('exit', resolve)
    })
    clock.advance(30_000)
    expect(await log.next()).toEqual({ kind: 'opened' })
  })

  it('gives the port to the next one as soon as it is let go', async () => {
    await plugIn()
    const first = listen()
    await first.log.next()
    first.log.stop()
    await untilReleased()

    const second = listen()

    expect(await second.log.next()).toEqual({ kind: 'opened' })
  })

  it('lets go of a port that was given up while it was being opened', async () => {
    await plugIn()
    const first = listen()
    first.log.stop()
    await untilReleased()

    const second = listen()

    expect(await second.log.next()).toEqual({ kind: 'opened' })
  })

  it.each([
    { name: 'nothing is there', prepare: () => undefined, reason: 'no-such-port' },
    { name: 'a file is there', prepare: () => writeFileSync(portPath, ''), reason: 'not-a-port' },
  ])('says so when $name instead of a port', async ({ prepare, reason }) => {
    prepare()
    const { log } = listen()

    expect(await log.next()).toEqual({ kind: 'closed', reason })
  })

  it('does not read a port it cannot lock', async () => {
    await plugIn()
    writeFileSync(join(directory, 'a-file'), '')
    const { log } = listen({ lockDir: join(directory, 'a-file') })

    expect(await log.next()).toEqual({ kind: 'closed', reason: 'cannot-lock' })
  })
})

/** A port that opens, and then hears and tells nothing. */
class DeafPort extends Duplex {
  isOpen = false

  open(done: (error: Error | null) => void): void {
    this.isOpen = true
    queueMicrotask(() => done(null))
  }

  close(done: (error: Error | null) => void): void {
    this.isOpen = false
    done(null)
  }

  override _read(): void {
    // Nothing ever comes.
  }
}

/** A port that the system refuses with these words. */
class RefusedPort extends Duplex {
  readonly isOpen = false
  readonly #message: string

  constructor(message: string) {
    super()
    this.#message = message
  }

  open(done: (error: Error | null) => void): void {
    queueMicrotask(() => done(new Error(this.#message)))
  }

  close(done: (error: Error | null) => void): void {
    done(new Error('Port is not open'))
  }
}

describe('a serial port that the system refuses', () => {
  it.each([
    { message: 'Error: Permission denied, cannot open /dev/ttyUSB0', reason: 'no-permission' },
    { message: 'Error: Device or resource busy, cannot open /dev/ttyUSB0', reason: 'busy' },
    { message: 'Error Resource temporarily unavailable Cannot lock port', reason: 'busy' },
    { message: 'Error: No such device, cannot open /dev/ttyUSB0', reason: 'no-such-port' },
    { message: 'Error: Input/output error setting custom baud rate of 9600', reason: 'cannot-open' },
  ])('is closed as $reason on "$message", and its lock is given back', async ({ message, reason }) => {
    await plugIn()
    const { log } = listen({ createPort: () => new RefusedPort(message) })

    expect(await log.next()).toEqual({ kind: 'closed', reason })
    expect(readdirSync(lockDir)).toEqual([])
  })

  it('tells the engineer what to do, once and not at every attempt', async () => {
    await plugIn()
    const warnings: LogFields[] = []
    const log: Log = {
      ...silentLog,
      warn: (_event, fields = {}) => warnings.push(fields),
      child: () => log,
    }
    const message = 'Error: Permission denied, cannot open /dev/ttyUSB0'
    const listening = listen({ log, createPort: () => new RefusedPort(message) })
    for (let attempt = 0; attempt < 3; attempt++) {
      await listening.log.next()
      listening.clock.advance(30_000)
    }

    expect(warnings).toEqual([
      { reason: 'no-permission', detail: message, advice: expect.stringContaining('group dialout') },
    ])
  })
})
