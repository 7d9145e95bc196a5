/** What every GATT driver does alike: ask for what the peer offers, name what failed, answer values by their UUID. */

import type { Command, Driver, DriverOutput, LinkEvent, SendRule, Text } from '../protocol.ts'
import { DEVICE_IDENTITY_READS, deviceIdentityText } from './device-identity.ts'

type ValueHandler = (bytes: Uint8Array, atMs: number) => readonly DriverOutput[]

/** A driver that needs no memory of what it asked: it subscribes, reads once, and takes values as they come. */
export interface GattPlan {
  readonly subscribe: readonly string[]
  readonly read: readonly string[]
  readonly values: Readonly<Record<string, ValueHandler>>
}

export function gattDriver(plan: GattPlan): Driver {
  return {
    receive(event, atMs) {
      if (event.kind === 'opened') return openingCommands(plan, event.characteristics)
      if (event.kind === 'failed') return [failureText(event)]
      if (event.kind !== 'value') return []
      const handler = plan.values[event.characteristic]
      return handler?.(event.bytes, atMs) ?? deviceIdentityText(event.characteristic, event.bytes)
    },
  }
}

/** The characteristics among `wanted` that the peer has; a link that lists none is taken to have them all. */
export function offered(
  wanted: readonly string[],
  present: readonly string[] | undefined,
): readonly string[] {
  return present === undefined ? wanted : wanted.filter((uuid) => present.includes(uuid))
}

export function identityReads(present: readonly string[] | undefined): readonly Command[] {
  return offered(DEVICE_IDENTITY_READS, present ?? []).map(read)
}

export function read(characteristic: string): Command {
  return { kind: 'read', characteristic }
}

export function subscribe(characteristic: string): Command {
  return { kind: 'subscribe', characteristic }
}

/** The rows of the send list for reads and subscriptions; identity is read from every peer that offers it. */
export function readRules(meanings: Readonly<Record<string, string>>): readonly SendRule[] {
  const identity = DEVICE_IDENTITY_READS.map((uuid) => [uuid, 'identity of the device'] as const)
  return [...Object.entries(meanings), ...identity].map(([characteristic, meaning]) => ({
    kind: 'read',
    characteristic,
    meaning,
  }))
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

function openingCommands(plan: GattPlan, present: readonly string[] | undefined): readonly DriverOutput[] {
  const streams = offered(plan.subscribe, present)
  if (streams.length === 0) return [missingText(plan.subscribe)]
  return [
    ...streams.map(subscribe),
    ...offered(plan.read, present ?? []).map(read),
    ...identityReads(present),
  ]
}
