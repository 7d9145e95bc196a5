/** Line settings as engineers write them, `19200 8E1`, and as the configuration does. */

import type { SerialLine } from '../../devices/protocol.ts'

const PARITY_LETTER = { none: 'N', even: 'E', odd: 'O' } as const

export function lineText({ baudRate, dataBits, parity, stopBits }: SerialLine): string {
  return `${baudRate} ${dataBits}${PARITY_LETTER[parity]}${stopBits}`
}

/** Flow control does not change what a byte looks like on the wire. */
export function isSameLine(a: SerialLine, b: SerialLine): boolean {
  return lineText(a) === lineText(b)
}

/** The settings in which `actual` is not what `usual` says, for the configuration's `line:`. */
export function lineDifference(actual: SerialLine, usual: SerialLine): readonly string[] {
  const settings = ['baudRate', 'dataBits', 'parity', 'stopBits'] as const
  return settings.flatMap((name) => (actual[name] === usual[name] ? [] : [`${name}: ${actual[name]}`]))
}
