/** From what an examination saw to what is wrong and what to do about it. Pure. */

import type { DiscardReason } from '../../devices/protocol.ts'
import type { Examination, Expectation, Found } from './examine.ts'
import { isSameLine, lineText } from './line-text.ts'
import type { Match } from './match.ts'

type FindingCode =
  | 'port-fault'
  | 'silent'
  | 'not-understood'
  | 'wrong-settings'
  | 'other-protocol'
  | 'one-way'
  | 'life-sign-missing'
  | 'checksum-errors'
  | 'mixed-protocols'

export interface Finding {
  readonly code: FindingCode
  readonly text: string
  readonly advice: string
}

/** An empty list: nothing is wrong with this line. */
export function diagnose(examination: Examination, expected?: Expectation): readonly Finding[] {
  const { fault, found } = examination
  if (fault !== undefined)
    return [
      finding('port-fault', `the port cannot be read: ${fault}`, PORT_ADVICE[fault] ?? 'see the reason'),
    ]
  if (found === undefined) return [notFound(examination)]
  const match = examination.matches[0]
  return [
    ...settingsFindings(found, expected),
    ...watchFindings(found),
    ...(match === undefined ? [] : damageFindings(match, found)),
  ]
}

const PORT_ADVICE: Readonly<Record<string, string>> = {
  'no-such-port': 'check the cable, the adapter and the path',
  'not-a-port': 'the path is no terminal device',
  'no-permission': 'add your user to the group dialout, or run this as the user of the gateway',
  busy: 'another program reads this port: stop it first, a running gateway included',
  'cannot-lock': 'make the lock directory writable',
  unplugged: 'the adapter disappeared while it was read: check its plug and its power',
}

function notFound({ listenings, asked }: Examination): Finding {
  const byteCount =
    listenings.reduce((sum, { listening }) => sum + listening.bytes.length, 0) +
    asked.reduce((sum, { answer }) => sum + answer.byteCount, 0)
  const tried = [...new Set(listenings.map(({ line }) => lineText(line)))].join(', ')
  if (byteCount === 0)
    return finding(
      'silent',
      asked.length > 0
        ? `not one byte came, neither unasked nor to the questions of ${askedText(asked)}`
        : 'not one byte came; nothing was asked',
      'check that the device is on and its data output is enabled in its menu, that the cable is not a straight one ' +
        'where a null modem is needed (or the reverse), and that pin 2, 3 and 5 are all connected',
    )
  const isFlat = listenings.every(({ listening }) => new Set(listening.bytes).size <= 2)
  return finding(
    'not-understood',
    `${byteCount} bytes came, and no protocol understands them at ${tried}`,
    isFlat
      ? 'it is the same byte again and again: an open receive line or a reversed level converter looks like this'
      : 'look up speed, parity and protocol in the menu of the device; it may speak a protocol that wardgate does not',
  )
}

function askedText(asked: Examination['asked']): string {
  return [...new Set(asked.map(({ protocol }) => protocol.id))].join(', ')
}

function settingsFindings({ protocol, line }: Found, expected: Expectation | undefined): readonly Finding[] {
  const usual = expected?.protocol.id === protocol.id ? expected.line : protocol.link
  const findings: Finding[] = []
  if (expected !== undefined && expected.protocol.id !== protocol.id)
    findings.push(
      finding(
        'other-protocol',
        `the device speaks ${protocol.id}, the configuration says ${expected.protocol.id}`,
        'change the protocol in the configuration, or the output format in the menu of the device',
      ),
    )
  if (!isSameLine(line, usual))
    findings.push(
      finding(
        'wrong-settings',
        `the device sends ${lineText(line)}, ${expected === undefined ? `${protocol.id} usually is` : 'the configuration says'} ${lineText(usual)}`,
        'put the settings below into the configuration',
      ),
    )
  return findings
}

function watchFindings({ protocol, watched, by }: Found): readonly Finding[] {
  const findings: Finding[] = []
  const isUnanswered = 'sentCount' in watched && watched.sentCount > 0 && watched.readingCount === 0
  // What was found by asking has answered: a longer look may end before its next reading.
  if (isUnanswered && by !== 'asking')
    findings.push(
      finding(
        'one-way',
        `the device is heard, but ${watched.sentCount} messages to it changed nothing: it does not hear us`,
        'the line from the gateway to the device is open: check the transmit wire (pin 3), the handshake lines, and ' +
          'whether the device is set to listen to a computer',
      ),
    )
  if (watched.longestPauseMs > protocol.silenceMs)
    findings.push(
      finding(
        'life-sign-missing',
        `the line was silent for ${seconds(watched.longestPauseMs)}; a live ${protocol.id} is never silent for more than ${seconds(protocol.silenceMs)}`,
        'the device stopped, was unplugged, or ended the link because it heard no sign of life from us',
      ),
    )
  return findings
}

const CHECK_FAILED: readonly DiscardReason[] = ['checksum', 'bad-crc']
// One in two hundred: far more than a sound cable of a ward loses.
const TOLERATED_RATE = 0.005
// What may be lost without a reason to speak of.
const TOLERATED_LOSS = 0.02

function damageFindings({ heard }: Match, { protocol, alsoHeard }: Found): readonly Finding[] {
  if (alsoHeard !== undefined)
    return [
      finding(
        'mixed-protocols',
        `${protocol.id} and ${alsoHeard} come over the same line`,
        'two devices share this line, or the device changes its format: give each its own line, or set one format',
      ),
    ]
  const failedCount = CHECK_FAILED.reduce((sum, reason) => sum + (heard.discards.get(reason) ?? 0), 0)
  const rate = failedCount / (failedCount + heard.unitCount)
  const loss = heard.lostBytes / Math.max(1, heard.bytesSinceFirst)
  if (rate <= TOLERATED_RATE && loss <= TOLERATED_LOSS) return []
  return [
    finding(
      'checksum-errors',
      `${failedCount} checks failed beside ${heard.unitCount} good units, and ${percent(loss)} of the bytes were lost`,
      'the cable is too long, badly shielded or loose, or the settings are nearly right: compare speed and parity with ' +
        'the menu of the device',
    ),
  ]
}

function finding(code: FindingCode, text: string, advice: string): Finding {
  return { code, text, advice }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
