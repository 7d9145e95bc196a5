import { InvalidArgumentError } from 'commander'

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** '30s', '500ms', '2m', '1h' in milliseconds; a bare number is seconds. For commander options. */
export function parseDurationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text)
  const durationMs = Number(match?.[1]) * (UNIT_MS[match?.[2] ?? 's'] ?? Number.NaN)
  if (!(durationMs > 0)) throw new InvalidArgumentError(`'${text}' is not a duration; write 30s, 2m or 1h`)
  return durationMs
}
