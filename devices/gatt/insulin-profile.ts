/** Profiles as they travel on 2B25 (writes) and 2B26 (reads), and the template status. */

import { word } from './hamming.ts'
import { template } from './insulin-words.ts'
import { type Codes, type Field, flagged, integer, plain } from './layout.ts'

/** Template types of the template status. */
const TEMPLATE_TYPES: Codes = {
  0x33: 'basal-profile',
  0x3c: 'tbr',
  0x55: 'bolus',
  0x5a: 'isf-profile',
  0x66: 'i2cho-profile',
  0x96: 'target-profile',
}

/** A target profile has a lower and an upper bound in each block, hence only two blocks fit. */
type ValuesPerBlock = 1 | 2

const firstIndex = integer('firstIndex', 'u8')

/** Bit 0 ends the transaction; bits 1 and 2 announce the second and third block. */
export function profileWrite(values: ValuesPerBlock): Field {
  return flagged(({ has, mark }) => [
    mark('endTransaction', 0),
    template,
    firstIndex,
    blocks(values, has(1), has(2)),
  ])
}

/** Bits 0 and 1 announce the second and third block: shifted by one against the write. */
export function profileRead(values: ValuesPerBlock): Field {
  return flagged(({ has }) => [template, firstIndex, blocks(values, has(0), has(1))])
}

export const writeResponse: Field = flagged(({ mark }) => [
  mark('transactionCompleted', 0),
  template,
  firstIndex,
])

/** Two bits per template, lowest first, padded with zeros: bit 0 configurable, bit 1 configured. */
export const templateStatus: Field = (reader, out) => {
  word('templateType', 'u8', TEMPLATE_TYPES)(reader, out)
  const first = reader.u8()
  const count = reader.u8()
  out['start'] = first
  out['maxTimeBlocks'] = reader.u8()
  const octets = reader.bytes(Math.ceil(count / 4))
  out['templates'] = Array.from({ length: count }, (_, index) => {
    const pair = (octets[index >>> 2] ?? 0) >>> ((index & 3) * 2)
    return { number: first + index, configurable: (pair & 1) === 1, configured: (pair & 2) === 2 }
  })
}

function blocks(values: ValuesPerBlock, hasSecond: boolean, hasThird: boolean): Field {
  const count = 1 + (hasSecond ? 1 : 0) + (hasThird && values === 1 ? 1 : 0)
  return (reader, out) => {
    out['blocks'] = Array.from({ length: count }, () => [
      reader.u16(),
      ...Array.from({ length: values }, () => plain(reader.sfloat(), 0)),
    ])
  }
}
