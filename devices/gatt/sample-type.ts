import type { Codes, Field } from './layout.ts'

const TYPES: Codes = {
  1: 'capillary-whole-blood',
  2: 'capillary-plasma',
  3: 'venous-whole-blood',
  4: 'venous-plasma',
  5: 'arterial-whole-blood',
  6: 'arterial-plasma',
  7: 'undetermined-whole-blood',
  8: 'undetermined-plasma',
  9: 'interstitial-fluid',
  10: 'control-solution',
}

/** Sample locations of a glucose meter. */
export const GLUCOSE_LOCATIONS: Codes = {
  1: 'finger',
  2: 'alternate-site',
  3: 'earlobe',
  4: 'control-solution',
  15: 'not-available',
}

/** A continuous sensor may also sit under the skin. */
export const CGM_LOCATIONS: Codes = { ...GLUCOSE_LOCATIONS, 5: 'subcutaneous' }

/** One octet: sample type in the low nibble, location in the high nibble. */
export function typeAndLocation(locations: Codes): Field {
  return (reader, out) => {
    const octet = reader.u8()
    out['type'] = TYPES[octet & 0x0f] ?? 'rfu'
    out['location'] = locations[octet >>> 4] ?? 'rfu'
  }
}
