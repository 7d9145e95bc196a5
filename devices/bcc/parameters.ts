/** What the parameters of a pump are. One that is not here is skipped, as the vendor asks. */

import { METRICS } from '../metrics.ts'
import type { Metric } from '../metrics.ts'

/** A number with a code of its own. */
export interface MetricParameter {
  readonly metric: Metric
  /** This value means "more than can be shown". */
  readonly more?: number
  /** The counter stands still here. */
  readonly top?: number
  /** The parameter that holds the unit byte. */
  readonly unitIn?: string
}

export const METRIC_PARAMETERS: Readonly<Record<string, MetricParameter>> = {
  INRT: { metric: METRICS.MDC_FLOW_FLUID_PUMP },
  INVTB: { metric: METRICS.MDC_VOL_FLUID_TBI },
  VOLREMAIN: { metric: METRICS.MDC_VOL_FLUID_TBI_REMAIN },
  INVI: { metric: METRICS.MDC_VOL_FLUID_DELIV, top: 9999.9 },
  INRMT: { metric: METRICS.MDC_TIME_PD_REMAIN, more: 65535 },
  INDCON: { metric: METRICS.MDC_CONC_DRUG, unitIn: 'INDCONU' },
  INDORT: { metric: METRICS.MDC_RATE_DOSE, unitIn: 'INDORTU' },
  DORT: { metric: METRICS.MDC_RATE_DOSE, unitIn: 'DORTU' },
}

/** A number without a code. */
export interface NumberParameter {
  readonly name: string
  readonly unit?: string
  readonly top?: number
}

export const NUMBER_PARAMETERS: Readonly<Record<string, NumberParameter>> = {
  BASRT: { name: 'basal_rate', unit: 'mL/h' },
  INBORT: { name: 'bolus_rate', unit: 'mL/h' },
  INBOVAL: { name: 'last_bolus', unit: 'mL' },
  INBOCNT: { name: 'bolus_count_since_last_request' },
  INVOLACT: { name: 'volume_in_syringe', unit: 'mL' },
  INTIME: { name: 'infusion_time', unit: 'min', top: 6000 },
  INP1: { name: 'pressure_level' },
  INP2: { name: 'pressure_percent', unit: '%' },
  INSTBY: { name: 'standby_rest', unit: 'min' },
  INAKKU: { name: 'battery', unit: 'min' },
}

export const WORD_PARAMETERS: Readonly<Record<string, string>> = {
  INSOL: 'drug',
  INSOLSN: 'drug_short_name',
  INSOLID: 'drug_id',
  INDOCAL: 'dose_mode',
  INSERNUM: 'serial',
  INNR: 'pump_number',
  GNMODEL: 'model',
}

export const SWITCH_PARAMETERS: Readonly<Record<string, string>> = {
  INM1: 'ready',
  INM2: 'bolus',
  INM3: 'pumping',
  INM5: 'bolus_allowed',
  INM6: 'standby',
  INM7: 'data_lock',
  INM8: 'mains',
  INM10: 'kvo',
  INM12: 'soft_limit_low',
  INM13: 'soft_limit_high',
  INM14: 'purge',
}

export interface BitParameter {
  readonly name: string
  readonly bits: Readonly<Record<number, string>>
}

export const BIT_PARAMETERS: Readonly<Record<string, BitParameter>> = {
  RUNSTATE: {
    name: 'run_state',
    bits: { 0: 'stop', 1: 'run', 2: 'alarm', 3: 'kvo', 4: 'menu', 5: 'pre_alarm' },
  },
  STATUS1: {
    name: 'status',
    bits: {
      0: 'on',
      1: 'mains',
      2: 'standby',
      6: 'ready',
      7: 'infusing',
      10: 'bolus',
      11: 'bolus',
      13: 'kvo',
      15: 'dose_mode',
      19: 'alarm_quit',
      20: 'alarm_quit',
    },
  },
}

export const SWITCHED_ON: Readonly<Record<string, boolean>> = { '00050': false, '00051': true }
