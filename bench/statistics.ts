/** Medians, percentiles and tables. */

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** A table as Markdown: the first column is text, the others are numbers. */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const lines = [header, header.map((_, index) => (index === 0 ? '---' : '---:')), ...rows]
  process.stdout.write(`${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n\n`)
}
