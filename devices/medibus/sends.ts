/** Everything the driver can say to a ventilator: questions, empty answers, and where the curves go. */

import { hexOf } from '../framing/hex.ts'
import type { SendRule } from '../protocol.ts'
import { CODE, commandName } from './codes.ts'
import { WANTED_CODES, type Curve } from './curves.ts'
import { decodeWhole, EMPTY_BYTES, encodeMessage } from './message.ts'

/** The commands that only ask. */
const QUESTIONS = [
  CODE.icc,
  CODE.deviceId,
  CODE.nop,
  CODE.measured1,
  CODE.measured2,
  CODE.lowLimits1,
  CODE.highLimits1,
  CODE.lowLimits2,
  CODE.highLimits2,
  CODE.alarms1,
  CODE.alarms2,
  CODE.dateTime,
  CODE.settings,
  CODE.texts,
  CODE.realtimeRequest,
] as const

export type Question = (typeof QUESTIONS)[number]

export function question(code: Question): Uint8Array {
  return encodeMessage({ kind: 'command', code, data: '' })
}

/** "The Evita 4 insists" on this form of a number. */
export const OUR_ID = encodeMessage({
  kind: 'response',
  code: CODE.deviceId,
  data: "0161'wardgate'01.00:03.00",
})

export const NAK = encodeMessage({ kind: 'response', code: CODE.nak, data: '' })

const FIRST_CODE = 0x20
const LAST_CODE = 0x7e

/** Undefined for a code that no command has: a control character is never said back. */
export function emptyAnswer(code: number): Uint8Array | undefined {
  if (code < FIRST_CODE || code > LAST_CODE) return undefined
  return encodeMessage({ kind: 'response', code, data: '' })
}

function isEmptyAnswer(bytes: Uint8Array): boolean {
  const message = bytes.length === EMPTY_BYTES ? decodeWhole(bytes) : undefined
  return message?.kind === 'response' && message.code >= FIRST_CODE && message.code <= LAST_CODE
}

/** Every sample of each curve. */
const EACH_SAMPLE = '01'
const CHOICE_LETTERS = 4
const MAX_CURVES = 4

export function configureCurves(curves: readonly Curve[]): Uint8Array {
  const data = curves.map(({ code }) => code + EACH_SAMPLE).join('')
  return encodeMessage({ kind: 'command', code: CODE.realtimeConfigure, data })
}

function isConfiguration(bytes: Uint8Array): boolean {
  const message = decodeWhole(bytes)
  if (message?.kind !== 'command' || message.code !== CODE.realtimeConfigure) return false
  const { data } = message
  if (data.length === 0 || data.length % CHOICE_LETTERS !== 0) return false
  const choices = data.match(/.{4}/g) ?? []
  return choices.every((choice) => WANTED_CODES.has(choice.slice(0, 2)) && choice.slice(2) === EACH_SAMPLE)
}

const SYNC = 0xd0
const ENABLE_FIRST_CURVES = 0xc1
const ARGUMENT = 0xc0
const END = [0xc0, 0xc0] as const

/** Lets the first so many curves flow; there is no answer. */
export function enableCurves(count: number): Uint8Array {
  return Uint8Array.of(SYNC, ENABLE_FIRST_CURVES, ARGUMENT | (2 ** count - 1), ...END)
}

function exactly(bytes: Uint8Array, meaning: string): SendRule {
  return { kind: 'send', prefixHex: hexOf(bytes), maxBytes: bytes.length, meaning }
}

export const MEDIBUS_SENDS: readonly SendRule[] = [
  ...QUESTIONS.map((code) => exactly(question(code), `ask: ${commandName(code)}`)),
  exactly(OUR_ID, 'answer to the question who we are'),
  exactly(NAK, 'answer to a corrupt command'),
  {
    kind: 'send',
    prefixHex: '01',
    maxBytes: EMPTY_BYTES,
    meaning: 'empty answer to a command of the device',
    permits: isEmptyAnswer,
  },
  {
    kind: 'send',
    prefixHex: '1b54',
    maxBytes: EMPTY_BYTES + MAX_CURVES * CHOICE_LETTERS,
    meaning: 'choose up to four curves',
    permits: isConfiguration,
  },
  ...[1, 2, 3, 4].map((count) => exactly(enableCurves(count), `let ${count} curves flow`)),
]
