/** One link to a simulated peripheral: the control channel plays the controller, channel 4 is the true protocol. */

import { parseAirMessage, type AirMessage } from '../../devices/framing/air.ts'
import { ATT_CHANNEL, CONTROL_CHANNEL, type L2capFrame } from '../../devices/framing/l2cap.ts'
import type { SecurityLevel } from '../../devices/framing/link-security.ts'
import type { Cancel, Clock } from '../clock.ts'
import { openAirStream } from './air-stream.ts'
import { createAttClient } from './att-client.ts'
import type { GattConnection, GattListener, GattResult } from './gatt-central.ts'

const CONNECT_TIMEOUT_MS = 10_000

// The Security Manager gives up a pairing that stands still for 30 s, and the link with it.
const PAIRING_TIMEOUT_MS = 30_000

/** A step of the controller that is under way. */
interface Step<Value> {
  settle(result: GattResult<Value>): void
}

export function connectSimulated(
  socketPath: string,
  clock: Clock,
  listener: GattListener,
): Promise<GattResult<GattConnection>> {
  return new Promise((resolve) => {
    let phase: 'connecting' | 'connected' | 'ended' = 'connecting'
    let security: SecurityLevel = 'none'
    let pairing: Step<SecurityLevel> | undefined

    const end = (reason: string): void => {
      const endedPhase = phase
      if (endedPhase === 'ended') return
      phase = 'ended'
      cancelConnectTimeout()
      stream.close()
      client.close(reason)
      pairing?.settle({ ok: false, reason })
      if (endedPhase === 'connecting') resolve({ ok: false, reason })
      else listener.onClosed(reason)
    }

    const client = createAttClient({
      clock,
      send: (payload) => stream.send({ channel: ATT_CHANNEL, payload }),
      onValue: listener.onValue,
      onDead: end,
    })

    const pair = (): Promise<GattResult<SecurityLevel>> =>
      new Promise((settled) => {
        if (phase !== 'connected') {
          settled({ ok: false, reason: 'not-connected' })
          return
        }
        if (pairing !== undefined) {
          settled({ ok: false, reason: 'procedure-already-in-progress' })
          return
        }
        const cancelTimeout: Cancel = clock.after(PAIRING_TIMEOUT_MS, () => end('pairing-timeout'))
        pairing = {
          settle: (result) => {
            cancelTimeout()
            pairing = undefined
            settled(result)
          },
        }
        stream.tell({ kind: 'pair' })
      })

    const connection: GattConnection = {
      get security() {
        return security
      },
      pair,
      discover: client.discover,
      read: client.read,
      write: client.write,
      subscribe: client.subscribe,
      disconnect: () => {
        if (phase === 'ended') return
        phase = 'ended'
        stream.tell({ kind: 'disconnect', reason: 'remote-user-terminated' })
        stream.close()
        client.close('local-host-terminated')
        pairing?.settle({ ok: false, reason: 'local-host-terminated' })
      },
    }

    const hear = (message: AirMessage | undefined): void => {
      if (message?.kind === 'disconnect') end(message.reason)
      else if (message?.kind === 'connected' && phase === 'connecting') {
        phase = 'connected'
        cancelConnectTimeout()
        resolve({ ok: true, value: connection })
      } else if (message?.kind === 'encryption' && phase === 'connected') {
        security = message.level
        listener.onSecurity(security)
      } else if (message?.kind === 'paired' && pairing !== undefined)
        pairing.settle(
          message.outcome === 'bonded'
            ? { ok: true, value: security }
            : { ok: false, reason: 'pairing-refused' },
        )
      else end('malformed-control-message')
    }

    const stream = openAirStream(socketPath, {
      onFrame: ({ channel, payload }: L2capFrame) => {
        if (phase === 'ended') return
        if (channel === CONTROL_CHANNEL) hear(parseAirMessage(payload))
        else if (channel === ATT_CHANNEL && phase === 'connected') client.receive(payload)
        // Other channels of a real link (signalling, Security Manager) do not exist here.
        else end('unexpected-channel')
      },
      onEnd: end,
    })
    const cancelConnectTimeout = clock.after(CONNECT_TIMEOUT_MS, () => end('connect-timeout'))
    stream.tell({ kind: 'connect' })
  })
}
