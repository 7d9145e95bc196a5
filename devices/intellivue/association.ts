/**
 * Who may talk: requests to open and close an association, and what the monitor grants. "The accept has the same 72-byte
 * user information at a different offset: locate it."
 */

import type { DiscardReason } from '../protocol.ts'
import { WireReader } from './wire-reader.ts'

export type SessionPhase = 'request' | 'accept' | 'refuse' | 'release-request' | 'released' | 'abort'

const PHASES: ReadonlyMap<number, SessionPhase> = new Map([
  [0x0d, 'request'],
  [0x0e, 'accept'],
  [0x0c, 'refuse'],
  [0x09, 'release-request'],
  [0x0a, 'released'],
  [0x19, 'abort'],
])

export interface Session {
  readonly phase: SessionPhase
  /** In a request what is asked for, in an accept what is granted. */
  readonly profile?: PollProfile
}

export interface PollProfile {
  readonly minPollPeriodTicks: number
  readonly maxReceiveBytes: number
  /** Undefined without the package of extended polls. */
  readonly extendedOptions: number | undefined
}

export const OPTION = { numerics1s: 0x80000000, waves: 0x08000000 } as const

export function isSession(bytes: Uint8Array): boolean {
  return PHASES.has(bytes[0] ?? 0)
}

const LONG_LENGTH = 0xff

export function readSession(bytes: Uint8Array): Session | { readonly reason: DiscardReason } {
  const reader = new WireReader(bytes)
  const phase = PHASES.get(reader.u8())
  if (phase === undefined) return { reason: 'unsupported' }
  const short = reader.u8()
  const size = short === LONG_LENGTH ? reader.u16() : short
  if (reader.isBroken || size > reader.left) return { reason: 'truncated' }
  if (size < reader.left) return { reason: 'trailing' }
  if (phase !== 'request' && phase !== 'accept') return { phase }
  const profile = findProfile(bytes)
  if (profile === undefined) return { reason: 'malformed' }
  return { phase, profile }
}

const PROTOCOL_VERSION = 0x80000000
const NOMENCLATURE_VERSION = 0x40000000
const FIXED_BYTES = 20
const POLL_PROFILE = 1
const EXTENDED_PACKAGE = 0xf001

/** A length byte before the two versions that every side must have. */
function findProfile(bytes: Uint8Array): PollProfile | undefined {
  for (let at = 2; at < bytes.length; at += 1) {
    const size = bytes[at] ?? 0
    if (size < FIXED_BYTES || at + 1 + size > bytes.length) continue
    const reader = new WireReader(bytes, at + 1, at + 1 + size)
    if (reader.u32() === PROTOCOL_VERSION && reader.u32() === NOMENCLATURE_VERSION) return readProfile(reader)
  }
  return undefined
}

function readProfile(reader: WireReader): PollProfile | undefined {
  // Functional units, system type, startup mode.
  reader.skip(12)
  reader.skip(2)
  reader.skip(reader.u16())
  let profile: PollProfile | undefined
  forEachAttribute(reader, (id) => {
    if (id === POLL_PROFILE) profile = readPollProfile(reader)
  })
  return reader.isBroken ? undefined : profile
}

function readPollProfile(reader: WireReader): PollProfile {
  reader.skip(4)
  const minPollPeriodTicks = reader.u32()
  const maxReceiveBytes = reader.u32()
  // Send size, bandwidth, options.
  reader.skip(12)
  let extendedOptions: number | undefined
  forEachAttribute(reader, (id) => {
    if (id === EXTENDED_PACKAGE) extendedOptions = reader.u32()
  })
  return { minPollPeriodTicks, maxReceiveBytes, extendedOptions }
}

function forEachAttribute(reader: WireReader, read: (id: number) => void): void {
  const count = reader.u16()
  const listEnd = reader.enter(reader.u16())
  for (let index = 0; index < count && reader.left > 0; index += 1) {
    const id = reader.u16()
    const attributeEnd = reader.enter(reader.u16())
    read(id)
    reader.leave(attributeEnd)
  }
  reader.leave(listEnd)
}
