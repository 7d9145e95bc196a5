/** Values on their way to and from the bus: what the D-Bus package wraps is plain on our side. */

import type * as DbusNext from '@jellybrick/dbus-next'

/** What the D-Bus package is needed for here. */
export type ValueLibrary = Pick<typeof DbusNext, 'Variant'>

/** A value that travels with its own type. */
export interface DbusVariant {
  readonly variantOf: string
  readonly value: unknown
}

export function variant(signature: string, value: unknown): DbusVariant {
  return { variantOf: signature, value }
}

export function toBus(library: ValueLibrary, body: readonly unknown[]): unknown[] {
  return body.map((value) => wrap(library, value))
}

/** Variants are opened; octets stay octets. */
export function fromBus(library: ValueLibrary, value: unknown): unknown {
  if (value instanceof library.Variant) return fromBus(library, value.value)
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (Array.isArray(value)) return value.map((each: unknown) => fromBus(library, each))
  if (!isFields(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fromBus(library, each)]))
}

function wrap(library: ValueLibrary, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (isVariant(value)) return new library.Variant(value.variantOf, wrap(library, value.value))
  if (Array.isArray(value)) return value.map((each: unknown) => wrap(library, each))
  if (!isFields(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, wrap(library, each)]))
}

function isVariant(value: unknown): value is DbusVariant {
  return isFields(value) && typeof value['variantOf'] === 'string' && 'value' in value
}

export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
