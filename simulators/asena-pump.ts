/** An Alaris Asena that answers its three questions. What has another check or another word gets no answer. */

import { crc16CcittFalse } from '../devices/framing/crc16.ts'
import { physiologyAt } from './physiology.ts'
import type { Talker, TalkerOptions } from './talker.ts'
import type { Due } from './timeline.ts'

const MAX_HEARD = 256

export function createAsenaPump({ serial }: TalkerOptions): Talker {
  let due: Due = { atS: 0, elapsedS: 0, row: undefined }
  let heard = ''

  const answer = (query: string): readonly Uint8Array[] => {
    if (query === 'INST_SERIALNO') return [frame(`INST_SERIALNO^${serial}`)]
    if (query === 'COMMS_PROTOCOL') return [frame('COMMS_PROTOCOL^1')]
    return query === 'INF' ? [frame(status(due, serial))] : []
  }

  return {
    show(next) {
      due = next
      return []
    },
    hear(bytes) {
      const lines = (heard + String.fromCharCode(...bytes.subarray(-MAX_HEARD))).split('\r')
      heard = (lines.pop() ?? '').slice(-MAX_HEARD)
      return lines.flatMap((line) => {
        const [, query, check] = /!([^!|]*)\|([0-9A-F]{4})$/.exec(line) ?? []
        return query !== undefined && check === checkOf(query) ? answer(query) : []
      })
    },
    connected() {
      heard = ''
      return []
    },
  }
}

function status({ elapsedS }: Due, serial: string): string {
  const { infusionMlH, infusedMl, toInfuseMl } = physiologyAt(elapsedS, 0)
  const leftS = infusionMlH > 0 ? Math.round((toInfuseMl / infusionMlH) * 3600) : 0
  const mode = infusionMlH > 0 ? 'INFUSING' : 'STOPPED'
  const fields = ['INF', serial, 'NONE', mode, infusionMlH.toFixed(2), 'ml/h', '', infusedMl.toFixed(2), 'ml']
  return [...fields, '120', 'mmHg', String(leftS), 'LOG', '1'].join('^')
}

function frame(text: string): Uint8Array {
  return new TextEncoder().encode(`!${text}|${checkOf(text)}\r`)
}

function checkOf(text: string): string {
  return crc16CcittFalse(new TextEncoder().encode(text)).toString(16).toUpperCase().padStart(4, '0')
}
