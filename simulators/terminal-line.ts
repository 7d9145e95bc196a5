import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from '../gateway/clock.ts'
import { DEAF, firstReader, type DeviceLine } from './device-line.ts'
import { openPseudoTerminal } from './pseudo-terminal.ts'
import { slaveOpened } from './slave-opened.ts'

/** A pseudo-terminal. A device on a wire does not notice who opens it: `connected` comes once, for the first. */
export async function openTerminalLine(linkPath: string, clock: Clock): Promise<DeviceLine> {
  mkdirSync(dirname(linkPath), { recursive: true, mode: 0o700 })
  const terminal = await openPseudoTerminal({ linkPath, clock })
  const opened = slaveOpened(terminal.slavePath, clock)
  const { arrived, arrive } = firstReader()
  let listener = DEAF
  let isConnected = false
  const connect = (): void => {
    if (isConnected || listener === DEAF) return
    isConnected = true
    listener.connected()
  }
  void opened.arrived.then(arrive)
  const subscription = terminal.data$.subscribe((bytes) => {
    arrive()
    // Whoever speaks has opened the line, whether that was seen or not.
    connect()
    listener.heard(bytes)
  })
  return {
    address: { kind: 'serial', path: terminal.path },
    readerArrived: arrived,
    listen(next) {
      listener = next
      void arrived.then(connect)
    },
    send: (bytes) => void terminal.write(bytes),
    async close() {
      listener = DEAF
      opened.stop()
      subscription.unsubscribe()
      await terminal.close()
    },
  }
}
