/**
 * Examines a serial line: listens with one setting after the other, then lets each driver ask its harmless questions,
 * then watches what was found for a while. It decides nothing: that is diagnose.ts.
 */

import type { SerialLine } from '../../devices/protocol.ts'
import type { Clock } from '../clock.ts'
import type { Link } from '../ports.ts'
import { candidateLines, type SerialProtocol } from './candidates.ts'
import { converse, type Conversation } from './converse.ts'
import { isSameLine, lineText } from './line-text.ts'
import { listen, type LineErrors, type Listening } from './listen.ts'
import { errorCount, matchesOf, otherTongue, rank, type Match } from './match.ts'

export interface ExaminationOptions {
  /** Opens the line with these settings; subscribing opens it, unsubscribing closes it. */
  readonly openLink: (line: SerialLine) => Link
  readonly protocols: readonly SerialProtocol[]
  readonly expected?: Expectation
  /** What the system has counted on this port so far. */
  readonly lineErrors?: () => LineErrors | undefined
  /** `listen-only` sends not a single byte. */
  readonly manner: 'listen-only' | 'ask'
  readonly clock: Clock
  readonly times?: ExaminationTimes
  /** Tells what is being done, for whoever waits. */
  readonly onStep?: (text: string) => void
}

/** What the configuration says stands here. */
export interface Expectation {
  readonly protocol: SerialProtocol
  readonly line: SerialLine
}

interface ExaminationTimes {
  /** Longer than the slowest device that talks by itself is silent. */
  readonly firstListenMs: number
  readonly listenMs: number
  /** A look ends early when it has this much. */
  readonly enoughBytes: number
  readonly askMs: number
  readonly watchMs: number
  /** Between closing a port and opening it again: the system needs a moment. */
  readonly settleMs: number
}

const TIMES: ExaminationTimes = {
  firstListenMs: 4_000,
  listenMs: 2_500,
  enoughBytes: 4_096,
  askMs: 7_000,
  watchMs: 8_000,
  settleMs: 200,
}

export interface Examination {
  /** The first fault of the port itself, e.g. 'no-such-port'; nothing else is known then. */
  readonly fault?: string
  readonly listenings: readonly { readonly line: SerialLine; readonly listening: Listening }[]
  /** Best first. */
  readonly matches: readonly Match[]
  readonly asked: readonly {
    readonly protocol: SerialProtocol
    readonly line: SerialLine
    readonly answer: Conversation
  }[]
  readonly found?: Found
}

export interface Found {
  readonly protocol: SerialProtocol
  readonly line: SerialLine
  /** `calling`: it said something in the language of the driver, and gave no answer to its questions. */
  readonly by: 'listening' | 'asking' | 'calling'
  /** Another protocol that understands another part of what comes. */
  readonly alsoHeard?: string
  /** A longer look at it: with the driver's questions, or without when nothing may be sent. */
  readonly watched: Conversation | Listening
}

// A line whose every byte makes sense needs no further trial.
const FLUENT = 0.98

export async function examineLine(options: ExaminationOptions): Promise<Examination> {
  const { listenings, fault, understood } = await listenAll(options)
  if (fault !== undefined) return { fault, listenings, matches: [], asked: [] }
  const matches = understood.toSorted((a, b) => rank(b) - rank(a))
  const [best] = matches
  if (best !== undefined) {
    const heard = listenings.find(({ line }) => line === best.line)?.listening.bytes
    const alsoHeard = heard === undefined ? undefined : otherTongue(best, options.protocols, heard)
    const watched = await watch(options, best)
    const found: Found = {
      ...best,
      by: 'listening',
      ...(alsoHeard !== undefined && { alsoHeard }),
      watched,
    }
    return { listenings, matches, asked: [], found }
  }
  const asked = options.manner === 'ask' ? await askAll(options) : []
  const answered = asked.find(({ answer }) => answer.readingCount > 0)
  if (answered === undefined) {
    const calling = asked.find(({ answer }) => isCalling(answer))
    if (calling === undefined) return { listenings, matches, asked }
    const { protocol, line, answer } = calling
    return { listenings, matches, asked, found: { protocol, line, by: 'calling', watched: answer } }
  }
  const { protocol, line } = answered
  const watched = await watch(options, { protocol, line })
  return { listenings, matches, asked, found: { protocol, line, by: 'asking', watched } }
}

