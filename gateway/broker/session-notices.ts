/** Follows the clients of Aedes: notices for the gateway, lines for the log. */

import type { EventEmitter } from 'node:events'
import type { Client } from 'aedes'
import type { Subject } from 'rxjs'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { OrderedAedes } from './ordered-aedes.ts'
import type { Session, SessionNotice } from './session.ts'
import type { Sessions } from './sessions.ts'

export interface WatchOptions {
  readonly sessions: Sessions
  readonly notices: Subject<SessionNotice>
  readonly log: Log
}

/** Returns what is to be called when a connection has closed. */
export function watchAedes(aedes: OrderedAedes, options: WatchOptions): (session: Session) => void {
  const { sessions, notices, log } = options
  /** Client ids that were announced as online; a session that is taken over does not go offline in between. */
  const announced = new Set<string>()

  aedes.on('client', (client) => {
    // Aedes loses sight of a client whose predecessor closes at the same moment; then it would not end that one either.
    // Of many that come at once the last one to be granted the client id stays, in whatever order Aedes takes them in.
    const holder = sessions.holder(client.id)
    for (const other of sessions.all())
      if (other.clientId === client.id && other !== holder) other.conn.destroy()
  })
  aedes.on('connackSent', ({ returnCode }, client) => {
    // Aedes notes that it is sent only after this event.
    if (returnCode === 0) queueMicrotask(() => sessions.of(client.conn)?.conn.open())
  })
  aedes.on('clientReady', (client) => {
    const session = sessions.of(client.conn)
    if (session === undefined || announced.has(client.id)) return
    announced.add(client.id)
    notices.next({ identity: session.identity, kind: 'online' })
  })
  aedes.on('unsubscribe', (filters, client) => {
    const session = sessions.of(client.conn)
    for (const filter of filters) session?.withdraw(filter)
  })
  const logFault = (client: Client, error: unknown): void => {
    const session = sessions.of(client.conn)
    const { role, id } = session?.identity ?? { role: 'unknown', id: 'unknown' }
    log.info('client-fault', { role, id, address: session?.address, reason: errorMessage(error) })
  }
  aedes.on('clientError', logFault)
  aedes.on('connectionError', logFault)
  // Aedes' types leave this event out; without a listener it would end the process.
  const emitter: EventEmitter = aedes
  emitter.on('error', (error: unknown) => log.error('broker-fault', { reason: errorMessage(error) }))

  return (session) => {
    sessions.remove(session)
    const { clientId, identity } = session
    if (clientId === undefined || sessions.holder(clientId) !== undefined) return
    if (announced.delete(clientId)) notices.next({ identity, kind: 'offline' })
  }
}
