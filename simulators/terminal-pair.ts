/** The calls of the C library behind a pseudo-terminal. koffi has its only home here. */

import { closeSync, constants, openSync } from 'node:fs'

export interface TerminalPair {
  /** Never blocks; the device's end. */
  readonly masterFd: number
  readonly slavePath: string
  /** Bytes that lie on the line and that no reader of the slave has taken yet. */
  unreadBytes(): number
  /** Gives the slave back. The master is closed by whoever reads it. */
  closeSlave(): void
}

export class PseudoTerminalError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'PseudoTerminalError'
  }
}

export async function openTerminalPair(): Promise<TerminalPair> {
  const libc = await loadLibc()
  const { masterFd, slavePath } = openMaster(libc)
  try {
    // Without a holder of the slave the master reads an error whenever the gateway has the port closed.
    const slaveFd = openSync(slavePath, constants.O_RDWR | constants.O_NOCTTY)
    makeRaw(libc, slaveFd)
    const count = Buffer.alloc(4)
    return {
      masterFd,
      slavePath,
      unreadBytes: () => (libc.ioctl(slaveFd, FIONREAD, 'void *', count) === 0 ? count.readInt32LE() : 0),
      closeSlave: () => closeSync(slaveFd),
    }
  } catch (error) {
    closeSync(masterFd)
    throw error
  }
}

// <asm-generic/fcntl.h>: a child process that inherited the master would keep the line alive after its end.
const O_CLOEXEC = 0o2000000
// <asm-generic/ioctls.h>
const FIONREAD = 0x541b

interface Libc {
  readonly posix_openpt: (flags: number) => number
  readonly grantpt: (fd: number) => number
  readonly unlockpt: (fd: number) => number
  readonly ptsname: (fd: number) => string | null
  readonly tcgetattr: (fd: number, termios: Buffer) => number
  readonly cfmakeraw: (termios: Buffer) => void
  readonly tcsetattr: (fd: number, when: number, termios: Buffer) => number
  readonly ioctl: (fd: number, request: number, type: 'void *', argument: Buffer) => number
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
      ioctl: library.func('int ioctl(int fd, unsigned long request, ...)'),
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
  const masterFd = libc.posix_openpt(constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK | O_CLOEXEC)
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
