/** A Baxter AS50 that answers questions and rejects the rest. The form is the pump's, the contents are made up. */

import { crc16Xmodem } from '../devices/framing/crc16.ts'
import { physiologyAt } from './physiology.ts'
import type { Talker } from './talker.ts'
import type { Due } from './timeline.ts'

const MAX_HEARD = 256
const MESSAGE = /\[([^[\]]*)\]([^]{2})/

export function createAs50Pump(): Talker {
  let due: Due = { atS: 0, elapsedS: 0, row: undefined }
  let heard = ''

  const answer = (text: string): string => {
    const { infusionMlH } = physiologyAt(due.elapsedS, 0)
    const answers: Readonly<Record<string, string>> = {
      'DEV?': '[DEV=AS50 SIM]',
      'PRIRATE?': `[PRIRATE=${infusionMlH.toFixed(1)}]`,
      'BOLRAT?': '[BOLRAT=0.0]',
      'BOLSIZ?': '[BOLSIZ=0.0]',
      'LBOLUS?': '[LBOLUS=0.0]',
      'STATUS?': `[STATUS=${infusionMlH > 0 ? '1' : '0'}]`,
    }
    return Object.hasOwn(answers, text) ? (answers[text] ?? '[REJECT]') : '[REJECT]'
  }

  return {
    show(next) {
      due = next
      return []
    },
    hear(bytes) {
      heard = (heard + String.fromCharCode(...bytes.subarray(-MAX_HEARD))).slice(-MAX_HEARD)
      const out: Uint8Array[] = []
      for (let match = MESSAGE.exec(heard); match !== null; match = MESSAGE.exec(heard)) {
        const [whole, text = '', check] = match
        heard = heard.slice(match.index + whole.length)
        if (check === checkOf(`[${text}]`)) out.push(octets(frame(answer(text))))
      }
      return out
    },
    connected() {
      heard = ''
      return []
    },
  }
}

function frame(text: string): string {
  return text + checkOf(text)
}

function checkOf(text: string): string {
  const check = crc16Xmodem(octets(text))
  return String.fromCharCode(check >>> 8, check & 0xff)
}

function octets(text: string): Uint8Array {
  return Uint8Array.from(text, (sign) => sign.charCodeAt(0))
}
