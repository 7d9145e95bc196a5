/** Two decimal digits in one byte; undefined when a half is no digit. */
export function readBcd(byte: number): number | undefined {
  const tens = byte >>> 4
  const ones = byte & 0x0f
  return tens > 9 || ones > 9 ? undefined : tens * 10 + ones
}
