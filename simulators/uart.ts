/**
 * What a UART makes of a line whose other end is set otherwise: bytes to bits at the sender's speed and form, bits to
 * bytes at the reader's. A pseudo-terminal passes every byte unchanged whatever both sides are set to; this does not.
 *
 * The reader samples the middle of each bit. It hands on every byte, as serial ports are opened here, counts wrong
 * parity and stop bits as a kernel does, and looks for the next falling edge after the place of its stop bit.
 */

import type { SerialLine } from '../devices/protocol.ts'

export interface UartReading {
  readonly bytes: Uint8Array
  readonly parityErrors: number
  readonly framingErrors: number
}

/** What a reader set to `reader` gets when a sender set to `sender` sends `bytes` without a pause. */
export function throughUart(bytes: Uint8Array, sender: SerialLine, reader: SerialLine): UartReading {
  const bits = bytesToBits(bytes, sender)
  // Positions are counted in bits of the sender.
  const step = sender.baudRate / reader.baudRate
  const level = (position: number): 0 | 1 => bits[Math.floor(position)] ?? 1
  const received: number[] = []
  let parityErrors = 0
  let framingErrors = 0
  let position = 0
  for (;;) {
    const start = fallingEdge(bits, position)
    if (start === undefined) return { bytes: Uint8Array.from(received), parityErrors, framingErrors }
    const mid = start + step / 2
    // A glitch shorter than half a bit of the reader is no start bit.
    if (level(mid) === 1) {
      position = start + 1
      continue
    }
    const data = Array.from({ length: reader.dataBits }, (_, bit) => level(mid + (bit + 1) * step))
    received.push(data.reduce<number>((byte, bit, index) => byte | (bit << index), 0))
    const parity = parityBits(data, reader.parity)
    const stopAt = mid + (data.length + parity.length + 1) * step
    if (parity.some((bit) => bit !== level(stopAt - step))) parityErrors += 1
    if (level(stopAt) === 0) framingErrors += 1
    position = stopAt
  }
}

function fallingEdge(bits: readonly (0 | 1)[], from: number): number | undefined {
  let before: 0 | 1 = bits[Math.floor(from)] ?? 1
  if (from === 0) before = 1
  for (let at = from === 0 ? 0 : Math.floor(from) + 1; at < bits.length; at += 1) {
    const now = bits[at] ?? 1
    if (before === 1 && now === 0) return at
    before = now
  }
  return undefined
}

function bytesToBits(bytes: Uint8Array, line: SerialLine): readonly (0 | 1)[] {
  return [...bytes].flatMap((byte) => characterBits(byte, line))
}

/** Start bit, data bits lowest first, parity, stop bits. */
function characterBits(byte: number, { dataBits, parity, stopBits }: SerialLine): readonly (0 | 1)[] {
  const data = Array.from({ length: dataBits }, (_, bit) => bitOf(byte, bit))
  const stop = Array.from({ length: stopBits }, () => 1 as const)
  return [0, ...data, ...parityBits(data, parity), ...stop]
}

function parityBits(data: readonly (0 | 1)[], parity: SerialLine['parity']): readonly (0 | 1)[] {
  if (parity === 'none') return []
  const isOdd = data.filter((bit) => bit === 1).length % 2 === 1
  return [isOdd === (parity === 'even') ? 1 : 0]
}

function bitOf(byte: number, bit: number): 0 | 1 {
  return (byte >> bit) & 1 ? 1 : 0
}
