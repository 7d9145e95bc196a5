import type { DriverOutput } from '../protocol.ts'
import { decodeCharacteristic } from './characteristics.ts'

interface IdentityRow {
  readonly name: string
  readonly key: 'text' | 'eui64' | 'batteryPct'
  /** Names the one physical device, not its model. */
  readonly isIdentity?: true
}

const ROWS: Readonly<Record<string, IdentityRow>> = {
  '2A29': { name: 'manufacturer', key: 'text' },
  '2A24': { name: 'model_number', key: 'text' },
  '2A25': { name: 'serial_number', key: 'text', isIdentity: true },
  '2A27': { name: 'hardware_revision', key: 'text' },
  '2A26': { name: 'firmware_revision', key: 'text' },
  '2A28': { name: 'software_revision', key: 'text' },
  '2A23': { name: 'system_id', key: 'eui64', isIdentity: true },
  '2A19': { name: 'battery_pct', key: 'batteryPct' },
}

/** Device Information and Battery Level, read once after connecting where the peer has them. */
export const DEVICE_IDENTITY_READS: readonly string[] = Object.keys(ROWS)

/** The fact in such a value; nothing when the characteristic is another one. */
export function deviceIdentityText(characteristic: string, bytes: Uint8Array): readonly DriverOutput[] {
  const row = ROWS[characteristic]
  if (row === undefined) return []
  const decoded = decodeCharacteristic(characteristic, bytes)
  if (!decoded.ok) return [{ kind: 'discarded', reason: decoded.reason, bytes }]
  const value = decoded.value[row.key]
  if (typeof value !== 'string' && typeof value !== 'number') return []
  return [{ kind: 'text', name: row.name, value, ...(row.isIdentity === true && { isIdentity: true }) }]
}