interface Heard extends Pick<Examination, 'listenings' | 'fault'> {
  readonly understood: readonly Match[]
}

async function listenAll(options: ExaminationOptions): Promise<Heard> {
  const { protocols, expected, openLink, clock, times = TIMES, lineErrors = untold, onStep } = options
  const listenings: { line: SerialLine; listening: Listening }[] = []
  const understood: Match[] = []
  for (const line of candidateLines(protocols, expected === undefined ? [] : [expected.line])) {
    onStep?.(`listening at ${lineText(line)}`)
    const forMs = listenings.length === 0 ? times.firstListenMs : times.listenMs
    const look = (): Promise<Listening> =>
      listen({ link: openLink(line), forMs, clock, lineErrors, enoughBytes: times.enoughBytes })
    const listening = await onceFree(options, look)
    if (listening.fault !== undefined) return { listenings, understood, fault: listening.fault }
    listenings.push({ line, listening })
    // What says nothing at one speed says nothing at any.
    if (listening.bytes.length === 0) break
    const found = matchesOf(protocols, line, listening)
    understood.push(...found)
    const [best] = found
    if (best !== undefined && best.fluency >= FLUENT && errorCount(best) === 0) break
  }
  return { listenings, understood }
}

function untold(): undefined {
  return undefined
}

function settled({ clock, times = TIMES }: ExaminationOptions): Promise<void> {
  return new Promise((resolve) => clock.after(times.settleMs, resolve))
}

async function askAll(options: ExaminationOptions): Promise<Examination['asked']> {
  const { protocols, expected, openLink, clock, times = TIMES, onStep } = options
  const asked: { protocol: SerialProtocol; line: SerialLine; answer: Conversation }[] = []
  const rounds = [
    ...(expected === undefined ? [] : [expected]),
    ...protocols.map((protocol) => ({ protocol, line: protocol.link })),
    ...protocols.flatMap((protocol) => (protocol.otherLines ?? []).map((line) => ({ protocol, line }))),
  ].filter(({ protocol }) => protocol.sends.length > 0)
  for (const { protocol, line } of rounds) {
    if (asked.some((done) => done.protocol === protocol && isSameLine(done.line, line))) continue
    onStep?.(`asking for ${protocol.id} at ${lineText(line)}`)
    const answer = await onceFree(options, () =>
      converse({ protocol, link: openLink(line), clock, forMs: times.askMs, untilReadings: 1 }),
    )
    asked.push({ protocol, line, answer })
    if (answer.readingCount > 0) break
  }
  return asked
}

async function watch(
  options: ExaminationOptions,
  { protocol, line }: Pick<Match, 'protocol' | 'line'>,
): Promise<Conversation | Listening> {
  const { manner, openLink, clock, times = TIMES, lineErrors = untold, onStep } = options
  const forMs = times.watchMs
  onStep?.(`watching ${protocol.id} at ${lineText(line)}`)
  if (manner === 'listen-only')
    return onceFree(options, () =>
      listen({ link: openLink(line), forMs, clock, lineErrors, enoughBytes: Infinity }),
    )
  return onceFree(options, () =>
    converse({ protocol, link: openLink(line), clock, forMs, untilReadings: Infinity }),
  )
}

/** What came was in the driver's language, though no answer to its questions. */
function isCalling({ byteCount, unitCount, discardCount }: Conversation): boolean {
  return byteCount > 0 && (unitCount > 0 || discardCount === 0)
}

const MOST_ATTEMPTS = 20

/** A port that was closed a moment ago, here or by a gateway that was just stopped, is busy a little longer. */
async function onceFree<Result extends { readonly fault: string | undefined }>(
  options: ExaminationOptions,
  attempt: () => Promise<Result>,
): Promise<Result> {
  for (let count = 1; ; count += 1) {
    const result = await attempt()
    if (result.fault !== 'busy' || count === MOST_ATTEMPTS) return result
    await settled(options)
  }
}
