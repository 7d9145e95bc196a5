/** What of a device's stream is counted or told, and goes no further. */

import type { Command } from '../../devices/protocol.ts'
import type { Log } from '../log.ts'
import type { Counters, EventSink } from '../ports.ts'
import { createIdentityWatch } from './identity-watch.ts'
import type { LineEvent } from './line-state.ts'
import type { Measured, Received } from './run-driver.ts'

export interface AccountParts {
  readonly counters: Counters
  readonly events: EventSink
  readonly log: Log
}

export function createAccount(device: string, { counters, events, log }: AccountParts, port?: string) {
  const watchIdentity = createIdentityWatch(device, events)
  const toldForbidden = new Set<string>()
  let isNotUnderstood = false

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

  const noteLine = (phase: LineEvent['phase']): void => {
    if (phase === 'not-understood' && !isNotUnderstood)
      events.emit('technical', 'line-not-understood', { device, advice: lineAdvice(port) })
    if (phase === 'not-understood' || phase === 'understood') isNotUnderstood = phase === 'not-understood'
  }

  return (received: Received): void => {
    if (received.kind === 'measured') accountFor(received.output)
    else if (received.kind === 'line') noteLine(received.phase)
    else if (received.kind === 'command-forbidden') refuse(received.command)
    else if (received.kind === 'command-failed')
      log.warn('command-failed', { device, command: describe(received.command), reason: received.reason })
  }
}

function lineAdvice(port: string | undefined): string {
  const settings = 'check protocol and line settings'
  return port === undefined ? settings : `${settings}: wardgate doctor --port ${port}`
}

/** What a command is, without its bytes. */
function describe(command: Command): string {
  return command.kind === 'send' ? 'send' : `${command.kind} ${command.characteristic}`
}
