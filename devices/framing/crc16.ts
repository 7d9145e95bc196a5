/** CRC-16 of the medical GATT profiles and of infusion pumps; none inverts the result. */

/** The E2E-CRC of the specifications: x^16 + x^12 + x^5 + 1, octets least significant bit first. */
export function crc16Mcrf4xx(bytes: Uint8Array): number {
  let register = 0xffff
  for (const byte of bytes) {
    register ^= byte
    for (let bit = 0; bit < 8; bit++) {
      register = (register & 1) === 1 ? (register >>> 1) ^ 0x8408 : register >>> 1
    }
  }
  return register
}

/** The same polynomial, octets most significant bit first: what one vendor's live devices send instead. */
export function crc16CcittFalse(bytes: Uint8Array): number {
  return crc16MsbFirst(bytes, 0xffff)
}

/** As CCITT-FALSE, but preset to 0: the check of Baxter AS50. */
export function crc16Xmodem(bytes: Uint8Array): number {
  return crc16MsbFirst(bytes, 0)
}

function crc16MsbFirst(bytes: Uint8Array, start: number): number {
  let register = start
  for (const byte of bytes) {
    register ^= byte << 8
    for (let bit = 0; bit < 8; bit++) {
      register = (register & 0x8000) === 0 ? (register << 1) & 0xffff : ((register << 1) ^ 0x1021) & 0xffff
    }
  }
  return register
}
