/** OBX-6 to UCUM: an MDC unit number, a UCUM word, a Philips MDIL word, or a plain word of an old dialect. */

/** The unit numbers of 11073-10101 that bedside devices send. */
const UCUM_BY_MDC: ReadonlyMap<number, string> = new Map([
  [262656, '1'],
  [262688, '%'],
  [263442, 'mm'],
  [263762, 'mL'],
  [263875, 'kg'],
  [264306, 'mg/mL'],
  [264320, 's'],
  [264338, 'ms'],
  [264352, 'min'],
  [264608, '/s'],
  [264640, 'Hz'],
  [264864, '/min'],
  [264928, '/min'],
  [265216, 'L/min'],
  [265266, 'mL/h'],
  [265619, 'ug/kg/min'],
  [265987, 'kPa'],
  [266016, 'mm[Hg]'],
  [266048, 'cm[H2O]'],
  [266098, 'mbar'],
  [266418, 'mV'],
  [266419, 'uV'],
  [268050, 'mL/cm[H2O]'],
  [268192, 'Cel'],
])

/** What UCUM puts in braces is a remark. */
const REMARK = /\{[^}]*\}/g

const UCUM_BY_WORD: ReadonlyMap<string, string> = new Map([
  ...[...UCUM_BY_MDC.values()].map((unit) => [unit.toLowerCase(), unit] as const),
  ['mmhg', 'mm[Hg]'],
  ['bpm', '/min'],
  ['rpm', '/min'],
  ['beats/min', '/min'],
  ['breaths/min', '/min'],
  ['°c', 'Cel'],
  ['degc', 'Cel'],
  // The degree sign in one byte or two of a character set that the message does not name.
  ['\uFFFDc', 'Cel'],
  ['\uFFFD\uFFFDc', 'Cel'],
  ['°f', '[degF]'],
  ['degf', '[degF]'],
  ['\uFFFDf', '[degF]'],
  ['\uFFFD\uFFFDf', '[degF]'],
  ['cmh2o', 'cm[H2O]'],
  ['ml/hr', 'mL/h'],
  ['sec', 's'],
])

const UCUM_FORM = /^[!-~]{1,32}$/
const MDIL_FORM = /^([0-9A-Fa-f]{4})-([0-9A-Fa-f]{4})$/

export type UnitReading =
  | { readonly kind: 'unit'; readonly ucum: string }
  | { readonly kind: 'none' }
  /** Not known, or two codings that contradict each other. */
  | { readonly kind: 'unclear' }

/** `components` are those of OBX-6: code, name and system, once or twice. */
export function readUnit(components: readonly string[]): UnitReading {
  const found = new Set<string | undefined>()
  for (let at = 0; at < Math.min(components.length, 6); at += 3) {
    const [code = '', name = '', system = ''] = components.slice(at, at + 3).map((text) => text.trim())
    if (code !== '' || name !== '') found.add(ucumOf(code, name, system.toUpperCase()))
  }
  if (found.size === 0) return { kind: 'none' }
  const [ucum] = found
  return found.size === 1 && ucum !== undefined ? { kind: 'unit', ucum } : { kind: 'unclear' }
}

function ucumOf(code: string, name: string, system: string): string | undefined {
  if (system === 'MDC') return /^\d{1,10}$/.test(code) ? UCUM_BY_MDC.get(Number(code)) : undefined
  if (system === 'MDIL') return UCUM_BY_MDC.get(mdilCode(code) ?? 0)
  if (system === 'UCUM') return ucumWord(code === '' ? name : code)
  if (/^\d{6}$/.test(code)) return UCUM_BY_MDC.get(Number(code))
  return UCUM_BY_WORD.get(code.toLowerCase())
}

function ucumWord(text: string): string | undefined {
  const plain = text.replaceAll(REMARK, '')
  if (plain === '') return text === '' ? undefined : '1'
  return UCUM_FORM.test(plain) ? (plain === '1/min' ? '/min' : plain) : undefined
}

/** `0002-4bb8`: partition and term of an MDC number. */
export function mdilCode(text: string): number | undefined {
  const [, partition, term] = MDIL_FORM.exec(text) ?? []
  if (partition === undefined || term === undefined) return undefined
  return Number.parseInt(partition, 16) * 65536 + Number.parseInt(term, 16)
}
