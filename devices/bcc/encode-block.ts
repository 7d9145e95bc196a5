import { sum8 } from '../framing/checksum.ts'
import { stuffed } from './stuffing.ts'

/** SOH, five digits, STX; ETX or ETB, five digits, EOT. */
const FRAME_BYTES = 14

export interface BlockText {
  readonly address: string
  readonly information: string
  readonly isLast: boolean
  readonly isStuffed: boolean
}

/** A block as it goes over the line; requests and answers have the same form. */
export function encodeBlock({ address, information, isLast, isStuffed }: BlockText): Uint8Array {
  const content = new TextEncoder().encode(`${address}>${information}`)
  const length = String(content.length + FRAME_BYTES).padStart(5, '0')
  const head = Uint8Array.of(0x01, ...digits(length), 0x02, ...content, isLast ? 0x03 : 0x17)
  const check = String(sum8(head, 0, head.length)).padStart(5, '0')
  const plain = Uint8Array.of(...head, ...digits(check), 0x04)
  return isStuffed ? stuffed(plain) : plain
}

function digits(text: string): readonly number[] {
  return Array.from(text, (digit) => digit.charCodeAt(0))
}
