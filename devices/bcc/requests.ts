/** What is asked of a rack. No command of this protocol changes a therapy; still only these three can be sent. */

import type { SendRule } from '../protocol.ts'
import { encodeBlock } from './encode-block.ts'
import { parseBlock } from './frame.ts'

/** "To bed id `1/1/1` (start or after time-out only)." */
export const FIRST_ADDRESS = '1/1/1'

const REQUESTS = ['ADMIN:ALIVE', 'ADMIN:VERSION', 'MEM:GET'] as const
type Request = (typeof REQUESTS)[number]

/** Printable, and no mark that would end it. */
const ADDRESS = /^[ -=?-~]{1,48}$/
const MAX_REQUEST_BYTES = 192

export const ACK = Uint8Array.of(0x06)
export const NAK = Uint8Array.of(0x15)

export interface Addressing {
  readonly address: string
  readonly isStuffed: boolean
}

export function requestBytes(request: Request, { address, isStuffed }: Addressing): Uint8Array {
  return encodeBlock({ address, information: request, isLast: true, isStuffed })
}

export function isUsableAddress(address: string): boolean {
  return ADDRESS.test(address)
}

/** Looks behind frame, stuffing and check: a whole, last block with a bed id and one of the three words. */
function permits(bytes: Uint8Array): boolean {
  const block = parseBlock(bytes)
  return block !== undefined && block.isLast && isUsableAddress(block.address) && isRequest(block.information)
}

function isRequest(text: string): text is Request {
  return REQUESTS.some((request) => request === text)
}

export const SENDS: readonly SendRule[] = [
  {
    kind: 'send',
    prefixHex: '01',
    maxBytes: MAX_REQUEST_BYTES,
    meaning: 'ask for link, version or memory',
    permits,
  },
  { kind: 'send', prefixHex: '06', maxBytes: 1, meaning: 'acknowledge a block' },
  { kind: 'send', prefixHex: '15', maxBytes: 1, meaning: 'ask for a damaged block again' },
]
