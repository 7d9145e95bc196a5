/** Makes a bond, with an agent of our own that answers for one device and for the time of the pairing only. */

import { lstatSync, readFileSync } from 'node:fs'
import { isBonded } from './bluez-security.ts'
import type { BluezSession } from './bluez-session.ts'
import { DEVICE } from './bluez-tree.ts'
import type { DbusMessage, DbusReply } from './dbus-messages.ts'
import type { GattResult } from './gatt-central.ts'

export interface PairingOptions {
  /** Six digits the device shows or has printed on it; without the file nothing proves who is paired with. */
  readonly passkeyFile: string | undefined
}

export interface Pairing {
  /** The device has proven that it knows the passkey. */
  readonly isPasskeyProven: boolean
}

const AGENT_PATH = '/org/wardgate/agent'
const AGENT_MANAGER = 'org.bluez.AgentManager1'

// The Security Manager gives up a pairing that stands still for 30 s.
const PAIRING_TIMEOUT_MS = 35_000
const BOND_TIMEOUT_MS = 6_000

export async function makeBond(
  session: BluezSession,
  devicePath: string,
  { passkeyFile }: PairingOptions,
): Promise<GattResult<Pairing>> {
  const passkey = passkeyFile === undefined ? undefined : readPasskey(passkeyFile)
  if (passkey?.ok === false) return passkey
  let isPasskeyGiven = false

  const manager = { path: '/org/bluez', interface: AGENT_MANAGER, duty: 'pair' } as const
  const registered = await session.call({
    ...manager,
    member: 'RegisterAgent',
    signature: 'os',
    body: [AGENT_PATH, passkey === undefined ? 'NoInputNoOutput' : 'KeyboardOnly'],
  })
  if (!registered.ok) return registered
  session.serve((call) => {
    const reply = agentReply(call, devicePath, passkey?.value)
    if (reply.ok && call.member === 'RequestPasskey') isPasskeyGiven = true
    return reply
  })
  const paired = await pair(session, devicePath)
  session.serve(undefined)
  await session.call({ ...manager, member: 'UnregisterAgent', signature: 'o', body: [AGENT_PATH] })
  return paired.ok ? { ok: true, value: { isPasskeyProven: isPasskeyGiven } } : paired
}

async function pair(session: BluezSession, devicePath: string): Promise<GattResult<undefined>> {
  const on = { path: devicePath, interface: DEVICE, duty: 'pair' } as const
  const paired = await session.call({ ...on, member: 'Pair', timeoutMs: PAIRING_TIMEOUT_MS })
  if (!paired.ok && paired.reason !== 'already-exists') {
    if (paired.reason === 'pairing-timeout') await session.call({ ...on, member: 'CancelPairing' })
    return paired
  }
  const bonded = await session.until<undefined>(
    () =>
      isBonded(session.tree.properties(devicePath, DEVICE)) ? { ok: true, value: undefined } : undefined,
    BOND_TIMEOUT_MS,
  )
  // Paired for this connection, but the device keeps no keys.
  return bonded ?? { ok: false, reason: 'not-bonded' }
}

const REJECTED: DbusReply = { ok: false, fault: { name: 'org.bluez.Error.Rejected', message: 'refused' } }
const DONE: DbusReply = { ok: true, signature: '', body: [] }

/** Nobody is there who could compare numbers: what needs a look or a nod is refused. */
export function agentReply(call: DbusMessage, devicePath: string, passkey: number | undefined): DbusReply {
  if (call.interface !== 'org.bluez.Agent1') return REJECTED
  if (call.member === 'Release' || call.member === 'Cancel') return DONE
  if (call.body[0] !== devicePath) return REJECTED
  if (call.member === 'RequestPasskey' && passkey !== undefined)
    return { ok: true, signature: 'u', body: [passkey] }
  // Pairing without proof is what the configuration asks for when it names no passkey.
  if (call.member === 'RequestAuthorization' && passkey === undefined) return DONE
  return REJECTED
}

const OTHERS = 0o077

/** The file is a secret like a key: nobody else may read it. */
function readPasskey(path: string): GattResult<number> {
  try {
    const stats = lstatSync(path)
    if (!stats.isFile() || (stats.mode & OTHERS) !== 0) return { ok: false, reason: 'passkey-file-open' }
    const digits = readFileSync(path, 'utf8').trim()
    return /^\d{6}$/.test(digits)
      ? { ok: true, value: Number(digits) }
      : { ok: false, reason: 'passkey-file-malformed' }
  } catch {
    return { ok: false, reason: 'passkey-file-missing' }
  }
}
