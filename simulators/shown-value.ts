/** What a display of whole numbers makes of a recorded value; undefined when it has no value or no room for it. */
export function wholeNumber(value: number | undefined, max: number): number | undefined {
  if (value === undefined) return undefined
  const shown = Math.round(value)
  return shown >= 0 && shown <= max ? shown : undefined
}
