/**
 * [MQTT-3.8.4-4], [MQTT-3.8.4-5]: a SUBSCRIBE counts as one SUBSCRIBE for each of its filters, and its SUBACK has a code for
 * each. Aedes folds a filter that is there twice into one, and answers one code too few; so it is given these in turn.
 */

import type { Client, Subscription } from 'aedes'
import { BodyReader } from './body-reader.ts'
import type { WholePacket } from './packet-cutter.ts'

export interface RepeatedFilters {
  readonly messageId: number
  readonly subscriptions: readonly { readonly topic: string; readonly qos: Subscription['qos'] }[]
}

const SUBSCRIBE = 8

/** Undefined for any packet but a SUBSCRIBE with a filter that is there twice. The packet is in order. */
export function repeatedFilters(packet: WholePacket): RepeatedFilters | undefined {
  if (packet.firstByte >> 4 !== SUBSCRIBE) return undefined
  const reader = new BodyReader(packet.body)
  const messageId = reader.number()
  const subscriptions: RepeatedFilters['subscriptions'][number][] = []
  while (reader.hasMore) {
    const topic = reader.text()
    const qos = reader.byte()
    subscriptions.push({ topic, qos: qos === 0 || qos === 1 ? qos : 2 })
  }
  const isRepeated = new Set(subscriptions.map(({ topic }) => topic)).size < subscriptions.length
  return isRepeated ? { messageId, subscriptions } : undefined
}

/** The SUBACK; rejects where Aedes would end the connection. */
export async function subscribeInTurn(
  client: Client,
  { messageId, subscriptions }: RepeatedFilters,
): Promise<Buffer> {
  const codes: number[] = []
  for (const subscription of subscriptions) {
    // Aedes writes what it granted into the packet, right after it has called back.
    const one = { ...subscription }
    await new Promise<void>((resolve, reject) => {
      client.subscribe({ subscriptions: [one] }, (error?: Error | null) => {
        if (error === undefined || error === null) resolve()
        else reject(error)
      })
    })
    codes.push(one.qos)
  }
  return Buffer.of(...header(codes.length + 2), messageId >> 8, messageId & 0xff, ...codes)
}

function header(size: number): readonly number[] {
  const bytes = [0x90]
  let left = size
  for (; left > 0x7f; left >>= 7) bytes.push((left & 0x7f) | 0x80)
  return [...bytes, left]
}
