/** A GATT client over one bearer: discovery, long reads, writes, subscriptions. */

import { writeClientConfiguration } from '../../devices/framing/att-declaration.ts'
import { LONGEST_VALUE_BYTES } from '../../devices/framing/att-pdu.ts'
import type { Clock } from '../clock.ts'
import { createAttBearer, OFFERED_MTU, type AttBearer, type ServerValue } from './att-bearer.ts'
import { discoverServices } from './att-discovery.ts'
import type { GattCharacteristic, GattConnection, GattResult, GattValue } from './gatt-central.ts'

export interface AttClientOptions {
  readonly clock: Clock
  readonly send: (payload: Uint8Array) => void
  readonly onValue: (value: GattValue) => void
  /** Once, when the server or its silence has ended the bearer; not after `close`. */
  readonly onDead: (reason: string) => void
}

export interface AttClient extends Pick<GattConnection, 'discover' | 'read' | 'write' | 'subscribe'> {
  /** Takes one payload of the ATT channel. */
  readonly receive: (payload: Uint8Array) => void
  readonly close: (reason: string) => void
}

// A bonded device may send before its characteristic is subscribed again; beyond this it is not doing its job.
const MOST_UNSOLICITED_VALUES = 64

const OPCODE_BYTES = 1
const OPCODE_AND_HANDLE_BYTES = 3

export function createAttClient(options: AttClientOptions): AttClient {
  const subscribed = new Map<number, GattCharacteristic>()
  let unsolicited: ServerValue[] = []

  const deliver = (characteristic: GattCharacteristic, { pdu, value }: ServerValue): void => {
    options.onValue({ characteristic, via: pdu, bytes: value })
  }

  const bearer = createAttBearer({
    clock: options.clock,
    send: options.send,
    onDead: options.onDead,
    onValue: (value) => {
      const characteristic = subscribed.get(value.handle)
      if (characteristic !== undefined) deliver(characteristic, value)
      else if (unsolicited.length < MOST_UNSOLICITED_VALUES) unsolicited.push(value)
      else bearer.condemn('unsolicited-values')
    },
  })

  return {
    receive: bearer.receive,
    close: bearer.close,
    async discover() {
      // A server without the exchange keeps the default.
      const exchanged = await bearer.request('exchange-mtu-request', {
        pdu: 'exchange-mtu-request',
        mtu: OFFERED_MTU,
      })
      if (!exchanged.ok && exchanged.reason !== 'request-not-supported') return exchanged
      return discoverServices(bearer)
    },
    read: (characteristic) => readWhole(bearer, characteristic.handle),
    write: (characteristic, bytes) => write(bearer, characteristic, bytes),
    async subscribe(characteristic) {
      const { handle, configurationHandle, properties } = characteristic
      const notify = properties.includes('notify')
      const indicate = !notify && properties.includes('indicate')
      if (!notify && !indicate) return { ok: false, reason: 'not-subscribable' }
      if (configurationHandle === undefined) return { ok: false, reason: 'no-client-configuration' }
      subscribed.set(handle, characteristic)
      const early = unsolicited.filter((each) => each.handle === handle)
      unsolicited = unsolicited.filter((each) => each.handle !== handle)
      for (const each of early) deliver(characteristic, each)
      const value = writeClientConfiguration({ notify, indicate })
      const written = await bearer.request('write-request', {
        pdu: 'write-request',
        handle: configurationHandle,
        value,
      })
      if (!written.ok) {
        subscribed.delete(handle)
        return written
      }
      return { ok: true, value: undefined }
    },
  }
}

/** A response that fills the MTU may be the start of a longer value. */
async function readWhole(bearer: AttBearer, handle: number): Promise<GattResult<Uint8Array>> {
  const first = await bearer.request('read-request', { pdu: 'read-request', handle })
  if (!first.ok) return first
  let whole = first.value.value
  let isPartial = whole.length === bearer.mtu - OPCODE_BYTES
  while (isPartial && whole.length <= LONGEST_VALUE_BYTES) {
    const next = await bearer.request('read-blob-request', {
      pdu: 'read-blob-request',
      handle,
      offset: whole.length,
    })
    if (!next.ok && (next.reason === 'attribute-not-long' || next.reason === 'invalid-offset')) break
    if (!next.ok) return next
    const part = next.value.value
    isPartial = part.length === bearer.mtu - OPCODE_BYTES
    whole = Uint8Array.of(...whole, ...part)
  }
  if (whole.length <= LONGEST_VALUE_BYTES) return { ok: true, value: whole }
  bearer.condemn('oversize-value')
  return { ok: false, reason: 'oversize-value' }
}

async function write(
  bearer: AttBearer,
  { handle, properties }: GattCharacteristic,
  value: Uint8Array,
): Promise<GattResult<undefined>> {
  if (value.length > bearer.mtu - OPCODE_AND_HANDLE_BYTES)
    return { ok: false, reason: 'invalid-value-length' }
  if (!properties.includes('write') && properties.includes('write-without-response')) {
    bearer.command({ pdu: 'write-command', handle, value })
    return { ok: true, value: undefined }
  }
  const written = await bearer.request('write-request', { pdu: 'write-request', handle, value })
  return written.ok ? { ok: true, value: undefined } : written
}
