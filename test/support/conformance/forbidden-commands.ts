/**
 * What may start, stop or change a therapy, or a setting of a device, in the words of each protocol that has such
 * words. No driver may be able to send any of them, also not the driver of another protocol.
 */

import { crc16CcittFalse } from '../../../devices/framing/crc16.ts'
import { encodeCommand as contec } from '../../../devices/contec-packet.ts'
import type { Command } from '../../../devices/protocol.ts'

interface Forbidden {
  readonly meaning: string
  readonly command: Command
}

const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const upper = (value: number, digits: number): string =>
  value.toString(16).toUpperCase().padStart(digits, '0')

function crcXmodem(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021
  }
  return crc & 0xffff
}

function asena(text: string): Uint8Array {
  return ascii(`!${text}|${upper(crc16CcittFalse(ascii(text)), 4)}\r`)
}

function as50(text: string): Uint8Array {
  const crc = crcXmodem(ascii(text))
  return Uint8Array.of(...ascii(text), crc >>> 8, crc & 0xff)
}

function sum(bytes: Uint8Array): number {
  return bytes.reduce((total, byte) => (total + byte) & 0xff, 0)
}

function medibus(code: number, text = ''): Uint8Array {
  const body = Uint8Array.of(0x1b, code, ...ascii(text))
  return Uint8Array.of(...body, ...ascii(`${upper(sum(body), 2)}\r`))
}

function bcc(information: string, bed = '1/1/1'): Uint8Array {
  const text = `${bed}>${information}`
  const size = String(text.length + 15).padStart(5, '0')
  const front = ascii(`\x01${size}\x02${text}\x03`)
  return Uint8Array.of(...front, ...ascii(`${String(sum(front)).padStart(5, '0')}\x04`))
}

/** An action, or a change of an attribute, in Data Export of the IntelliVue: command 4 set, 5 confirmed set, 7 action. */
function intellivue(command: number, argument: string): Uint8Array {
  const body = hex(argument)
  const size = (value: number): string => value.toString(16).padStart(4, '0')
  return hex(`E1000002 0001 ${size(body.length + 6)} 0001 ${size(command)} ${size(body.length)} ${argument}`)
}

const LINES: readonly (readonly [meaning: string, bytes: Uint8Array])[] = [
  ['Alaris: start the infusion', asena('INF_START')],
  ['Alaris: stop the infusion', asena('INF_STOP')],
  ['Alaris: set the rate', asena('INF_RATE^10.0^ml/h')],
  ['Alaris: give a bolus', asena('INF_BOLUS^1.0^ml')],
  ['Alaris: take remote control', asena('REMOTE_CTRL^ENABLED')],
  ['Alaris: a query with a command behind it', Uint8Array.of(...asena('INF'), ...asena('INF_START'))],
  ['AS50: set the rate', as50('[PRIRATE=100]')],
  ['AS50: set the bolus', as50('[BOLSIZ=5]')],
  ['AS50: start', as50('[START]')],
  ['AS50: stop', as50('[STOP]')],
  ['AS50: a query with a command behind it', Uint8Array.of(...as50('[STATUS?]'), ...as50('[START]'))],
  ['BCC: set a rate', bcc('MEM:SET#11,INRT,100')],
  ['BCC: start a pump', bcc('ADMIN:START#11')],
  ['BCC: an unknown administration command', bcc('ADMIN:RESET')],
  ['BCC: a request with another behind it', bcc('MEM:GET\x1eMEM:SET')],
  ['Medibus: a setting', medibus(0x4a, '01100.0')],
  ['Medibus: unknown code 4B', medibus(0x4b)],
  ['Medibus: settings with an argument', medibus(0x29, '0910')],
  ['IntelliVue: set an attribute', intellivue(4, '0021 0000 0000 00000000 0001 000A 0000 F100 0002 0001')],
  ['IntelliVue: confirmed set', intellivue(5, '0021 0000 0000 00000000 0001 000A 0000 F100 0002 0001')],
  ['IntelliVue: an action that is no poll', intellivue(7, '0021 0000 0000 00000000 0C17 0002 0001')],
  ['Contec: stop the stream of whoever listens', contec('stopLive')],
  ['Contec: read the stored data', hex('7D 81 A6 80 80 80 80 80 80')],
  ['Contec: an unknown command', hex('7D 81 B0 80 80 80 80 80 80')],
  ['Contec: start with a command behind it', Uint8Array.of(...contec('startLive'), ...contec('stopLive'))],
  ['Nonin: select a data format', hex('02 70 02 02 08 03')],
  ['Nonin: set the time', hex('02 72 06 32 0C 1F 0E 1E 0F 03')],
  ['HL7: an order', ascii('\x0bMSH|^~\\&|A|B|C|D|20240101||RGV^O15|1|P|2.6\rORC|NW\r\x1c\r')],
  ['nothing at all', new Uint8Array()],
  ['a line feed of a terminal', ascii('\r\n')],
  ['the break of a modem', ascii('+++')],
]

/** Op codes of the insulin delivery service (little-endian), and of the glucose monitor. */
const WRITES: readonly (readonly [meaning: string, characteristic: string, bytes: Uint8Array])[] = [
  ['pump: run, pause or stop the therapy', '2B25', hex('5A0F 55')],
  ['pump: flight mode', '2B25', hex('660F')],
  ['pump: snooze an annunciation', '2B25', hex('690F 0100')],
  ['pump: confirm an annunciation', '2B25', hex('990F 0100')],
  ['pump: write a basal profile', '2B25', hex('CC0F 00 01 01 3C00 0A00')],
  ['pump: set a temporary basal rate', '2B25', hex('FF0F 00 33 0A000000 1E00')],
  ['pump: cancel a temporary basal rate', '2B25', hex('1111')],
  ['pump: set a bolus', '2B25', hex('4B11 00 33 0A000000 00000000 0000')],
  ['pump: cancel a bolus', '2B25', hex('7811 0100')],
  ['pump: set a bolus template', '2B25', hex('DD11 01')],
  ['pump: the same words at the other control point', '2B24', hex('4B11 00 33 0A000000')],
  ['pump: reset a status', '2B24', hex('4B11')],
  ['pump: delete records', '2A52', hex('02 01')],
  ['glucose monitor: start a session', '2AAC', hex('1A')],
  ['glucose monitor: stop the session', '2AAC', hex('1B')],
  ['glucose monitor: set a calibration', '2AAC', hex('04 6400 0000 00 0000 0000 00')],
  ['glucose monitor: set the alert level', '2AAC', hex('07 6400')],
  ['a characteristic of nobody', 'FFF1', hex('01')],
]

export const FORBIDDEN: readonly Forbidden[] = [
  ...LINES.map(([meaning, bytes]): Forbidden => ({ meaning, command: { kind: 'send', bytes } })),
  ...WRITES.map(([meaning, characteristic, bytes]): Forbidden => ({
    meaning,
    command: { kind: 'write', characteristic, bytes },
  })),
]
