/** A message that a former run published, as it goes into the queues of this one. */

import type { AedesPublishPacket } from 'aedes'
import type { Message } from './session-change.ts'

/** The broker id of what a former run published: the numbers of the journal rise from run to run, those of Aedes do not. */
const FORMER_RUN = 'journal'

export function formerPacket(
  seq: number,
  { topic, payload, qos, retain }: Message,
): Readonly<AedesPublishPacket> & { readonly seq: number } {
  return {
    cmd: 'publish',
    brokerId: FORMER_RUN,
    brokerCounter: seq,
    topic,
    // A copy: what was read is a part of a whole segment, which would stay in memory with it.
    payload: Buffer.from(payload),
    qos,
    retain,
    dup: false,
    seq,
  }
}
