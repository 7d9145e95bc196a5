/** Unit codes: the low word of the MDC unit number, as UCUM. What is not here has no unit that is known for sure. */
const UNITS: ReadonlyMap<number, string> = new Map([
  [0x0200, '1'],
  [0x0220, '%'],
  [0x0512, 'mm'],
  [0x0652, 'mL'],
  [0x06c3, 'kg'],
  [0x0872, 'mg/mL'],
  [0x0880, 's'],
  [0x0892, 'ms'],
  [0x08a0, 'min'],
  [0x0aa0, '/min'],
  [0x0ae0, '/min'],
  [0x0c00, 'L/min'],
  [0x0c32, 'mL/h'],
  [0x0d93, 'ug/kg/min'],
  [0x0f03, 'kPa'],
  [0x0f20, 'mm[Hg]'],
  [0x0f40, 'cm[H2O]'],
  [0x0f72, 'mbar'],
  [0x10b2, 'mV'],
  [0x10b3, 'uV'],
  [0x1712, 'mL/cm[H2O]'],
  [0x17a0, 'Cel'],
])

export function unitOf(code: number): string | undefined {
  return UNITS.get(code)
}
