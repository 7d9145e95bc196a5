import type { Attribute } from '../../simulators/radio/gatt-database.ts'

export const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** An attribute that everybody may read and nobody may write, unless said otherwise. */
export function attribute(
  given: Partial<Attribute> & Pick<Attribute, 'handle' | 'type'>,
  value = '',
): Attribute {
  return {
    access: ['read'],
    readSecurity: 'none',
    writeSecurity: 'none',
    needsAuthorization: false,
    maxBytes: 512,
    read: () => fromHex(value),
    write: () => undefined,
    ...given,
  }
}

/** The Client Characteristic Configuration at `handle` of the value at `valueHandle`. */
export function configurationOf(valueHandle: number, handle: number): Attribute {
  return attribute({
    handle,
    type: '2902',
    access: ['read', 'write'],
    maxBytes: 2,
    configures: { handle: valueHandle, uuid: 'aaaa', canNotify: true, canIndicate: true },
  })
}
