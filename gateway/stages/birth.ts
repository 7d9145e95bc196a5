/** The descriptor of a device, retained on `.../birth`: what it can say, in which units, how long it holds. */

import type { DeviceProtocol } from '../../devices/protocol.ts'
import { toInstant } from '../contract/instant.ts'
import type { BirthMessage } from '../contract/reading.ts'
import { vitalsTopic } from '../contract/topics.ts'
import type { DeviceEntry, OutboundMessage } from '../ports.ts'

export function birthMessage(
  entry: DeviceEntry,
  protocol: DeviceProtocol | undefined,
  by: { readonly gateway: string; readonly software: string; readonly nowMs: number },
): OutboundMessage {
  const birth: BirthMessage = {
    v: 1,
    device: entry.id,
    bed: entry.bed,
    assoc: entry.assoc,
    driver: protocol === undefined ? entry.protocol : `${protocol.id}@${protocol.version}`,
    gateway: by.gateway,
    software: by.software,
    t: toInstant(by.nowMs),
    ttl: protocol?.ttlMs ?? 60_000,
    metrics: (protocol?.metrics ?? []).map(({ mdc, ref, loinc, unit }) => ({
      mdc,
      ref,
      ...(loinc === undefined ? {} : { loinc }),
      unit,
    })),
  }
  return {
    topic: vitalsTopic({ ward: entry.ward, bed: entry.bed, device: entry.id }, 'birth'),
    payload: Buffer.from(JSON.stringify(birth)),
    qos: 1,
    retain: true,
  }
}
