/** How a simulated IntelliVue greets: what it grants, and how it describes itself. */

import {
  absoluteTime,
  attribute,
  fromHex,
  list,
  text16,
  text8,
  u16,
  u32,
  type Octets,
} from './intellivue-octets.ts'
import { MDS, operation } from './intellivue-results.ts'

/** The answer of a captured monitor, up to the options of extended polls. */
const ACCEPT_FRONT = fromHex(
  `0ece0508130100160102800014020002c1be3180a0808001010000a280a003000001a5803080800100810251010000308080
   0100810c2a8648ce14020100000002010000000061803080020101a0806180a180060c2a8648ce14020100000003010000a2
   03020100a305a103020100be80288002010281488000000040000000000000000080000080000000000000000001002c0001
   0028800000000004e200000005b0000005b0ffffffff600000000001000cf0010008`.replaceAll(/\s/g, ''),
)
const ACCEPT_END_BYTES = 20

/** Numerics every second, and waves. */
const SUPPORTED_OPTIONS = 0x88000000

/** Grants what is asked for, as far as it can. */
export function acceptAssociation(askedOptions: number): Uint8Array {
  const options = (askedOptions & SUPPORTED_OPTIONS) >>> 0
  return Uint8Array.of(...ACCEPT_FRONT, ...u32(options), ...Array.from({ length: ACCEPT_END_BYTES }, () => 0))
}

export const REFUSE = Uint8Array.of(0x0c, 0x00)

/** The answer to a release, as captured. */
export const RELEASED = Uint8Array.from(fromHex('0a18c11661803080020101a08063808001000000000000000000'))

export interface MonitorIdentity {
  /** Ten digits. */
  readonly serial: string
  readonly nowMs: number
  readonly ticks: number
}

const INVOKE = 1
const CONFIRMED_EVENT = 1
const MDS_CREATE = 0x0d06
const MDS_CREATE_INVOKE_ID = 1

export function describeMonitor({ serial, nowMs, ticks }: MonitorIdentity): Uint8Array {
  const attributes = list([
    attribute(0x0984, [...u16(6), ...systemId(serial)]),
    attribute(0x0928, [...text8('Philips'), ...text8('M8000')]),
    attribute(0x091e, text16('SIM')),
    attribute(0x0987, absoluteTime(nowMs)),
    attribute(0x098f, u32(ticks)),
  ])
  const event = [...MDS, ...attributes]
  const argument = [...MDS, ...u32(ticks), ...u16(MDS_CREATE), ...u16(event.length), ...event]
  return operation(INVOKE, [
    ...u16(MDS_CREATE_INVOKE_ID),
    ...u16(CONFIRMED_EVENT),
    ...u16(argument.length),
    ...argument,
  ])
}

/** Six octets, locally administered; ten decimal digits fill five of them. */
function systemId(serial: string): Octets {
  return [0x02, ...fromHex(serial)]
}
