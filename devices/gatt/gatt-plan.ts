/** What every GATT driver does alike: ask for what the peer offers, name what failed, answer values by their UUID. */

import type { Command, Driver, DriverOutput, LinkEvent, SendRule, Text } from '../protocol.ts'
import { COMMON_READ_RULES, CommonServices } from './common-services.ts'

type ValueHandler = (bytes: Uint8Array, atMs: number, common: CommonServices) => readonly DriverOutput[]

/** A driver that needs no memory of what it asked: it subscribes, reads once, and takes values as they come. */
export interface GattPlan {
  readonly subscribe: readonly string[]
  readonly read: readonly string[]
  readonly order?: 'reads-first'
  readonly values: Readonly<Record<string, ValueHandler>>
}

export function gattDriver(plan: GattPlan): Driver {
  const common = new CommonServices()
  return {
    get wakeAtMs() {
      return common.wakeAtMs
    },
    receive(event, atMs) {
      if (event.kind === 'opened') return openingCommands(plan, event.characteristics, common, atMs)
      if (event.kind === 'closed') common.close()
      if (event.kind === 'failed') return [failureText(event)]
      if (event.kind !== 'value') return []
      const handler = plan.values[event.characteristic]
      return handler?.(event.bytes, atMs, common) ?? common.value(event.characteristic, event.bytes, atMs)
    },
    tick: (atMs) => common.tick(atMs),
  }
}

/** The characteristics among `wanted` that the peer has; a link that lists none is taken to have them all. */
export function offered(
  wanted: readonly string[],
  present: readonly string[] | undefined,
): readonly string[] {
  return present === undefined ? wanted : wanted.filter((uuid) => present.includes(uuid))
}

export function read(characteristic: string): Command {
  return { kind: 'read', characteristic }
}

export function subscribe(characteristic: string): Command {
  return { kind: 'subscribe', characteristic }
}

/** The rows of the send list for reads and subscriptions; identity is read from every peer that offers it. */
export function readRules(meanings: Readonly<Record<string, string>>): readonly SendRule[] {
  const own: readonly SendRule[] = Object.entries(meanings).map(([characteristic, meaning]) => ({
    kind: 'read',
    characteristic,
    meaning,
  }))
  return [...own, ...COMMON_READ_RULES]
}

export function subscribeRules(meanings: Readonly<Record<string, string>>): readonly SendRule[] {
  return Object.entries(meanings).map(([characteristic, meaning]) => ({
    kind: 'subscribe',
    characteristic,
    meaning,
  }))
}

export function missingText(characteristics: readonly string[]): Text {
  return { kind: 'text', name: 'characteristic_missing', value: characteristics.join(' or ') }
}

export function failureText({ command, reason }: Extract<LinkEvent, { kind: 'failed' }>): Text {
  const target = 'characteristic' in command ? ` ${command.characteristic}` : ''
  return { kind: 'text', name: 'command_failed', value: `${command.kind}${target}: ${reason}` }
}

function openingCommands(
  plan: GattPlan,
  present: readonly string[] | undefined,
  common: CommonServices,
  atMs: number,
): readonly DriverOutput[] {
  const commonReads = common.open(present, atMs)
  const streams = offered(plan.subscribe, present)
  const reads = offered(plan.read, present ?? []).map(read)
  if (streams.length === 0) return [missingText(plan.subscribe)]
  const subscriptions = streams.map(subscribe)
  // What decides how a value is read comes before the value.
  return plan.order === 'reads-first'
    ? [...reads, ...commonReads, ...subscriptions]
    : [...subscriptions, ...reads, ...commonReads]
}
