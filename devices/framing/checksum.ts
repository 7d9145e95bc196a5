/** Sum of `sizeBytes` bytes from `start`, modulo 256: the check of Nonin frames and of many serial protocols. */
export function sum8(bytes: Uint8Array, start: number, sizeBytes: number): number {
  let sum = 0
  for (let i = start; i < start + sizeBytes; i += 1) sum += bytes[i] ?? 0
  return sum & 0xff
}
