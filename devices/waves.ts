/**
 * The waves that have an MDC code (ISO/IEEE 11073-10101), by reference id. Pressures, gases and respiration have one
 * code for the quantity; their numerics are other rows, in metrics.ts.
 */

export interface WaveKind {
  readonly mdc: number
  readonly ref: string
}

const table = {
  MDC_ECG_ELEC_POTL: 131328,
  MDC_ECG_ELEC_POTL_I: 131329,
  MDC_ECG_ELEC_POTL_II: 131330,
  MDC_ECG_ELEC_POTL_III: 131389,
  MDC_ECG_ELEC_POTL_AVR: 131390,
  MDC_ECG_ELEC_POTL_AVL: 131391,
  MDC_ECG_ELEC_POTL_AVF: 131392,
  MDC_ECG_ELEC_POTL_V: 131395,
  MDC_ECG_ELEC_POTL_MCL: 131403,
  MDC_PULS_OXIM_PLETH: 150452,
  MDC_PRESS_BLD_ART: 150032,
  MDC_PRESS_BLD_ART_ABP: 150036,
  MDC_PRESS_BLD_ART_PULM: 150044,
  MDC_PRESS_BLD_VEN_CENT: 150084,
  MDC_RESP: 151552,
  MDC_AWAY_CO2: 151724,
  MDC_FLOW_AWAY: 151764,
  MDC_PRESS_AWAY: 151792,
} as const

export type WaveRef = keyof typeof table

/** Every wave by its reference id: `WAVES.MDC_PULS_OXIM_PLETH`. */
export const WAVES: Readonly<Record<WaveRef, WaveKind>> = Object.freeze(
  Object.fromEntries(Object.entries(table).map(([ref, mdc]) => [ref, Object.freeze({ mdc, ref })])),
) as Readonly<Record<WaveRef, WaveKind>>

const byMdc: ReadonlyMap<number, WaveKind> = new Map(Object.values(WAVES).map((wave) => [wave.mdc, wave]))

/** The wave with this MDC code, or undefined when wardgate does not know the code. */
export function waveByMdc(mdc: number): WaveKind | undefined {
  return byMdc.get(mdc)
}
