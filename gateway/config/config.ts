/** The configuration as the gateway uses it: checked, complete, paths absolute, frozen. */

import type { ConfigFile } from './config.schema.ts'

export type LogLevelName = ConfigFile['log']['level']
export type BrokerConfig = NonNullable<ConfigFile['broker']>
export type WebConfig = NonNullable<ConfigFile['web']>
export type BedsideConfig = NonNullable<ConfigFile['bedside']>
/** One device; `link` says which of the shapes it has. */
export type DeviceConfig = BedsideConfig['devices'][number]
export type SerialDeviceConfig = Extract<DeviceConfig, { readonly link: 'serial' }>
export type UplinkConfig = ConfigFile['uplinks'][number]

/** At least one of `broker` and `bedside` is there. */
export interface Config extends ConfigFile {
  /** The file it was read from. */
  readonly file: string
}
