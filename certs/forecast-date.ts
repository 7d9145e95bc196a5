/** A day as people write it, in UTC: 2027-03-14. */
export function dateOf(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10)
}
