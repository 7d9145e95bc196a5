/**
 * The pumps behind one line: quadruples `time,address,parameter,value` between 1E, "split at the first three commas
 * only". Address 501xy is the pump in slot y of pillar x and becomes the part `pump-xy`; 50100 is the system.
 */

import { cleanText } from '../framing/clean-text.ts'
import type { Alert, DriverOutput, FromPart } from '../protocol.ts'
import { PumpAlarms } from './alarms.ts'
import type { BccUnit } from './frame.ts'
import { readPump } from './pump-block.ts'

const SEPARATOR = '\x1e'
/** A pump has about a hundred. */
const MAX_ENTRIES = 2048
const ENTRY = /^(\d{1,10}),(\d{5}),([^,]*)(?:,([^]*))?$/
const SYSTEM = '50100'
/** Up to three pillars of eight slots. */
const PUMP = /^501([1-3][1-8])$/
const REQUEST = /^[A-Z]+:[A-Z]+(#\d+)?$/
const NO_PUMPS = '11'
const PUMP_REMOVED = '39'

export class Rack {
  readonly #alarms = new Map<string, PumpAlarms>()
  readonly #seen = new Set<string>()

  read(unit: BccUnit): readonly DriverOutput[] {
    if (unit.kind === 'control') return [{ kind: 'text', name: 'control', value: unit.name }]
    const { information, address } = unit
    if (REQUEST.test(information))
      return [
        { kind: 'text', name: 'request', value: cleanText(information) },
        { kind: 'text', name: 'bed_id', value: cleanText(address) },
      ]
    const out: DriverOutput[] = []
    const pumps = new Map<string, Map<string, string>>()
    for (const entry of information.split(SEPARATOR, MAX_ENTRIES)) {
      const [, time = '', from = '', parameter = '', value] = ENTRY.exec(entry) ?? []
      if (from === SYSTEM || parameter === 'GNERR')
        out.push(...this.#readSystem(from, parameter, value, time))
      else if (PUMP.test(from) && value !== undefined)
        pumps.set(from, (pumps.get(from) ?? new Map<string, string>()).set(parameter, value))
      else if (entry !== '')
        out.push({
          kind: 'discarded',
          reason: 'malformed',
          bytes: new TextEncoder().encode(entry.slice(0, 64)),
        })
    }
    for (const [from, values] of pumps) out.push(...this.#readPump(from, values))
    return out
  }

  /** Every pump has answered: what did not is no longer there, and its alarms with it. */
  endRound(): readonly Alert[] {
    const gone = [...this.#alarms.keys()].filter((address) => !this.#seen.has(address))
    this.#seen.clear()
    return gone.flatMap((address) => this.#remove(address))
  }

  #readPump(address: string, values: ReadonlyMap<string, string>): readonly DriverOutput[] {
    const from = partOf(address)
    const alarms = this.#alarms.get(address) ?? new PumpAlarms()
    this.#alarms.set(address, alarms)
    this.#seen.add(address)
    const others = new Map([...values].filter(([parameter, value]) => !alarms.take(parameter, value)))
    return [...readPump(others, from), ...alarms.changes(from)]
  }

  #readSystem(
    address: string,
    name: string,
    value: string | undefined,
    time: string,
  ): readonly DriverOutput[] {
    // `time,50100,V3.30`: the answer to ADMIN:VERSION has three fields.
    if (value === undefined) return [{ kind: 'text', name: 'version', value: cleanText(name) }]
    const said: DriverOutput[] = [
      { kind: 'text', ...partOf(address), name: cleanText(name), value: cleanText(value) },
    ]
    if (name === 'GNACK') said.push({ kind: 'text', name: 'uptime', value: Number(time), unit: 's' })
    if (name !== 'GNERR') return said
    if (value === NO_PUMPS)
      return [...said, ...[...this.#alarms.keys()].flatMap((pump) => this.#remove(pump))]
    return value === PUMP_REMOVED ? [...said, ...this.#remove(address)] : said
  }

  #remove(address: string): readonly Alert[] {
    const ended = this.#alarms.get(address)?.end() ?? []
    this.#alarms.delete(address)
    return ended
  }
}

function partOf(address: string): FromPart {
  const [, place] = PUMP.exec(address) ?? []
  return place === undefined ? {} : { part: `pump-${place}` }
}
