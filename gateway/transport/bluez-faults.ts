/** Errors of bluetoothd as the words the rest of the gateway knows. */

import { attErrorWord } from '../../devices/framing/att-error.ts'
import type { DbusFault } from './dbus-messages.ts'

/** What was asked for when the error came. */
export type BluezDuty = 'setup' | 'scan' | 'connect' | 'pair' | 'read' | 'write' | 'subscribe'

// The keys come from outside, where a plain object would answer to 'toString' too.
function wordsOf(words: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(words))
}

const BY_NAME: ReadonlyMap<string, string> = wordsOf({
  'org.freedesktop.DBus.Error.ServiceUnknown': 'no-bluetoothd',
  'org.freedesktop.DBus.Error.NameHasNoOwner': 'no-bluetoothd',
  'org.freedesktop.DBus.Error.Spawn.ChildExited': 'no-bluetoothd',
  'org.freedesktop.DBus.Error.Spawn.ServiceNotFound': 'no-bluetoothd',
  // A unit that is masked, or cannot run because there is no adapter.
  'org.freedesktop.systemd1.UnitMasked': 'no-bluetoothd',
  'org.freedesktop.systemd1.NoSuchUnit': 'no-bluetoothd',
  'org.freedesktop.DBus.Error.AccessDenied': 'no-permission-for-bluetoothd',
  'org.freedesktop.DBus.Error.UnknownObject': 'device-removed',
  // It names an interface too where the object has gone meanwhile.
  'org.freedesktop.DBus.Error.UnknownMethod': 'device-removed',
  'local.closed': 'local-host-terminated',
  'org.bluez.Error.NotReady': 'adapter-off',
  'org.bluez.Error.NotConnected': 'not-connected',
  'org.bluez.Error.DoesNotExist': 'device-removed',
  'org.bluez.Error.InProgress': 'procedure-already-in-progress',
  'org.bluez.Error.NotAuthorized': 'insufficient-authorization',
  'org.bluez.Error.NotSupported': 'request-not-supported',
  'org.bluez.Error.InvalidOffset': 'invalid-offset',
  'org.bluez.Error.InvalidValueLength': 'invalid-value-length',
  'org.bluez.Error.InvalidArguments': 'invalid-value-length',
  'org.bluez.Error.AuthenticationFailed': 'authentication-failure',
  'org.bluez.Error.AuthenticationRejected': 'pairing-refused',
  'org.bluez.Error.AuthenticationCanceled': 'pairing-refused',
  'org.bluez.Error.AuthenticationTimeout': 'pairing-timeout',
  'org.bluez.Error.ConnectionAttemptFailed': 'connect-failed',
  'org.bluez.Error.AlreadyConnected': 'already-connected',
  'org.bluez.Error.AlreadyExists': 'already-exists',
})

const NOT_PERMITTED: Readonly<Record<BluezDuty, string>> = {
  setup: 'request-not-supported',
  scan: 'request-not-supported',
  connect: 'connect-failed',
  pair: 'pairing-refused',
  read: 'read-not-permitted',
  write: 'write-not-permitted',
  subscribe: 'not-subscribable',
}

const NO_ANSWER: Readonly<Record<BluezDuty, string>> = {
  setup: 'bluetoothd-timeout',
  scan: 'bluetoothd-timeout',
  connect: 'connect-timeout',
  pair: 'pairing-timeout',
  read: 'att-timeout',
  write: 'att-timeout',
  subscribe: 'att-timeout',
}

const OTHERWISE: Readonly<Record<BluezDuty, string>> = {
  setup: 'bluetoothd-refused',
  scan: 'scan-failed',
  connect: 'connect-failed',
  pair: 'authentication-failure',
  read: 'unlikely-error',
  write: 'unlikely-error',
  subscribe: 'unlikely-error',
}

const NO_ANSWER_NAMES: ReadonlySet<string> = new Set(['local.timeout', 'org.freedesktop.DBus.Error.NoReply'])

export function bluezReason({ name, message }: DbusFault, duty: BluezDuty): string {
  if (NO_ANSWER_NAMES.has(name)) return NO_ANSWER[duty]
  if (name === 'org.bluez.Error.NotPermitted')
    return /not paired/i.test(message) ? 'insufficient-authentication' : NOT_PERMITTED[duty]
  return BY_NAME.get(name) ?? BY_TEXT.get(message) ?? attReason(message) ?? OTHERWISE[duty]
}

// Why a connection failed is said in the text alone.
const BY_TEXT: ReadonlyMap<string, string> = wordsOf({
  'le-connection-adapter-not-powered': 'adapter-off',
  'le-connection-timeout': 'connect-timeout',
  'le-connection-busy': 'procedure-already-in-progress',
  'le-connection-key-missing': 'authentication-failure',
  'le-connection-already-connected': 'already-connected',
})

// "Operation failed with ATT error: 0x81"
function attReason(message: string): string | undefined {
  const digits = /ATT error: 0x([0-9a-f]{1,2})\b/i.exec(message)?.[1]
  return digits === undefined ? undefined : attErrorWord(Number.parseInt(digits, 16))
}

const DISCONNECT_REASONS: ReadonlyMap<string, string> = wordsOf({
  'org.bluez.Reason.Timeout': 'connection-timeout',
  'org.bluez.Reason.Local': 'local-host-terminated',
  'org.bluez.Reason.Remote': 'remote-user-terminated',
  'org.bluez.Reason.Authentication': 'authentication-failure',
})

/** Only newer versions of bluetoothd say why; `disconnected` is all the others know. */
export function disconnectReason(name: unknown): string {
  return (typeof name === 'string' ? DISCONNECT_REASONS.get(name) : undefined) ?? 'disconnected'
}
