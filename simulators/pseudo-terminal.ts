/**
 * A real pseudo-terminal: the gateway opens its slave like any serial port, the simulated device holds its master.
 * Baud rate, parity and modem lines do not exist on one; every byte passes unchanged, as fast as it is read.
 */

import { once } from 'node:events'
import { readlinkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import { Observable, share } from 'rxjs'
import { systemClock, type Clock } from '../gateway/clock.ts'
import { createLineSender } from './line-sender.ts'
import { openTerminalPair, PseudoTerminalError } from './terminal-pair.ts'

export interface PseudoTerminalOptions {
  /** A stable name for the line, made as a symbolic link; a link left there by an earlier run is replaced. */
  readonly linkPath?: string
  readonly clock?: Clock
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

export async function openPseudoTerminal(options: PseudoTerminalOptions = {}): Promise<PseudoTerminal> {
  const pair = await openTerminalPair()
  const master = new ReadStream(pair.masterFd)
  // The end of the line is told by `close`; an error before it says nothing more.
  master.on('error', () => undefined)
  const sender = createLineSender(pair, options.clock ?? systemClock)
  const { slavePath } = pair
  const { linkPath } = options

  const close = async (): Promise<void> => {
    if (master.destroyed) return
    sender.stop()
    if (linkPath !== undefined) removeLink(slavePath, linkPath)
    const isClosed = once(master, 'close')
    master.destroy()
    await isClosed
    pair.closeSlave()
  }

  try {
    if (linkPath !== undefined) placeLink(slavePath, linkPath)
  } catch (error) {
    await close()
    throw error
  }
  return {
    path: linkPath ?? slavePath,
    slavePath,
    data$: bytesOf(master),
    write: sender.write,
    close,
  }
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
    const code = codeOf(error)
    if (code === 'EINVAL') return NOT_A_LINK
    if (code === 'ENOENT') return undefined
    throw error
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}
