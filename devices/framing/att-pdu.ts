/** Protocol data units of the Attribute Protocol: opcode u8, then parameters, all little-endian. */

/** Bit 6 of the opcode marks a command: one that is not known is ignored, not answered. */
export const COMMAND_BIT = 0x40

/** Until the exchange both ends may count on this and no more. */
export const DEFAULT_MTU = 23

/** The longest an attribute value may be. */
export const LONGEST_VALUE_BYTES = 512

export const LAST_HANDLE = 0xffff

interface HandleRange {
  readonly start: number
  readonly end: number
}

interface HandleValue {
  readonly handle: number
  readonly value: Uint8Array
}

interface Value {
  readonly value: Uint8Array
}

interface Mtu {
  readonly mtu: number
}

interface TypedRange extends HandleRange {
  readonly type: string
}

interface PreparedWrite extends HandleValue {
  readonly offset: number
}

interface List<Item> {
  readonly items: readonly Item[]
}

type Nothing = object

/** The parameters of each PDU; the names are those of the shared vectors. */
export interface AttParameters {
  readonly 'error-response': { readonly request: number; readonly handle: number; readonly code: number }
  readonly 'exchange-mtu-request': Mtu
  readonly 'exchange-mtu-response': Mtu
  readonly 'find-information-request': HandleRange
  readonly 'find-information-response': List<{ readonly handle: number; readonly uuid: string }>
  readonly 'find-by-type-value-request': TypedRange & Value
  readonly 'find-by-type-value-response': List<HandleRange>
  readonly 'read-by-type-request': TypedRange
  readonly 'read-by-type-response': List<HandleValue>
  readonly 'read-request': { readonly handle: number }
  readonly 'read-response': Value
  readonly 'read-blob-request': { readonly handle: number; readonly offset: number }
  readonly 'read-blob-response': Value
  readonly 'read-by-group-type-request': TypedRange
  readonly 'read-by-group-type-response': List<HandleRange & { readonly uuid: string }>
  readonly 'write-request': HandleValue
  readonly 'write-response': Nothing
  readonly 'prepare-write-request': PreparedWrite
  readonly 'prepare-write-response': PreparedWrite
  readonly 'execute-write-request': { readonly flags: number }
  readonly 'execute-write-response': Nothing
  readonly notification: HandleValue
  readonly indication: HandleValue
  readonly confirmation: Nothing
  readonly 'multiple-handle-value-notification': List<HandleValue>
  readonly 'write-command': HandleValue
}

export type AttPduName = keyof AttParameters

/** The PDU of one name; of several names, one of them. */
export type AttPduOf<Name extends AttPduName> = {
  readonly [Each in Name]: { readonly pdu: Each } & AttParameters[Each]
}[Name]

export type AttPdu = AttPduOf<AttPduName>
