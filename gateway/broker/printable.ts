/** What a client wrote, fit for a log line. */
export function printable(text: string): string {
  return text.slice(0, 128).replaceAll(/[^ -~]/g, '?')
}
