/** An HL7 gateway that calls: one message at a time, the next one when it was acknowledged, the same one when not. */

import {
  alarmMessage,
  isSaturationLow,
  reportedValues,
  valuesMessage,
  type MessageHead,
} from './hl7-report.ts'
import type { Talker, TalkerOptions } from './talker.ts'

const ACK_TIMEOUT_MS = 5_000
const MOST_ATTEMPTS = 3
/** A link that is down for long loses the oldest: a report of long ago helps nobody. */
const MOST_WAITING = 4
const MAX_HEARD_BYTES = 4096

interface Waiting {
  readonly controlId: string
  readonly bytes: Uint8Array
  attempts: number
}

export function createHl7Gateway({ serial }: TalkerOptions): Talker {
  const waiting: Waiting[] = []
  let count = 0
  let isLow = false
  let heard = ''
  let resendAtMs: number | undefined

  const enqueue = (atMs: number, encode: (head: MessageHead) => Uint8Array): void => {
    count += 1
    const controlId = `${serial}-${count}`
    waiting.push({ controlId, bytes: encode({ controlId, serial, atMs }), attempts: 0 })
    // The one on its way stays: its acknowledgement may be under way as well.
    if (waiting.length > MOST_WAITING) waiting.splice(1, 1)
  }

  const sendHead = (atMs: number): readonly Uint8Array[] => {
    const [head] = waiting
    resendAtMs = head === undefined ? undefined : atMs + ACK_TIMEOUT_MS
    if (head === undefined) return []
    head.attempts += 1
    return [head.bytes]
  }

  const settle = (controlId: string, atMs: number): readonly Uint8Array[] => {
    if (waiting[0]?.controlId !== controlId) return []
    waiting.shift()
    return sendHead(atMs)
  }

  return {
    get wakeAtMs() {
      return resendAtMs
    },
    show(due, atMs) {
      const wasIdle = waiting.length === 0
      enqueue(atMs, (head) => valuesMessage(head, reportedValues(due)))
      const isNowLow = isSaturationLow(due) ?? isLow
      if (isNowLow !== isLow) enqueue(atMs, (head) => alarmMessage(head, isNowLow ? 'start' : 'end'))
      isLow = isNowLow
      return wasIdle ? sendHead(atMs) : []
    },
    hear(bytes, atMs) {
      heard = (heard + new TextDecoder().decode(bytes)).slice(-MAX_HEARD_BYTES)
      const out: Uint8Array[] = []
      for (let end = heard.indexOf('\x1c\r'); end >= 0; end = heard.indexOf('\x1c\r')) {
        const block = heard.slice(heard.lastIndexOf('\x0b', end) + 1, end)
        heard = heard.slice(end + 2)
        // Refused as well as accepted: the same bytes would be refused again.
        const [, controlId] = /\rMSA\|[AC][AER]\|([^|\r]+)\r/.exec(block) ?? []
        if (controlId !== undefined) out.push(...settle(controlId, atMs))
      }
      return out
    },
    connected(atMs) {
      heard = ''
      return sendHead(atMs)
    },
    tick(atMs) {
      if (resendAtMs === undefined || atMs < resendAtMs) return []
      if ((waiting[0]?.attempts ?? 0) >= MOST_ATTEMPTS) waiting.shift()
      return sendHead(atMs)
    },
  }
}
