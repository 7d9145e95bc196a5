/** What of a line's stream is counted or told, beside what is relayed. */

import type { Command } from '../../devices/protocol.ts'
import type { Log } from '../log.ts'
import type { Counters, EventSink } from '../ports.ts'
import { createIdentityWatch } from './identity-watch.ts'
import type { LineEvent } from './line-state.ts'
import type { Received } from './run-driver.ts'

export interface AccountParts {
  readonly counters: Counters
  readonly events: EventSink
  readonly log: Log
}

/** The first of `devices` is that of the line itself; `port` is its terminal, for advice. */
export function createAccount(
  devices: readonly string[],
  { counters, events, log }: AccountParts,
  port?: string,
) {
  const identities = new Map(devices.map((id) => [id, createIdentityWatch(id, events)]))
  const [line = ''] = devices
  const toldForbidden = new Set<string>()
  let isNotUnderstood = false

  const refuse = (command: Command): void => {
    counters.count('commands_refused_total')
    const what = describe(command)
    if (toldForbidden.has(what)) return
    toldForbidden.add(what)
    events.emit('technical', 'command-forbidden', { device: line, command: what })
  }

  const noteLine = (phase: LineEvent['phase']): void => {
    if (phase === 'not-understood' && !isNotUnderstood)
      events.emit('technical', 'line-not-understood', { device: line, advice: lineAdvice(port) })
    if (phase === 'not-understood' || phase === 'understood') isNotUnderstood = phase === 'not-understood'
  }

  /** `device` is the one that an output belongs to; undefined when it belongs to none. */
  return (received: Received, device: string | undefined): void => {
    if (received.kind === 'line') noteLine(received.phase)
    else if (received.kind === 'command-forbidden') refuse(received.command)
    else if (received.kind === 'command-failed')
      log.warn('command-failed', {
        device: line,
        command: describe(received.command),
        reason: received.reason,
      })
    else if (received.kind === 'measured') {
      const { output } = received
      if (output.kind === 'discarded') counters.count('discarded_frames_total', { reason: output.reason })
      else if (output.kind === 'text' && device !== undefined) identities.get(device)?.(output)
    }
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
