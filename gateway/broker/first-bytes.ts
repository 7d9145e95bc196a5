/** What the first bytes of a connection are. Pure: bytes in, verdict out; nothing is ever answered to them. */

/** RFC 8446 5.1: content type 22, a version 3.1 to 3.3, a length; 4: handshake type 1. */
const HANDSHAKE_RECORD = 0x16
const CLIENT_HELLO = 0x01
const RECORD_HEADER_BYTES = 5
/** RFC 8446 5.1: no record of the handshake is longer. */
const MAX_RECORD_BYTES = 2 ** 14

/** Enough to read what is needed to name a request; more is never kept. */
const MAX_NAMING_BYTES = 1024

export type FirstBytes =
  /** The whole first record of a ClientHello is there: TLS may have it. */
  | { readonly kind: 'client-hello' }
  /** So far it could become one; `what` is what it is called if nothing more comes. */
  | { readonly kind: 'undecided'; readonly isHello: boolean; readonly what: string }
  | { readonly kind: 'foreign'; readonly what: string }

export function classifyFirstBytes(bytes: Uint8Array): FirstBytes {
  if (bytes.length === 0 || bytes[0] === HANDSHAKE_RECORD) return classifyHello(bytes)
  if (bytes[0] === MQTT_CONNECT) return classifyMqtt(bytes)
  const text = printablePrefix(bytes)
  if (text.length === 0) return { kind: 'foreign', what: UNKNOWN_BYTES }
  return classifyText(text, bytes)
}

const UNKNOWN_BYTES = 'unrecognised bytes'

function classifyHello(bytes: Uint8Array): FirstBytes {
  const [, major, minor, lengthHigh, lengthLow, handshakeType] = bytes
  if (major !== undefined && major !== 3) return { kind: 'foreign', what: UNKNOWN_BYTES }
  if (minor === 0) return { kind: 'foreign', what: 'SSL 3 hello' }
  if (minor !== undefined && minor > 3) return { kind: 'foreign', what: UNKNOWN_BYTES }
  if (handshakeType !== undefined && handshakeType !== CLIENT_HELLO)
    return { kind: 'foreign', what: 'TLS handshake without ClientHello' }
  if (lengthHigh !== undefined && lengthLow !== undefined) {
    const recordBytes = lengthHigh * 256 + lengthLow
    if (recordBytes > MAX_RECORD_BYTES) return { kind: 'foreign', what: UNKNOWN_BYTES }
    if (handshakeType !== undefined && bytes.length >= RECORD_HEADER_BYTES + recordBytes)
      return { kind: 'client-hello' }
  }
  return { kind: 'undecided', isHello: true, what: 'unfinished ClientHello' }
}

// MQTT 3.1.1, 3.1: packet type 1 without flags; then the remaining length, the protocol name and the protocol level.
const MQTT_CONNECT = 0x10
const MQTT_LEVELS: Readonly<Record<string, string>> = {
  'MQIsdp\u0003': 'MQTT 3.1 CONNECT',
  'MQTT\u0004': 'MQTT 3.1.1 CONNECT',
  'MQTT\u0005': 'MQTT 5 CONNECT',
}
const LONGEST_CONNECT_PREFIX_BYTES = 14

function classifyMqtt(bytes: Uint8Array): FirstBytes {
  let at = 1
  while (at < 4 && ((bytes[at] ?? 0) & 0x80) !== 0) at += 1
  const nameLength = (bytes[at + 1] ?? 0) * 256 + (bytes[at + 2] ?? 0)
  const nameAndLevel = String.fromCharCode(...bytes.subarray(at + 3, at + 3 + Math.min(nameLength, 6) + 1))
  const what = MQTT_LEVELS[nameAndLevel]
  if (what !== undefined) return { kind: 'foreign', what }
  if (bytes.length < LONGEST_CONNECT_PREFIX_BYTES)
    return { kind: 'undecided', isHello: false, what: 'unfinished MQTT CONNECT' }
  return { kind: 'foreign', what: nameAndLevel.startsWith('MQTT') ? 'MQTT CONNECT' : UNKNOWN_BYTES }
}

const HTTP_VERBS = ['GET ', 'HEAD ', 'POST ', 'PUT ', 'DELETE ', 'CONNECT ', 'OPTIONS ', 'TRACE ', 'PATCH ']
// RFC 9113 3.4, RFC 4253 4.2, and the header a load balancer would put before TLS.
const PREFACES: Readonly<Record<string, string>> = {
  'PRI * HTTP/2.0': 'HTTP/2 preface',
  'SSH-': 'SSH greeting',
  'PROXY ': 'PROXY protocol header',
}
const HEADERS_END = '\r\n\r\n'
const WEBSOCKET_UPGRADE = /\r\nupgrade:[ \t]*websocket/i
const ENOUGH_TEXT = 16

function classifyText(text: string, bytes: Uint8Array): FirstBytes {
  for (const [preface, what] of Object.entries(PREFACES))
    if (text.startsWith(preface)) return { kind: 'foreign', what }
  if (HTTP_VERBS.some((verb) => text.startsWith(verb))) return classifyHttp(text, bytes)
  const isUnfinished = text.length === bytes.length
  const candidates = [...HTTP_VERBS, ...Object.keys(PREFACES)]
  if (isUnfinished && candidates.some((candidate) => candidate.startsWith(text)))
    return { kind: 'undecided', isHello: false, what: 'text' }
  if (isUnfinished && text.length < ENOUGH_TEXT && !text.includes('\n'))
    return { kind: 'undecided', isHello: false, what: 'text' }
  return { kind: 'foreign', what: isUnfinished || text.includes('\n') ? 'text' : UNKNOWN_BYTES }
}

function classifyHttp(text: string, bytes: Uint8Array): FirstBytes {
  if (WEBSOCKET_UPGRADE.test(text)) return { kind: 'foreign', what: 'WebSocket upgrade' }
  const isComplete =
    text.includes(HEADERS_END) || bytes.length >= MAX_NAMING_BYTES || text.length < bytes.length
  return isComplete
    ? { kind: 'foreign', what: 'HTTP/1 request' }
    : { kind: 'undecided', isHello: false, what: 'HTTP/1 request' }
}

/** The ASCII text (with line ends and tabs) at the beginning. */
function printablePrefix(bytes: Uint8Array): string {
  const end = bytes.findIndex((byte) => !(byte >= 0x20 && byte < 0x7f) && ![0x09, 0x0a, 0x0d].includes(byte))
  const text = bytes.subarray(0, Math.min(end === -1 ? bytes.length : end, MAX_NAMING_BYTES))
  return String.fromCharCode(...text)
}
