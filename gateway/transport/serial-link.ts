/** A serial line of this machine. The only home of serialport. */

import { realpathSync, statSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { SerialPort } from 'serialport'
import type { SerialLine } from '../../devices/protocol.ts'
import type { Cancel, Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Link } from '../ports.ts'
import { createByteLink, type ByteLine, type ByteLineListener, type ByteLinkOptions } from './byte-link.ts'
import { lockPort } from './port-lock.ts'
import { writeBounded } from './write-bounded.ts'

export interface SerialLinkOptions extends ByteLinkOptions {
  readonly path: string
  readonly line: SerialLine
  /** Where the locks of serial ports are kept; the same for all gateways of a machine. */
  readonly lockDir: string
  readonly createPort?: (path: string, line: SerialLine) => SerialPortStream
}

/** What is used of a serialport, which may also be a stand-in for one. */
type SerialPortStream = Duplex & {
  readonly isOpen: boolean
  open(done: (error: Error | null) => void): void
  close(done: (error: Error | null) => void): void
}

/** Why a serial line is closed, and what an engineer can do about it. */
const ADVICE = {
  'no-such-port': 'check the cable, the adapter and the configured path',
  'not-a-port': 'the path is no terminal device: check the configured path',
  'no-permission': 'add the user of the gateway to the group dialout, or pass the device to the container',
  busy: 'another program reads this port: stop it, or remove its lock file if it is gone',
  'cannot-lock': 'make the lock directory writable for the user of the gateway',
  'cannot-open': 'the system refused the port or its settings: see the detail',
  unplugged: 'the port disappeared: check the cable and the adapter',
  failed: 'the port reported an error: see the detail',
} as const
type ClosedReason = keyof typeof ADVICE

export function createSerialLink(options: SerialLinkOptions): Link {
  const log = options.log.child({ path: options.path })
  return createByteLink((listener) => openSerialLine(options, listener), ADVICE, { ...options, log })
}

function openSerialLine(options: SerialLinkOptions, listener: ByteLineListener<ClosedReason>): ByteLine {
  const claim = claimPort(options)
  if (claim.kind === 'refused') {
    listener.closed(claim.reason, claim.detail)
    return { write: (_bytes, failed) => failed('closed'), close: () => undefined }
  }

  const port = (options.createPort ?? createPort)(claim.realPath, options.line)
  let phase: 'opening' | 'open' | 'unwanted' = 'opening'
  let stopWatching: Cancel = () => undefined
  port.on('data', (bytes: Buffer) => listener.bytes(new Uint8Array(bytes)))
  port.on('error', (error: Error) => listener.closed('failed', error.message))
  port.on('close', (error: Error | null) => {
    claim.release()
    listener.closed('unplugged', errorMessage(error))
  })
  const closePort = (): void => {
    if (port.isOpen) port.close(claim.release)
    else claim.release()
  }
  port.open((error) => {
    if (phase === 'unwanted') {
      closePort()
    } else if (error === null) {
      phase = 'open'
      stopWatching = watchPresence(claim.realPath, options.clock, () => {
        listener.closed('unplugged', `${claim.realPath} is gone`)
      })
      listener.opened()
    } else {
      phase = 'open'
      listener.closed(openFailure(error.message), error.message)
    }
  })
  return {
    write: (bytes, failed) => writeBounded(port, bytes, failed),
    close: () => {
      stopWatching()
      // A port that is still being opened is closed, and its lock released, when that has ended.
      if (phase === 'open') closePort()
      phase = 'unwanted'
    },
  }
}

type Claim =
  | { readonly kind: 'claimed'; readonly realPath: string; readonly release: () => void }
  | { readonly kind: 'refused'; readonly reason: ClosedReason; readonly detail: string }

/** What can be found out before the port is opened: opening alone already disturbs a line in use. */
function claimPort({ path, lockDir }: SerialLinkOptions): Claim {
  let step: ClosedReason = 'no-such-port'
  try {
    const realPath = realpathSync(path)
    if (!statSync(realPath).isCharacterDevice())
      return { kind: 'refused', reason: 'not-a-port', detail: realPath }
    step = 'cannot-lock'
    const lock = lockPort(realPath, lockDir)
    if (lock.kind === 'busy') return { kind: 'refused', reason: 'busy', detail: `held by ${lock.holder}` }
    return { kind: 'claimed', realPath, release: lock.release }
  } catch (error) {
    return { kind: 'refused', reason: step, detail: errorMessage(error) }
  }
}

const PRESENCE_CHECK_MS = 1_000

// A terminal whose device is gone answers every read with nothing, and serialport then reads on for ever unless it was
// waiting at that moment. The name in the file system goes in any case, or comes back as another file.
function watchPresence(realPath: string, clock: Clock, gone: () => void): Cancel {
  const inode = inodeOf(realPath)
  return clock.every(PRESENCE_CHECK_MS, () => {
    if (inodeOf(realPath) !== inode) gone()
  })
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}

function createPort(path: string, line: SerialLine): SerialPortStream {
  return new SerialPort({
    path,
    baudRate: line.baudRate,
    dataBits: line.dataBits,
    parity: line.parity,
    stopBits: line.stopBits,
    rtscts: line.flowControl === 'rts-cts',
    autoOpen: false,
    lock: true,
    // Dropping DTR restarts or switches off some devices.
    hupcl: false,
  })
}

// serialport passes on the system's words without its code: EACCES; EAGAIN of the kernel lock that another program
// holds; EBUSY of a port in exclusive mode; and a port that vanished since it was claimed.
const OPEN_FAILURES: readonly (readonly [pattern: RegExp, reason: ClosedReason])[] = [
  [/permission denied|operation not permitted/i, 'no-permission'],
  [/cannot lock port|resource busy/i, 'busy'],
  [/no such/i, 'no-such-port'],
]

function openFailure(message: string): ClosedReason {
  return OPEN_FAILURES.find(([pattern]) => pattern.test(message))?.[1] ?? 'cannot-open'
}
