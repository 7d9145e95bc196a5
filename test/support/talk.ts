/** A driver and a simulated device on one line in memory, with a clock of their own. */

import type { DeviceProtocol, Driver, DriverOutput } from '../../devices/protocol.ts'
import { isPermitted } from '../../gateway/stages/permit-command.ts'
import type { Talker } from '../../simulators/talker.ts'

const STEP_MS = 50

export interface Talk {
  readonly outputs: DriverOutput[]
  /** What the driver said, in hex. */
  readonly said: string[]
  open(): void
  close(): void
  /** Lets time pass; `between` is called once a second, as the replay of a recording does. */
  run(forMs: number, between?: (atMs: number) => readonly Uint8Array[]): void
}

export type Damage = (bytes: Uint8Array) => Uint8Array

/** Throws when the driver wants to say what its closed list does not hold. */
export function startTalk(
  protocol: DeviceProtocol,
  talker: Talker,
  damage: { readonly toDevice?: Damage; readonly toDriver?: Damage } = {},
): Talk {
  const driver: Driver = protocol.createDriver()
  const outputs: DriverOutput[] = []
  const said: string[] = []
  let atMs = Date.parse('2026-03-01T12:00:00Z')

  const take = (given: readonly DriverOutput[]): void => {
    for (const output of given) {
      if (output.kind !== 'send') {
        outputs.push(output)
        continue
      }
      if (!isPermitted(output, protocol.sends))
        throw new Error(`forbidden: ${Buffer.from(output.bytes).toString('latin1')}`)
      said.push(Buffer.from(output.bytes).toString('hex'))
      deliver(talker.hear(damage.toDevice?.(output.bytes) ?? output.bytes, atMs))
    }
  }
  const deliver = (messages: readonly Uint8Array[]): void => {
    for (const bytes of messages)
      take(driver.receive({ kind: 'bytes', bytes: damage.toDriver?.(bytes) ?? bytes }, atMs))
  }

  return {
    outputs,
    said,
    open() {
      const greeting = talker.connected?.(atMs) ?? []
      take(driver.receive({ kind: 'opened' }, atMs))
      deliver(greeting)
    },
    close: () => take(driver.receive({ kind: 'closed', reason: 'test' }, atMs)),
    run(forMs, between) {
      for (const endMs = atMs + forMs; atMs < endMs; atMs += STEP_MS) {
        if (atMs % 1000 === 0) deliver(between?.(atMs) ?? [])
        if (talker.wakeAtMs !== undefined && atMs >= talker.wakeAtMs) deliver(talker.tick?.(atMs) ?? [])
        if (driver.wakeAtMs !== undefined && atMs >= driver.wakeAtMs) take(driver.tick?.(atMs) ?? [])
      }
    },
  }
}
