/** What a quantity can be in one unit, and what a living patient shows. */
export interface UnitRange {
  /** UCUM. */
  readonly unit: string
  /** Outside it the reading is diverted to quarantine. */
  readonly possible: readonly [min: number, max: number]
  /** Outside it the reading is published as questionable, never dropped. */
  readonly plausible: readonly [min: number, max: number]
}

/** One row of the nomenclature, under its MDC reference id. */
export interface MetricRow extends UnitRange {
  /** A few letters for a narrow column, as monitors write it: `SpO2`. */
  readonly label: string
  readonly mdc: number
  readonly loinc?: string
  /** Other units that devices really send this quantity in; a value is never converted on its way. */
  readonly also?: readonly UnitRange[]
}
