import type { Command, Driver, DriverOutput, LinkEvent } from '../../devices/protocol.ts'
import type { DriverMemory, Observation } from '../../devices/protocol.ts'

export const AT_MS = Date.parse('2026-09-20T10:15:00Z')

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** What the bedside keeps over a restart. */
export function keptMemory(): DriverMemory {
  const values = new Map<string, string>()
  return {
    get: (key) => values.get(key),
    set: (key, value) => {
      values.set(key, value)
    },
  }
}

export type Answer = readonly (readonly [characteristic: string, hex: string])[]

/** A GATT peer in memory: reads have values, writes are answered by a function, in the order of a radio. */
export class FakePeer {
  driver: Driver
  readonly commands: Command[] = []
  readonly #values: Readonly<Record<string, string>>
  readonly #onWrite: (hex: string, characteristic: string) => Answer | string | undefined

  /** `onWrite` answers values to send, a word why the write failed, or nothing at all. */
  constructor(
    driver: Driver,
    values: Readonly<Record<string, string>>,
    onWrite: (hex: string, characteristic: string) => Answer | string | undefined = () => undefined,
  ) {
    this.driver = driver
    this.#values = values
    this.#onWrite = onWrite
  }

  open(extra: readonly string[], atMs = AT_MS): DriverOutput[] {
    return this.hear({ kind: 'opened', characteristics: [...Object.keys(this.#values), ...extra] }, atMs)
  }

  close(atMs = AT_MS): DriverOutput[] {
    return this.hear({ kind: 'closed', reason: 'connection-timeout' }, atMs)
  }

  send(characteristic: string, hex: string, atMs = AT_MS): DriverOutput[] {
    return this.hear({ kind: 'value', characteristic, via: 'notification', bytes: bytesOf(hex) }, atMs)
  }

  tick(atMs: number): DriverOutput[] {
    return this.#carryOut(this.driver.tick?.(atMs) ?? [], atMs)
  }

  hear(event: LinkEvent, atMs = AT_MS): DriverOutput[] {
    return this.#carryOut(this.driver.receive(event, atMs), atMs)
  }

  get writes(): readonly string[] {
    return this.commands.flatMap((command) => (command.kind === 'write' ? [hexOf(command.bytes)] : []))
  }

  #carryOut(outputs: readonly DriverOutput[], atMs: number): DriverOutput[] {
    const all: DriverOutput[] = []
    const waiting = [...outputs]
    for (let output = waiting.shift(); output !== undefined; output = waiting.shift()) {
      all.push(output)
      if (!isCommand(output)) continue
      this.commands.push(output)
      for (const event of this.#reply(output)) waiting.push(...this.driver.receive(event, atMs))
    }
    return all
  }

  #reply(command: Command): readonly LinkEvent[] {
    if (command.kind === 'read') {
      const { characteristic } = command
      const hex = this.#values[characteristic]
      if (hex === undefined) return [{ kind: 'failed', command, reason: 'read-not-permitted' }]
      return [{ kind: 'value', characteristic, via: 'read', bytes: bytesOf(hex) }]
    }
    if (command.kind !== 'write') return []
    const answer = this.#onWrite(hexOf(command.bytes), command.characteristic)
    if (answer === undefined) return []
    if (typeof answer === 'string') return [{ kind: 'failed', command, reason: answer }]
    return answer.map(([characteristic, hex]) => ({
      kind: 'value',
      characteristic,
      via: 'indication',
      bytes: bytesOf(hex),
    }))
  }
}

export function observationsOf(outputs: readonly DriverOutput[]): readonly Observation[] {
  return outputs.filter((output) => output.kind === 'observation')
}

/** Values of the first numeric of each observation, with an h for history. */
export function readingsOf(outputs: readonly DriverOutput[]): readonly string[] {
  return observationsOf(outputs).map(
    ({ numerics, isHistory }) => `${numerics[0]?.value ?? 'none'}${isHistory === true ? 'h' : ''}`,
  )
}

export function textsOf(outputs: readonly DriverOutput[]): readonly (readonly [string, unknown])[] {
  return outputs.flatMap((output) => (output.kind === 'text' ? [[output.name, output.value] as const] : []))
}

function isCommand(output: DriverOutput): output is Command {
  return 'characteristic' in output || output.kind === 'send'
}
