/**
 * The acknowledgement, the only thing that is ever sent: accepted is said of a message that was understood and of no
 * other. Enhanced mode (MSH-15, MSH-16) CA, CE, CR; original mode AA, AE, AR.
 */

import { civilOf } from '../framing/civil-time.ts'
import type { SendRule } from '../protocol.ts'
import { unescape } from './charset.ts'
import type { Header } from './message.ts'

export type Outcome = 'accepted' | 'error' | 'rejected'

const COMMIT: Readonly<Record<Outcome, string>> = { accepted: 'CA', error: 'CE', rejected: 'CR' }
const APPLICATION: Readonly<Record<Outcome, string>> = { accepted: 'AA', error: 'AE', rejected: 'AR' }

const MAX_CONTROL_ID = 199
const MAX_ACK_BYTES = 640
const PREFIX = '\x0bMSH|^~\\&|WARDGATE|'

/** "MSA-2 = MSH-10 of the message." Undefined when none is asked for, or there is no id to echo. */
export function acknowledgement(header: Header, outcome: Outcome, atMs: number): Uint8Array | undefined {
  const code = ackCode(header, outcome)
  const controlId = escaped(header.controlId, header, MAX_CONTROL_ID)
  if (code === undefined || controlId === undefined || controlId === '') return undefined
  const time = civilOf(atMs)
  const trigger = /^[A-Z]\d\d$/.test(header.trigger) ? `^${header.trigger}^ACK` : ''
  const processing = /^[PDT]$/.test(header.processing) ? header.processing : 'P'
  const version = /^2(\.\d){1,2}$/.test(header.version) ? header.version : '2.6'
  const to = [header.application, header.facility].map((name) => escaped(name, header, 64) ?? '').join('|')
  const text = [
    `${PREFIX}|${to}|${time}+0000||ACK${trigger}|${shortId(atMs)}|${processing}|${version}`,
    `MSA|${code}|${controlId}`,
    '\x1c\r',
  ].join('\r')
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

function ackCode({ acceptAck, applicationAck }: Header, outcome: Outcome): string | undefined {
  if (acceptAck === '' && applicationAck === '') return APPLICATION[outcome]
  if (isWanted(acceptAck, outcome)) return COMMIT[outcome]
  return isWanted(applicationAck, outcome) ? APPLICATION[outcome] : undefined
}

/** AL always, NE never, ER on error, SU on success; an unknown word is taken for "always". */
function isWanted(condition: string, outcome: Outcome): boolean {
  if (condition === '' || condition === 'NE') return false
  if (condition === 'ER') return outcome !== 'accepted'
  return condition !== 'SU' || outcome === 'accepted'
}

const ESCAPES: Readonly<Record<string, string>> = {
  '|': '\\F\\',
  '^': '\\S\\',
  '&': '\\T\\',
  '~': '\\R\\',
  '\\': '\\E\\',
}

/** As our own delimiters need it; undefined for what is longer or no printable ASCII. */
function escaped(text: string, { delimiters }: Header, maxCharacters: number): string | undefined {
  const plain = unescape(text, delimiters)
  if (plain.length > maxCharacters || !/^[ -~]*$/.test(plain)) return undefined
  return plain.replaceAll(/[|^&~\\]/g, (sign) => ESCAPES[sign] ?? '')
}

/** Unique among the acknowledgements of a run: one message is answered at a time. */
function shortId(atMs: number): string {
  return `WG${Math.max(0, Math.trunc(atMs)).toString(36).toUpperCase()}`
}

const FIELD = '(?:[ -[\\]-{}~]|\\\\[FSTRE]\\\\)'
const FORM = new RegExp(
  `^\\x0bMSH\\|\\^~\\\\&\\|WARDGATE\\|\\|${FIELD}{0,64}\\|${FIELD}{0,64}\\|\\d{14}\\+0000\\|\\|` +
    `ACK(?:\\^[A-Z]\\d\\d\\^ACK)?\\|WG[0-9A-Z]{1,16}\\|[PDT]\\|2(?:\\.\\d){1,2}\\r` +
    `MSA\\|(?:CA|CE|CR|AA|AE|AR)\\|${FIELD}{1,${MAX_CONTROL_ID}}\\r\\x1c\\r$`,
)

export const SENDS: readonly SendRule[] = [
  {
    kind: 'send',
    prefixHex: Array.from(PREFIX, (sign) => sign.charCodeAt(0).toString(16).padStart(2, '0')).join(''),
    maxBytes: MAX_ACK_BYTES,
    meaning: 'acknowledge a message (ACK with one MSA)',
    permits: (bytes) => FORM.test(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')),
  },
]
