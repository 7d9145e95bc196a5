import { bleInsulinDelivery } from '../../devices/ble-insulin-delivery.ts'
import { appendCounterAndCrc, COUNTER_AT_CONNECT, crcOf, nextCounter } from '../../devices/gatt/e2e.ts'
import type { Command, Driver, DriverMemory, DriverOutput, LinkEvent } from '../../devices/protocol.ts'

export const AT_MS = Date.parse('2026-09-20T10:15:00Z')

export const PUMP_CHARACTERISTICS = ['2B20', '2B21', '2B22', '2B23', '2B24', '2B25', '2B26', '2B27', '2B28']

/** Basal rate, relative and absolute temporary rate, fast bolus, insulin on board; U100. */
const FEATURES = '2e8000'

const VALUES: Readonly<Record<string, string>> = {
  '2B20': '0000',
  '2B21': '55965af001',
  '2B22': '00',
}

/** By op code of the request, as it stands on the wire. */
const ANSWERS: Readonly<Record<string, string>> = {
  '0c03': '03030c030f',
  '3003': '3f0300',
  '6503': '6a03000155e0',
  c003: 'cf037b0000ff2d0000ff',
  f303: 'fc03000cf0',
  '9503': '9a037bf02df0a8f0',
  a6030f0f: 'a9030f0f10270000',
  a6035533: 'a903553360000000',
  '33550f': '0f0f3306',
  '33690f': '0f0f3306',
}

export interface PumpBehaviour {
  readonly isProtected?: boolean
  readonly features?: string
  readonly values?: Readonly<Record<string, string>>
  /** By the first two octets of the request, or more; null leaves it unanswered. */
  readonly answers?: Readonly<Record<string, string | null>>
}

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}

/** A pump and the driver that talks to it: it answers every command until the driver has no more. */
export class FakePump {
  readonly driver: Driver
  readonly commands: Command[] = []
  readonly #behaviour: PumpBehaviour
  readonly #counters = new Map<string, number>()

  constructor(behaviour: PumpBehaviour = {}, memory?: DriverMemory) {
    this.#behaviour = behaviour
    this.driver = bleInsulinDelivery.createDriver(memory)
  }

  open(atMs = AT_MS): DriverOutput[] {
    this.#counters.clear()
    return this.settle({ kind: 'opened', characteristics: PUMP_CHARACTERISTICS }, atMs)
  }

  indicate(characteristic: string, hex: string, atMs = AT_MS): DriverOutput[] {
    return this.settle(this.value(characteristic, 'indication', hex), atMs)
  }

  tick(atMs: number): DriverOutput[] {
    return this.#answerAll(this.driver.tick?.(atMs) ?? [], atMs)
  }

  settle(event: LinkEvent, atMs = AT_MS): DriverOutput[] {
    return this.#answerAll(this.driver.receive(event, atMs), atMs)
  }

  value(characteristic: string, via: 'read' | 'indication', hex: string): LinkEvent {
    const bytes = bytesOf(hex)
    if (this.#behaviour.isProtected !== true) return { kind: 'value', characteristic, via, bytes }
    const counter = nextCounter(this.#counters.get(characteristic) ?? COUNTER_AT_CONNECT)
    this.#counters.set(characteristic, counter)
    return { kind: 'value', characteristic, via, bytes: appendCounterAndCrc(bytes, counter) }
  }

  #answerAll(first: readonly DriverOutput[], atMs: number): DriverOutput[] {
    const all: DriverOutput[] = []
    const waiting = [...first]
    for (let output = waiting.shift(); output !== undefined; output = waiting.shift()) {
      all.push(output)
      if (!isCommand(output)) continue
      this.commands.push(output)
      const reply = this.#reply(output)
      if (reply !== undefined) waiting.push(...this.driver.receive(reply, atMs))
    }
    return all
  }

  #reply(command: Command): LinkEvent | undefined {
    if (command.kind === 'read') return this.#read(command)
    if (command.kind !== 'write') return undefined
    const request = Buffer.from(command.bytes).toString('hex')
    const table = { ...ANSWERS, ...this.#behaviour.answers }
    const key = Object.keys(table)
      .filter((prefix) => request.startsWith(prefix))
      .reduce((best, prefix) => (prefix.length > best.length ? prefix : best), '')
    const answer = table[key]
    return typeof answer === 'string' ? this.value(command.characteristic, 'indication', answer) : undefined
  }

  #read(command: Extract<Command, { kind: 'read' }>): LinkEvent {
    const { characteristic } = command
    if (characteristic === '2B23')
      return { kind: 'value', characteristic, via: 'read', bytes: this.#features() }
    const hex = { ...VALUES, ...this.#behaviour.values }[characteristic]
    return hex === undefined
      ? { kind: 'failed', command, reason: 'read-not-permitted' }
      : this.value(characteristic, 'read', hex)
  }

  /** CRC and counter stand in front of this one. */
  #features(): Uint8Array {
    const features = bytesOf(this.#behaviour.features ?? FEATURES)
    if (this.#behaviour.isProtected !== true) return Uint8Array.of(0xff, 0xff, 0, 0x64, 0, ...features)
    const [low = 0, ...high] = features
    const content = Uint8Array.of(1, 0x64, 0, low | 1, ...high)
    const crc = crcOf(content)
    return Uint8Array.of(crc & 0xff, crc >>> 8, ...content)
  }
}

function isCommand(output: DriverOutput): output is Command {
  return 'characteristic' in output || output.kind === 'send'
}
