/** The frame check: CRC-16/X-25, reflected polynomial 8408, preset FFFF, result complemented. */

const TABLE = Uint16Array.from({ length: 256 }, (_, octet) => {
  let register = octet
  for (let bit = 0; bit < 8; bit += 1)
    register = (register & 1) === 1 ? (register >>> 1) ^ 0x8408 : register >>> 1
  return register
})

export function fcs16(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let register = 0xffff
  for (let at = start; at < end; at += 1)
    register = (register >>> 8) ^ (TABLE[(register ^ (bytes[at] ?? 0)) & 0xff] ?? 0)
  return register ^ 0xffff
}
