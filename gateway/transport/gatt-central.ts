/** What wardgate needs of a Bluetooth LE central, whichever radio is behind it. No method throws or rejects. */

import type { Advertisement } from '../../devices/framing/air.ts'
import type { CharacteristicProperty } from '../../devices/framing/att-declaration.ts'
import type { SecurityLevel } from '../../devices/framing/link-security.ts'

/** `reason` is a word: the error of the Attribute Protocol, or why the link could not carry the request. */
export type GattResult<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly reason: string }

export interface GattCentral {
  /** Who advertises now. */
  scan(): Promise<GattResult<readonly Advertisement[]>>
  /** `listener` hears of this connection only, and nothing more after `onClosed`. */
  connect(address: string, listener: GattListener): Promise<GattResult<GattConnection>>
}

export interface GattListener {
  readonly onValue: (value: GattValue) => void
  readonly onSecurity: (level: SecurityLevel) => void
  /** Once, whoever ended it; not after `disconnect()`. */
  readonly onClosed: (reason: string) => void
}

export interface GattValue {
  readonly characteristic: GattCharacteristic
  readonly via: 'notification' | 'indication'
  readonly bytes: Uint8Array
}

export interface GattConnection {
  /** The protection the link has now; what was asked for proves nothing. */
  readonly security: SecurityLevel
  /** Bonds, or starts encryption with the keys of an earlier bond. */
  readonly pair: () => Promise<GattResult<SecurityLevel>>
  readonly discover: () => Promise<GattResult<readonly GattPrimaryService[]>>
  readonly read: (characteristic: GattCharacteristic) => Promise<GattResult<Uint8Array>>
  readonly write: (characteristic: GattCharacteristic, bytes: Uint8Array) => Promise<GattResult<undefined>>
  /** Notifications where the characteristic has them, else indications. */
  readonly subscribe: (characteristic: GattCharacteristic) => Promise<GattResult<undefined>>
  readonly disconnect: () => void
}

/** UUIDs are 4 or 32 lower-case hex digits. */
export interface GattPrimaryService {
  readonly uuid: string
  readonly characteristics: readonly GattCharacteristic[]
}

export interface GattCharacteristic {
  readonly uuid: string
  /** Handle of the value. */
  readonly handle: number
  readonly properties: readonly CharacteristicProperty[]
  /** Handle of the Client Characteristic Configuration; absent when it has none. */
  readonly configurationHandle?: number
}
