/**
 * The unit bytes of concentrations and doses. What the source does not spell out (per square metre) has no row. Insulin
 * stays in international units.
 */
const UNITS: Readonly<Record<number, string>> = {
  1: 'mL/h',
  2: 'mL',
  23: 'ng',
  24: 'mg',
  25: 'ug',
  26: 'g',
  27: 'mmol',
  28: 'meq',
  29: '[iU]',
  30: 'ng/mL',
  31: 'mg/mL',
  32: 'ug/mL',
  33: 'g/mL',
  47: 'mg/min',
  48: 'mg/h',
  49: 'mg/d',
  50: 'ug/min',
  51: 'ug/h',
  52: 'ug/d',
  56: 'mmol/min',
  57: 'mmol/h',
  58: 'mmol/d',
  62: '[iU]/min',
  63: '[iU]/h',
  64: '[iU]/d',
  65: 'ng/kg/min',
  66: 'ng/kg/h',
  67: 'ng/kg/d',
  68: 'mg/kg/min',
  69: 'mg/kg/h',
  70: 'mg/kg/d',
  71: 'ug/kg/min',
  72: 'ug/kg/h',
  73: 'ug/kg/d',
  83: '[iU]/kg/min',
  84: '[iU]/kg/h',
  85: '[iU]/kg/d',
  121: 'm[iU]/min',
  122: 'm[iU]/h',
  123: 'm[iU]/d',
  130: 'k[iU]',
  153: 'mL/kg',
  155: 'mL/kg/h',
}

/** UCUM; undefined when the byte is not in the table. */
export function unitOfByte(text: string): string | undefined {
  return /^\d{1,3}$/.test(text) ? UNITS[Number(text)] : undefined
}
