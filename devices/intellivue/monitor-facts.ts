/** What a monitor tells of itself: when an association begins (MDS create), and when it comes to a network. */

import { hexOf } from '../framing/hex.ts'
import type { Text } from '../protocol.ts'
import { ATTRIBUTE } from './attributes.ts'
import { readAbsoluteMs } from './device-clock.ts'
import { WireReader } from './wire-reader.ts'
import { byteText, utf16Text } from './wire-text.ts'

export interface MonitorFacts {
  readonly texts: readonly Text[]
  readonly absoluteMs?: number
  /** The same as the monitor shows it; its clock knows no zone. */
  readonly calendar?: string
  readonly relativeTicks?: number
}

interface Gathered {
  readonly texts: Text[]
  absoluteMs?: number
  calendar?: string
  relativeTicks?: number
}

/** `reader` stands at an attribute list whose lengths agree. */
export function readMonitorFacts(reader: WireReader): MonitorFacts {
  const facts: Gathered = { texts: [] }
  const count = reader.u16()
  reader.skip(2)
  for (let index = 0; index < count; index += 1) {
    const id = reader.u16()
    const outerEnd = reader.enter(reader.u16())
    READERS.get(id)?.(reader, facts)
    reader.leaveWhole(outerEnd)
  }
  return facts
}

type ReadFact = (reader: WireReader, facts: Gathered) => void

const READERS: ReadonlyMap<number, ReadFact> = new Map<number, ReadFact>([
  [
    ATTRIBUTE.systemModel,
    (reader, { texts }) => {
      tell(texts, 'manufacturer', byteText(reader.view(reader.u16())))
      tell(texts, 'model', byteText(reader.view(reader.u16())))
    },
  ],
  [
    ATTRIBUTE.systemId,
    (reader, { texts }) => {
      const id = hexOf(reader.view(reader.u16()))
      if (id !== '') texts.push({ kind: 'text', name: 'system_id', value: id, isIdentity: true })
    },
  ],
  [ATTRIBUTE.bedLabel, (reader, { texts }) => tell(texts, 'bed_label', utf16Text(reader.view(reader.u16())))],
  [
    ATTRIBUTE.broadcastBedLabel,
    (reader, { texts }) => tell(texts, 'bed_label', utf16Text(reader.view(reader.left))),
  ],
  [
    ATTRIBUTE.absoluteTime,
    (reader, facts) => {
      const wire = reader.view(ABSOLUTE_BYTES)
      const absoluteMs = readAbsoluteMs(new WireReader(wire))
      if (absoluteMs === undefined) return
      facts.absoluteMs = absoluteMs
      facts.calendar = calendarOf(wire)
    },
  ],
  [
    ATTRIBUTE.relativeTime,
    (reader, facts) => {
      facts.relativeTicks = reader.u32()
    },
  ],
  [ATTRIBUTE.networkAddress, readNetworkAddress],
  [ATTRIBUTE.protocolSupport, readProtocolSupport],
])

function tell(texts: Text[], name: string, value: string): void {
  if (value !== '') texts.push({ kind: 'text', name, value })
}

const MAC_BYTES = 6
const IP_BYTES = 4

/** The capture names the address twice, alike. */
function readNetworkAddress(reader: WireReader, { texts }: Gathered): void {
  const mac = Array.from(reader.view(MAC_BYTES), octetHex).join(':')
  const ip = reader.view(IP_BYTES).join('.')
  if (reader.isBroken || texts.some(({ name }) => name === 'mac')) return
  tell(texts, 'mac', mac)
  tell(texts, 'ip', ip)
}

const DATA_EXPORT = 5
const UDP = 1
const ENTRY_BYTES = 8

function readProtocolSupport(reader: WireReader, { texts }: Gathered): void {
  const count = reader.u16()
  const size = reader.u16()
  if (size !== reader.left || size !== count * ENTRY_BYTES) return
  for (let index = 0; index < count; index += 1) {
    const application = reader.u16()
    const protocol = reader.u16()
    const port = reader.u16()
    reader.skip(2)
    if (application !== DATA_EXPORT || protocol !== UDP) continue
    texts.push({ kind: 'text', name: 'data_export_port', value: port })
    return
  }
}

const ABSOLUTE_BYTES = 8

/** Binary-coded decimals are their own hexadecimal digits. */
function calendarOf(wire: Uint8Array): string {
  const [century, year, month, day, hour, minute, second] = Array.from(wire, octetHex)
  return `${century}${year}-${month}-${day}T${hour}:${minute}:${second}`
}

function octetHex(octet: number): string {
  return octet.toString(16).padStart(2, '0')
}
