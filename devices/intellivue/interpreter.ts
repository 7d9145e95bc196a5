/**
 * What user data of either direction means: outputs for whoever reads, and news for whoever leads the conversation. The
 * same for both transports.
 */

import type { DriverOutput, Text } from '../protocol.ts'
import { isSession, readSession, type PollProfile, type SessionPhase } from './association.ts'
import { ATTRIBUTE } from './attributes.ts'
import { DeviceClock } from './device-clock.ts'
import { discarded } from './discarded.ts'
import {
  COMMAND,
  EVENT,
  isAttributeListSound,
  isFault,
  isPollListSound,
  lengthFault,
  readEnvelope,
  readPollResult,
  type Envelope,
  type Fault,
} from './message.ts'
import { readMonitorFacts } from './monitor-facts.ts'
import { hex32 } from './physio.ts'
import { PollListReader } from './poll-list-reader.ts'
import { requestTexts } from './request-texts.ts'
import type { Reading } from './result-outputs.ts'
import { WireReader } from './wire-reader.ts'

export type News =
  | { readonly kind: 'session'; readonly phase: SessionPhase; readonly profile?: PollProfile }
  | { readonly kind: 'mds-created'; readonly invokeId: number }
  | { readonly kind: 'poll-result'; readonly pollNumber: number; readonly isExtended: boolean }
  | { readonly kind: 'wave-list'; readonly textIds: readonly number[] }
  | { readonly kind: 'wave-list-set' }
  | { readonly kind: 'failed'; readonly invokeId: number }
  | { readonly kind: 'nothing' }

export interface Interpreted {
  readonly outputs: readonly DriverOutput[]
  readonly news: News
}

/** Demographics are about a person: never asked for, and never read when they come. */
const PATIENT_DEMOGRAPHICS = 0x002a

const NOTHING: News = { kind: 'nothing' }

export class Interpreter {
  readonly #reading: Reading
  readonly #lists: PollListReader
  readonly #clock = new DeviceClock()

  constructor(reading: Reading) {
    this.#reading = reading
    this.#lists = new PollListReader(reading)
  }

  /** A new association: what the one before said of its objects and its time is void. */
  begin(): void {
    this.#lists.forgetObjects()
    this.#clock.set(undefined, 0)
  }

  interpret(userData: Uint8Array): Interpreted {
    const read = isSession(userData) ? this.#readSession(userData) : this.#readData(userData)
    if (!isFault(read)) return read
    return { outputs: [discarded(read.reason, userData)], news: NOTHING }
  }

  #readSession(userData: Uint8Array): Interpreted | Fault {
    const session = readSession(userData)
    if (isFault(session)) return session
    const { phase, profile } = session
    const options = profile?.extendedOptions
    const outputs = [
      text('association', phase),
      ...(phase === 'accept' && profile !== undefined ? [text('max_mtu', profile.maxReceiveBytes)] : []),
      ...(options === undefined ? [] : [text('poll_profile_ext_options', `0x${hex32(options)}`)]),
    ]
    return { outputs: this.#captured(outputs), news: { kind: 'session', ...session } }
  }

  #readData(userData: Uint8Array): Interpreted | Fault {
    const envelope = readEnvelope(userData)
    if (isFault(envelope)) return envelope
    const { operation, command, invokeId } = envelope
    if (operation === 'error')
      return { outputs: this.#captured([text('error', invokeId)]), news: { kind: 'failed', invokeId } }
    const isEvent = command === COMMAND.event || command === COMMAND.confirmedEvent
    if (operation === 'invoke') return isEvent ? this.#readEvent(envelope) : this.#readRequest(envelope)
    if (command === COMMAND.confirmedAction) return this.#readPoll(envelope)
    if (command === COMMAND.get) return this.#readWaveList(envelope)
    if (command === COMMAND.confirmedSet) return { outputs: [], news: { kind: 'wave-list-set' } }
    return isEvent ? this.#readEventResult(envelope) : { reason: 'unsupported' }
  }

