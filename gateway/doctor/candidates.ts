/** Which settings are tried on an unknown line, the most likely first. */

import type { DeviceProtocol, SerialLine } from '../../devices/protocol.ts'
import { isSameLine, lineText } from './line-text.ts'

/** A protocol that a serial line can carry. */
export type SerialProtocol = DeviceProtocol & { readonly link: SerialLine }

export function isSerialProtocol(protocol: DeviceProtocol): protocol is SerialProtocol {
  return protocol.link.kind === 'serial'
}

/** Every setting such a device is found with, its usual one first. */
export function linesOf({ link, otherLines = [] }: SerialProtocol): readonly SerialLine[] {
  return [link, ...otherLines]
}

// What a menu may offer, the usual speeds of this trade first.
const BAUD_RATES = [9600, 19_200, 38_400, 115_200, 57_600, 4800, 2400, 1200] as const
const PARITIES = ['none', 'even', 'odd'] as const

const COMMON_LINES: readonly SerialLine[] = BAUD_RATES.flatMap((baudRate) =>
  PARITIES.map((parity) => ({
    kind: 'serial' as const,
    baudRate,
    dataBits: 8 as const,
    parity,
    stopBits: 1 as const,
    flowControl: 'none' as const,
  })),
)

/**
 * Each setting once: first `expected`, then the usual settings by the number of protocols that use them, then the
 * settings that some devices are found with besides, then every other that a menu may offer.
 */
export function candidateLines(
  protocols: readonly SerialProtocol[],
  expected: readonly SerialLine[] = [],
): readonly SerialLine[] {
  const usual = protocols.map(({ link }) => link)
  const useCount = (line: SerialLine): number => usual.filter((other) => isSameLine(line, other)).length
  const byUse = usual.toSorted((a, b) => useCount(b) - useCount(a))
  const others = protocols.flatMap(({ otherLines = [] }) => otherLines)
  const byText = new Map<string, SerialLine>()
  for (const line of [...expected, ...byUse, ...others, ...COMMON_LINES])
    if (!byText.has(lineText(line))) byText.set(lineText(line), line)
  return [...byText.values()]
}
