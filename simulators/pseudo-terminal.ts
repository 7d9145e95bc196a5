/**
 * A real pseudo-terminal: the gateway opens its slave like any serial port, the simulated device holds its master.
 * Baud rate, parity and modem lines do not exist on one; every byte passes unchanged, as fast as it is read.
 */

import { once } from 'node:events'
import { closeSync, constants, openSync, readlinkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import { Observable, share } from 'rxjs'

export interface PseudoTerminalOptions {
  /** A stable name for the line, made as a symbolic link; a link left there by an earlier run is replaced. */
  readonly linkPath?: string
}

export interface PseudoTerminal {
  /** What a serial port is opened at: the symbolic link when one was asked for. */
  readonly path: string
  readonly slavePath: string
  /** What the gateway sends to the device. */
  readonly data$: Observable<Uint8Array>
  /**
   * Puts bytes on the line, in the order of the calls. True once the line has taken them; false when they are lost:
   * like a UART, the line does not wait for a reader that never comes.
   */
  write(bytes: Uint8Array): Promise<boolean>
  /** Pulls the cable. Whoever has the slave open sees the device disappear. */
  close(): Promise<void>
}

export class PseudoTerminalError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'PseudoTerminalError'
  }
}

// What may wait for a reader before bytes are lost: several seconds of the fastest device.
const WAITING_LIMIT_BYTES = 64 * 1024

export async function openPseudoTerminal(options: PseudoTerminalOptions = {}): Promise<PseudoTerminal> {
  const libc = await loadLibc()
  const { masterFd, slavePath } = openMaster(libc)
  // Without a holder of the slave the master reads an error whenever the gateway has the port closed.
  const slaveFd = openSync(slavePath, constants.O_RDWR | constants.O_NOCTTY)
  const master = new ReadStream(masterFd, { writable: true })
  // A write into a pulled cable is answered by its callback; there is nothing else to tell.
  master.on('error', () => undefined)
  const { linkPath } = options

  const close = async (): Promise<void> => {
    if (master.destroyed) return
    if (linkPath !== undefined) removeLink(slavePath, linkPath)
    const isClosed = once(master, 'close')
    master.destroy()
    await isClosed
    closeSync(slaveFd)
  }

  try {
    makeRaw(libc, slaveFd)
    if (linkPath !== undefined) placeLink(slavePath, linkPath)
  } catch (error) {
    await close()
    throw error
  }
  return {
    path: linkPath ?? slavePath,
    slavePath,
    data$: bytesOf(master),
    write: (bytes) => writeTo(master, bytes),
    close,
  }
}

function writeTo(master: ReadStream, bytes: Uint8Array): Promise<boolean> {
  if (master.destroyed || master.writableLength + bytes.length > WAITING_LIMIT_BYTES)
    return Promise.resolve(false)
  return new Promise((resolve) => {
    master.write(bytes, (error) => resolve(error === null || error === undefined))
  })
}

function bytesOf(master: ReadStream): Observable<Uint8Array> {
  // Read from the start, also with nobody listening: a full line would block the gateway's writes.
  master.resume()
  return new Observable<Uint8Array>((subscriber) => {
    const onData = (bytes: Buffer): void => subscriber.next(new Uint8Array(bytes))
    const onClose = (): void => subscriber.complete()
    master.on('data', onData)
    master.once('close', onClose)
    return () => {
      master.off('data', onData)
      master.off('close', onClose)
      master.resume()
    }
  }).pipe(share())
}

interface Libc {
  readonly posix_openpt: (flags: number) => number
  readonly grantpt: (fd: number) => number
  readonly unlockpt: (fd: number) => number
  readonly ptsname: (fd: number) => string | null
  readonly tcgetattr: (fd: number, termios: Buffer) => number
  readonly cfmakeraw: (termios: Buffer) => void
  readonly tcsetattr: (fd: number, when: number, termios: Buffer) => number
}

async function loadLibc(): Promise<Libc> {
  try {
    const { load } = await import('koffi')
    // The C library this process itself runs on, whatever its file is called.
    const library = load(null)
    return {
      posix_openpt: library.func('int posix_openpt(int flags)'),
      grantpt: library.func('int grantpt(int fd)'),
      unlockpt: library.func('int unlockpt(int fd)'),
      ptsname: library.func('const char *ptsname(int fd)'),
      tcgetattr: library.func('int tcgetattr(int fd, void *termios)'),
      cfmakeraw: library.func('void cfmakeraw(void *termios)'),
      tcsetattr: library.func('int tcsetattr(int fd, int when, const void *termios)'),
    }
  } catch (cause) {
    throw new PseudoTerminalError(
      'pseudo-terminals need the optional package koffi and a Unix C library: run `npm install --include=optional`, ' +
        'or give the device a TCP link instead of a serial one',
      cause,
    )
  }
}

function openMaster(libc: Libc): { masterFd: number; slavePath: string } {
  const masterFd = libc.posix_openpt(constants.O_RDWR | constants.O_NOCTTY)
  if (masterFd < 0)
    throw new PseudoTerminalError(
      'the system gave no pseudo-terminal: check that /dev/ptmx exists, that devpts is mounted on /dev/pts, ' +
        'and /proc/sys/kernel/pty/max',
    )
  const isUsable = libc.grantpt(masterFd) === 0 && libc.unlockpt(masterFd) === 0
  const slavePath = isUsable ? libc.ptsname(masterFd) : null
  if (slavePath !== null) return { masterFd, slavePath }
  closeSync(masterFd)
  throw new PseudoTerminalError(
    'the system refused the slave of a pseudo-terminal: check the mount of /dev/pts',
  )
}

// struct termios is 60 bytes with glibc and musl, 72 on macOS.
const TERMIOS_ROOM_BYTES = 256
const TCSANOW = 0

/** No echo, no line editing, no translation of any byte, until a reader sets the line as it wants it. */
function makeRaw(libc: Libc, fd: number): void {
  const termios = Buffer.alloc(TERMIOS_ROOM_BYTES)
  libc.tcgetattr(fd, termios)
  libc.cfmakeraw(termios)
  if (libc.tcsetattr(fd, TCSANOW, termios) !== 0)
    throw new PseudoTerminalError('the pseudo-terminal could not be set to raw mode')
}

function placeLink(slavePath: string, linkPath: string): void {
  if (linkTarget(linkPath) === NOT_A_LINK)
    throw new PseudoTerminalError(
      `${linkPath} exists and is not a symbolic link: choose another path for the line`,
    )
  const freshPath = `${linkPath}.${process.pid}`
  symlinkSync(slavePath, freshPath)
  renameSync(freshPath, linkPath)
}

function removeLink(slavePath: string, linkPath: string): void {
  if (linkTarget(linkPath) === slavePath) unlinkSync(linkPath)
}

const NOT_A_LINK = Symbol('not a link')

/** What the link points to; undefined when nothing is there. */
function linkTarget(linkPath: string): string | undefined | typeof NOT_A_LINK {
  try {
    return readlinkSync(linkPath)
  } catch (error) {
    // readlink answers EINVAL for what is not a symbolic link.
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
    if (code === 'EINVAL') return NOT_A_LINK
    if (code === 'ENOENT') return undefined
    throw error
  }
}