  #readPoll({ argument }: Envelope): Interpreted | Fault {
    const poll = readPollResult(argument)
    if (isFault(poll)) return poll
    const wire = argument.view(argument.left)
    if (!isPollListSound(wire)) return { reason: 'malformed' }
    const news: News = { kind: 'poll-result', pollNumber: poll.pollNumber, isExtended: poll.isExtended }
    if (poll.objectCode === PATIENT_DEMOGRAPHICS) return { outputs: [], news }
    const time = this.#clock.at(poll.ticks)
    return { outputs: this.#lists.read(new WireReader(wire), poll.ticks, time), news }
  }

  #readEvent({ argument, command, invokeId }: Envelope): Interpreted | Fault {
    argument.skip(TIME_BYTES)
    const event = argument.u16()
    const fault = lengthFault(argument)
    if (fault !== undefined) return fault
    if (event !== EVENT.mdsCreate && event !== EVENT.connectIndication) return { reason: 'unsupported' }
    if (event === EVENT.mdsCreate) argument.skip(OBJECT_BYTES)
    const wire = argument.view(argument.left)
    if (!isAttributeListSound(wire)) return { reason: 'malformed' }
    const { texts, absoluteMs, calendar, relativeTicks } = readMonitorFacts(new WireReader(wire))
    if (event === EVENT.connectIndication) return { outputs: texts.map(asBroadcast), news: NOTHING }
    this.#clock.set(relativeTicks === undefined ? undefined : absoluteMs, relativeTicks ?? 0)
    const times = [
      ...(calendar === undefined ? [] : [text('absolute_time', calendar)]),
      ...(relativeTicks === undefined ? [] : [text('relative_time_ticks', relativeTicks)]),
    ]
    const outputs = [...this.#captured([text('event', 'MDS_CREATE')]), ...texts, ...this.#captured(times)]
    return {
      outputs,
      news: command === COMMAND.confirmedEvent ? { kind: 'mds-created', invokeId } : NOTHING,
    }
  }

  #readEventResult({ argument }: Envelope): Interpreted | Fault {
    argument.skip(TIME_BYTES)
    const event = argument.u16()
    const fault = lengthFault(argument)
    if (fault !== undefined) return fault
    const name = event === EVENT.mdsCreate ? 'MDS_CREATE' : String(event)
    return { outputs: this.#captured([text('event_result', name)]), news: NOTHING }
  }

  #readRequest(envelope: Envelope): Interpreted | Fault {
    const texts = requestTexts(envelope)
    return isFault(texts) ? texts : { outputs: this.#captured(texts), news: NOTHING }
  }

  #readWaveList({ argument }: Envelope): Interpreted | Fault {
    const textIds = readTextIds(argument)
    if (textIds === undefined) return { reason: 'malformed' }
    const names = textIds.map((textId) => `0x${hex32(textId)}`)
    return {
      outputs: this.#captured([text('available_waves', names)]),
      news: { kind: 'wave-list', textIds },
    }
  }

  /** What the conversation is about is of interest only to whoever reads a capture. */
  #captured(texts: readonly Text[]): readonly Text[] {
    return this.#reading === 'capture' ? texts : []
  }
}

/** The model of the whole device; MDS create names that of its software. */
function asBroadcast(text: Text): Text {
  return text.name === 'model' ? { ...text, name: 'device_model' } : text
}

const TIME_BYTES = 4
const OBJECT_BYTES = 6

/** A list of one attribute, the priority list. */
function readTextIds(reader: WireReader): readonly number[] | undefined {
  const attributes = reader.u16()
  if (reader.u16() !== reader.left || attributes !== 1) return undefined
  if (reader.u16() !== ATTRIBUTE.wavePriorities || reader.u16() !== reader.left) return undefined
  const count = reader.u16()
  if (reader.u16() !== reader.left || count * 4 !== reader.left) return undefined
  return Array.from({ length: count }, () => reader.u32())
}

function text(name: string, value: Text['value']): Text {
  return { kind: 'text', name, value }
}
