/** What of a device's stream is counted or told, and goes no further. */

import type { Command } from '../../devices/protocol.ts'
import type { Log } from '../log.ts'
import type { Counters, EventSink } from '../ports.ts'
import { createIdentityWatch } from './identity-watch.ts'
import type { Measured, Received } from './run-driver.ts'

export interface AccountParts {
  readonly counters: Counters
  readonly events: EventSink
  readonly log: Log
}

export function createAccount(device: string, { counters, events, log }: AccountParts) {
  const watchIdentity = createIdentityWatch(device, events)
  const toldForbidden = new Set<string>()

  const accountFor = (output: Measured): void => {
    if (output.kind === 'discarded') counters.count('discarded_frames_total', { reason: output.reason })
    else if (output.kind === 'waveform' || output.kind === 'alert')
      counters.count('not_relayed_total', { kind: output.kind })
    else if (output.kind === 'text') watchIdentity(output)
  }

  const refuse = (command: Command): void => {
    counters.count('commands_refused_total')
    const what = describe(command)
    if (toldForbidden.has(what)) return
    toldForbidden.add(what)
    events.emit('technical', 'command-forbidden', { device, command: what })
  }

  return (received: Received): void => {
    if (received.kind === 'measured') accountFor(received.output)
    else if (received.kind === 'command-forbidden') refuse(received.command)
    else if (received.kind === 'command-failed')
      log.warn('command-failed', { device, command: describe(received.command), reason: received.reason })
  }
}

/** What a command is, without its bytes. */
function describe(command: Command): string {
  return command.kind === 'send' ? 'send' : `${command.kind} ${command.characteristic}`
}
