/**
 * What a former run of the gateway left retained on the trusted topics, made true again. Values are
 * cleared, as the next reading brings them again; an alert that was present is uncertain until the device says more; what belongs to a place where
 * no device stands any more is cleared. Births and states are announced anew anyway.
 */

import { endedUnsaid } from './alert-life.ts'
import { readAlert } from '../contract/read-payload.ts'
import { parseVitalsTopic, type Place } from '../contract/topics.ts'
import type { OutboundMessage } from '../ports.ts'
import type { WardDevice } from './ward-device.ts'

/** The device that stands at that very place now. */
export type DeviceAt = (place: Place) => WardDevice | undefined

export function takeOver(
  retained: readonly OutboundMessage[],
  deviceAt: DeviceAt,
  nowMs: number,
): readonly OutboundMessage[] {
  return retained.flatMap((message) => {
    const place = parseVitalsTopic(message.topic)
    if (place === undefined) return [cleared(message)]
    const { leaf } = place
    const device = deviceAt(place)
    if (device !== undefined && (leaf === 'birth' || leaf === 'state')) return []
    const alert = leaf.startsWith('alert/') ? readAlert(message.payload) : undefined
    if (alert?.ok !== true) return [cleared(message)]
    if (device === undefined) return endedUnsaid(alert.payload, place, 'moved', nowMs)
    return device.adopt(alert.payload, nowMs)
  })
}

function cleared({ topic }: OutboundMessage): OutboundMessage {
  return { topic, payload: Buffer.alloc(0), qos: 1, retain: true }
}
