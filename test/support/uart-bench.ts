/** A simulated device with real UART settings on a pseudo-terminal: whoever opens it with others reads garbage. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SerialLine } from '../../devices/protocol.ts'
import { systemClock } from '../../gateway/clock.ts'
import type { LineErrors } from '../../gateway/doctor/listen.ts'
import { silentLog } from '../../gateway/log.ts'
import type { Link } from '../../gateway/ports.ts'
import { createSerialLink } from '../../gateway/transport/serial-link.ts'
import { openPseudoTerminal } from '../../simulators/pseudo-terminal.ts'
import { throughUart } from '../../simulators/uart.ts'

export interface UartBench {
  readonly path: string
  /** How the line was opened, in order. */
  readonly opened: readonly SerialLine[]
  /** Everything the gateway's side has sent, as the device's UART reads it. */
  readonly heard: readonly Uint8Array[]
  lineErrors(): LineErrors
  openLink(line: SerialLine): Link
  close(): Promise<void>
}

export interface UartBenchOptions {
  readonly line: SerialLine
  /** What the device says next, every `periodMs`. */
  readonly next: () => Uint8Array
  readonly periodMs: number
  /** What the device answers; nothing when absent. */
  readonly answer?: (bytes: Uint8Array) => readonly Uint8Array[]
}

export async function openUartBench({ line, next, periodMs, answer }: UartBenchOptions): Promise<UartBench> {
  const lockDir = mkdtempSync(join(tmpdir(), 'wardgate-uart-'))
  const terminal = await openPseudoTerminal()
  const opened: SerialLine[] = []
  const heard: Uint8Array[] = []
  const errors = { parity: 0, framing: 0 }
  const say = (bytes: Uint8Array): void => {
    const reader = opened.at(-1)
    if (reader === undefined || bytes.length === 0) return
    const reading = throughUart(bytes, line, reader)
    errors.parity += reading.parityErrors
    errors.framing += reading.framingErrors
    void terminal.write(reading.bytes)
  }
  const subscription = terminal.data$.subscribe((bytes) => {
    const reader = opened.at(-1)
    if (reader === undefined) return
    const received = throughUart(bytes, reader, line).bytes
    heard.push(received)
    for (const message of answer?.(received) ?? []) say(message)
  })
  const stop = systemClock.every(periodMs, () => say(next()))
  return {
    path: terminal.path,
    opened,
    heard,
    lineErrors: () => ({ ...errors }),
    openLink(reader) {
      opened.push(reader)
      return createSerialLink({
        path: terminal.path,
        line: reader,
        lockDir,
        silenceMs: 60_000,
        clock: systemClock,
        random: () => 0.5,
        log: silentLog,
      })
    },
    async close() {
      stop()
      subscription.unsubscribe()
      await terminal.close()
      rmSync(lockDir, { recursive: true, force: true })
    },
  }
}
