/** Instants on the wire: RFC 3339, UTC, milliseconds. The clock is never read here. */

export function toInstant(epochMs: number): string {
  return new Date(epochMs).toISOString()
}

// RFC 3339 with a zone, as toInstant writes it and as others may write it.
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/

/** Milliseconds since 1970, or undefined when the text is not an instant with a zone. */
export function parseInstant(text: string): number | undefined {
  if (!INSTANT.test(text)) return undefined
  const epochMs = Date.parse(text)
  return Number.isNaN(epochMs) ? undefined : epochMs
}
