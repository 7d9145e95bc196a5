/** What goes out of an OBX as text. Nothing about the person does. */

import { cleanText } from '../framing/clean-text.ts'
import type { Text } from '../protocol.ts'
import type { Obx } from './observation.ts'
import { trustOf } from './status.ts'
import { readNumber } from './value.ts'

/** Weight and height are numbers that a dose was worked out with; every other attribute of the patient stays here. */
const PERSONAL_REF = /^MDC_(ATTR_)?(PT|PAT|PATIENT)_(?!WEIGHT$|HEIGHT$)/
/** Names, addresses, telephone numbers, identifiers. */
const PERSONAL_TYPES: ReadonlySet<string> = new Set([
  'PN',
  'PPN',
  'XPN',
  'XCN',
  'CN',
  'CX',
  'CK',
  'AD',
  'XAD',
  'TN',
  'XTN',
])
const CODED_TYPES: ReadonlySet<string> = new Set(['CWE', 'CE', 'CF', 'CNE'])
/** Documents and images are no facts about a device. */
const UNREAD_TYPES: ReadonlySet<string> = new Set(['ED', 'RP', 'OD', 'MA'])

/** Undefined when there is nothing to say. A value that may not be shown gives way to the word for why. */
export function readFact(obx: Obx, label: string, flags: readonly string[]): Text | undefined {
  const { code, type, text, unit } = obx
  const isPersonal = PERSONAL_TYPES.has(type) || (code.kind === 'mdc' && PERSONAL_REF.test(code.ref))
  if (text === '' || isPersonal || UNREAD_TYPES.has(type)) return undefined
  const { quality, why } = trustOf(obx.flags, obx.status)
  const name = cleanText(label === '' ? 'OBX' : label)
  if (quality !== 'valid' && quality !== 'questionable')
    return { kind: 'text', name, value: quality, flags: why }
  const content = contentOf(obx)
  const said = [...why, ...flags, ...content.flags].slice(0, 12)
  return {
    kind: 'text',
    name,
    value: content.value,
    ...(typeof content.value === 'number' && unit.kind === 'unit' && { unit: unit.ucum }),
    ...(said.length > 0 && { flags: said }),
  }
}

function contentOf({
  type,
  value,
  text,
  isRepeated,
}: Obx): Pick<Text, 'value'> & { readonly flags: readonly string[] } {
  const number = isRepeated ? undefined : readNumber(type, value)
  if (number !== undefined && number.value !== null) return { value: number.value, flags: number.why }
  if (!CODED_TYPES.has(type) || isRepeated) return { value: cleanText(text), flags: [] }
  const [code = '', name = ''] = value
  if (/^\d{1,10}$/.test(code)) return { value: Number(code), flags: name === '' ? [] : [cleanText(name)] }
  return { value: cleanText(name === '' ? code : name), flags: [] }
}
