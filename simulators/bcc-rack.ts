/** A ComDevice with its pumps: it answers when it is asked, block by block, and refuses what it does not know. */

import { encodeBlock } from '../devices/bcc/encode-block.ts'
import { parseBlock } from '../devices/bcc/frame.ts'
import { createPumps } from './bcc-pumps.ts'
import type { Talker, TalkerOptions } from './talker.ts'
import type { Due } from './timeline.ts'

const SOH = 0x01
const EOT = 0x04
const ACK = 0x06
const NAK = Uint8Array.of(0x15)
const MAX_HEARD_BYTES = 512
const ANY_BED = '1/1/1'

export function createBccRack({ serial }: TalkerOptions): Talker {
  const address = `SIM${serial}/1/1`
  const pumps = createPumps(serial)
  let due: Due = { atS: 0, elapsedS: 0, row: undefined }
  let startedAtMs: number | undefined
  let heard: readonly number[] = []
  let nextPump = pumps.length
  let last: Uint8Array = NAK

  const say = (information: string, isLast: boolean): Uint8Array => {
    last = encodeBlock({ address, information, isLast, isStuffed: true })
    return last
  }
  const seconds = (atMs: number): number => Math.floor((atMs - (startedAtMs ?? atMs)) / 1000)
  const system = (name: string, atMs: number): Uint8Array => say(`${seconds(atMs)},50100,${name}`, true)

  const sayPump = (atMs: number): readonly Uint8Array[] => {
    const pump = pumps[nextPump]
    if (pump === undefined) return []
    nextPump += 1
    const entries = pump
      .entries(due)
      .map(([name, value]) => `${seconds(atMs)},${pump.address},${name},${value}`)
    return [say(entries.join('\x1e'), nextPump === pumps.length)]
  }

  const answer = (bytes: Uint8Array, atMs: number): readonly Uint8Array[] => {
    const block = parseBlock(bytes)
    if (block === undefined) return [NAK]
    const { information } = block
    if (block.address !== address && !(block.address === ANY_BED && information === 'ADMIN:ALIVE'))
      return [system('GNERR,811', atMs)]
    nextPump = pumps.length
    if (information === 'ADMIN:ALIVE') return [system('GNACK,0', atMs)]
    if (information === 'ADMIN:VERSION') return [system('V3.30', atMs)]
    if (information !== 'MEM:GET') return [system('GNERR,68', atMs)]
    nextPump = 0
    return sayPump(atMs)
  }

  const hearByte = (byte: number, atMs: number): readonly Uint8Array[] => {
    if (heard.length === 0) {
      if (byte === ACK) return sayPump(atMs)
      if (byte === NAK[0]) return [last]
      if (byte === SOH) heard = [byte]
      return []
    }
    heard = byte === SOH ? [byte] : [...heard, byte]
    if (byte !== EOT && heard.length < MAX_HEARD_BYTES) return []
    const whole = Uint8Array.from(heard)
    heard = []
    return byte === EOT ? answer(whole, atMs) : []
  }

  return {
    show(next, atMs) {
      startedAtMs ??= atMs
      due = next
      return []
    },
    hear: (bytes, atMs) => [...bytes].flatMap((byte) => hearByte(byte, atMs)),
    connected(atMs) {
      startedAtMs ??= atMs
      heard = []
      nextPump = pumps.length
      return []
    },
  }
}
