/** A GATT server for one client: answers requests, notifies what is subscribed, indicates one value at a time. */

import type { Cancel, Clock } from '../../gateway/clock.ts'
import { encodeAttPdu, parseAttPdu } from '../../devices/framing/att-codec.ts'
import { writeClientConfiguration, type ClientConfiguration } from '../../devices/framing/att-declaration.ts'
import { ATT_ERRORS } from '../../devices/framing/att-error.ts'
import { COMMAND_BIT, DEFAULT_MTU, type AttPdu, type AttPduOf } from '../../devices/framing/att-pdu.ts'
import { isAtLeast } from '../../devices/framing/link-security.ts'
import type { Attribute } from './gatt-database.ts'
import { answerRequest, obeyCommand, type LinkState, type Served } from './gatt-requests.ts'

export type NotificationOutcome = 'sent' | 'not-subscribed' | 'too-long'
export type IndicationOutcome = 'confirmed' | 'not-subscribed' | 'too-long' | 'disconnected'

export interface GattServerOptions {
  readonly attributes: readonly Attribute[]
  /** The largest this server takes part in. */
  readonly mtu: number
  readonly clock: Clock
  readonly link: () => LinkState
  /** What the client configured, by handle of the value; of a bonded client it outlives the connection. */
  readonly configurations: Map<number, ClientConfiguration>
  readonly send: (payload: Uint8Array) => void
  readonly onSubscribe: (uuid: string, configuration: ClientConfiguration) => void
  /** An indication was not confirmed in time: the bearer is dead. */
  readonly onDead: () => void
}

export interface GattServer {
  readonly receive: (payload: Uint8Array) => void
  readonly notify: (handle: number, value: Uint8Array) => NotificationOutcome
  /** Waits its turn: one indication in flight, the next after the confirmation. */
  readonly indicate: (handle: number, value: Uint8Array) => Promise<IndicationOutcome>
  /** The link is gone: whatever waits for a confirmation gets none. */
  readonly close: () => void
}

const CONFIRMATION_TIMEOUT_MS = 30_000

const HANDLE_AND_OPCODE_BYTES = 3

const UNCONFIGURED: ClientConfiguration = { notify: false, indicate: false }

interface Indication {
  readonly pdu: AttPduOf<'indication'>
  readonly settle: (outcome: IndicationOutcome) => void
}

export function createGattServer(options: GattServerOptions): GattServer {
  const { attributes, configurations } = options
  let mtu = DEFAULT_MTU
  let isClosed = false
  let inFlight: Indication | undefined
  let waiting: Indication[] = []
  let cancelTimeout: Cancel = () => undefined
  // While a request is carried out its answer goes first, and what the request set off follows.
  let held: AttPdu[] | undefined

  const sendValue = (pdu: AttPdu): void => {
    if (held === undefined) options.send(encodeAttPdu(pdu))
    else held.push(pdu)
  }

  const served = (): Served => ({
    attributes,
    link: options.link(),
    mtu,
    configuration: (handle) => writeClientConfiguration(configurations.get(handle) ?? UNCONFIGURED),
    configure: ({ configures }, configuration) => {
      if (configures === undefined) return
      configurations.set(configures.handle, configuration)
      options.onSubscribe(configures.uuid, configuration)
    },
  })

  const isSubscribed = (handle: number, how: keyof ClientConfiguration): boolean => {
    const attribute = attributes.find((each) => each.handle === handle)
    if (isClosed || attribute === undefined) return false
    const isProtected = isAtLeast(options.link().level, attribute.readSecurity)
    return isProtected && configurations.get(handle)?.[how] === true
  }

  const indicateNext = (): void => {
    if (inFlight !== undefined) return
    inFlight = waiting.shift()
    if (inFlight === undefined) return
    cancelTimeout = options.clock.after(CONFIRMATION_TIMEOUT_MS, options.onDead)
    sendValue(inFlight.pdu)
  }

  const confirm = (): void => {
    cancelTimeout()
    const confirmed = inFlight
    inFlight = undefined
    confirmed?.settle('confirmed')
    indicateNext()
  }

  const answer = (respond: () => AttPdu | undefined): void => {
    held = []
    const response = respond()
    const after = held
    held = undefined
    for (const pdu of [...(response === undefined ? [] : [response]), ...after])
      options.send(encodeAttPdu(pdu))
  }

  const exchangeMtu = (offered: number): AttPdu => {
    mtu = Math.max(DEFAULT_MTU, Math.min(options.mtu, offered))
    return { pdu: 'exchange-mtu-response', mtu: options.mtu }
  }

  const refuse = (request: number, code: number): void =>
    options.send(encodeAttPdu({ pdu: 'error-response', request, handle: 0, code }))

  return {
    receive(payload) {
      if (isClosed) return
      const opcode = payload[0] ?? 0
      const parsed = parseAttPdu(payload)
      // Only a request is answered when it cannot be read; a command or an answer is not.
      const isRequest = opcode % 2 === 0 && (opcode & COMMAND_BIT) === 0
      if (!parsed.ok) {
        if (!isRequest) return
        refuse(opcode, ATT_ERRORS[parsed.reason === 'request-not-supported' ? parsed.reason : 'invalid-pdu'])
        return
      }
      const pdu = parsed.value
      if (pdu.pdu === 'confirmation') confirm()
      else if (pdu.pdu === 'write-command')
        answer(() => {
          obeyCommand(pdu, served())
          return undefined
        })
      else if (pdu.pdu === 'exchange-mtu-request') options.send(encodeAttPdu(exchangeMtu(pdu.mtu)))
      // Answers and values belong to a client; this end asks for nothing.
      else if (isRequest) answer(() => answerRequest(pdu, served()))
    },
    notify(handle, value) {
      if (!isSubscribed(handle, 'notify')) return 'not-subscribed'
      if (value.length > mtu - HANDLE_AND_OPCODE_BYTES) return 'too-long'
      sendValue({ pdu: 'notification', handle, value })
      return 'sent'
    },
    indicate(handle, value) {
      if (isClosed) return Promise.resolve('disconnected')
      if (!isSubscribed(handle, 'indicate')) return Promise.resolve('not-subscribed')
      if (value.length > mtu - HANDLE_AND_OPCODE_BYTES) return Promise.resolve('too-long')
      return new Promise((settle) => {
        waiting.push({ pdu: { pdu: 'indication', handle, value }, settle })
        indicateNext()
      })
    },
    close() {
      isClosed = true
      cancelTimeout()
      const abandoned = inFlight === undefined ? waiting : [inFlight, ...waiting]
      inFlight = undefined
      waiting = []
      for (const { settle } of abandoned) settle('disconnected')
    },
  }
}
