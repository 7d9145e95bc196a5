/** Ends a session that has proved who it is and then says nothing: it would hold its place for ever. */

import type { Clock } from '../clock.ts'
import type { EventSink } from '../ports.ts'
import type { Session } from './session.ts'

export interface ConnectDeadlineOptions {
  readonly connectMs: number
  readonly clock: Pick<Clock, 'after'>
  readonly events: EventSink
}

export function awaitConnect(session: Session, { connectMs, clock, events }: ConnectDeadlineOptions): void {
  const cancel = clock.after(connectMs, () => {
    if (session.clientId !== undefined) return
    const { address, listener } = session
    const { role, id } = session.identity
    events.emit('security', 'no-connect', { role, id, address, listener, afterMs: connectMs })
    session.conn.destroy()
  })
  session.conn.once('close', cancel)
}
