/** Big-endian fields and nested lists as a Philips IntelliVue sends them. */

import { encodeFloat } from '../devices/framing/ieee11073-float.ts'

export type Octets = readonly number[]

export function u16(value: number): Octets {
  return [(value >>> 8) & 0xff, value & 0xff]
}

export function u32(value: number): Octets {
  return [...u16(Math.floor(value / 0x10000)), ...u16(value % 0x10000)]
}

/** FLOAT with as many decimals as the monitor shows; NaN when there is no value. */
export function float32(value: number | undefined, decimals = 0): Octets {
  return u32(value === undefined ? encodeFloat('NaN') : encodeFloat(value, decimals))
}

/** Count, length, items. */
export function list(items: readonly Octets[]): Octets {
  const body = items.flat()
  return [...u16(items.length), ...u16(body.length), ...body]
}

export function attribute(id: number, value: Octets): Octets {
  return [...u16(id), ...u16(value.length), ...value]
}

/** UTF-16BE with a final zero, behind its length. */
export function text16(text: string): Octets {
  const units = Array.from({ length: text.length + 1 }, (_, at) => text.charCodeAt(at) || 0)
  const body = units.flatMap(u16)
  return [...u16(body.length), ...body]
}

/** Characters with a final zero, padded to an even number, behind their length. */
export function text8(text: string): Octets {
  const body = Array.from(`${text}\0`, (character) => character.charCodeAt(0))
  const padded = body.length % 2 === 0 ? body : [...body, 0]
  return [...u16(padded.length), ...padded]
}

/** Century, year, month, day, hour, minute, second, hundredths: two decimal digits in an octet. */
export function absoluteTime(epochMs: number): Octets {
  const digits = new Date(epochMs).toISOString().replaceAll(/\D/g, '')
  return Array.from({ length: 8 }, (_, at) => Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16))
}

export function fromHex(hex: string): Octets {
  return (hex.match(/[0-9a-f]{2}/g) ?? []).map((pair) => Number.parseInt(pair, 16))
}
