/** A Bluetooth LE device as a line: connects, protects, discovers, and then carries out what the driver asks. */

import { merge, Observable, share, Subject, tap } from 'rxjs'
import { isAtLeast, type SecurityLevel } from '../../devices/framing/link-security.ts'
import { normalUuid } from '../../devices/framing/gatt-uuid.ts'
import type { Command, LinkEvent } from '../../devices/protocol.ts'
import type { Cancel, Clock } from '../clock.ts'
import { ConfigError, errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Link } from '../ports.ts'
import type { GattCentral, GattConnection } from './gatt-central.ts'
import { createGattSession, servedCharacteristics, shortName, type GattSession } from './gatt-session.ts'
import { adviceOn } from './gatt-advice.ts'
import { closeWhenSilent } from './no-data-watchdog.ts'
import { reconnecting } from './reconnect.ts'

export interface GattLinkOptions {
  readonly central: GattCentral
  readonly address: string
  /** UUID of the primary service the driver reads, e.g. '180D'. */
  readonly service: string
  /** What the achieved protection of the link must reach; below it nothing is read. */
  readonly security: SecurityLevel
  readonly clock: Clock
  /** Uniform in [0, 1); spreads the reconnects of a ward. */
  readonly random: () => number
  /** No value for this long means the link is dead, whatever the radio says. */
  readonly silenceMs: number
  readonly log: Log
  readonly minDelayMs?: number
  readonly maxDelayMs?: number
}

const MIN_DELAY_MS = 500
const MAX_DELAY_MS = 30_000

// Connecting, pairing and discovery together. A peripheral may be slow at each step, not at all of them for ever.
const SETUP_TIMEOUT_MS = 60_000

export function createGattLink(options: GattLinkOptions): Link {
  const service = normalUuid(options.service)
  if (service === undefined)
    throw new ConfigError(`'${options.service}' is not the UUID of a GATT service: write it like 180D`, {
      address: options.address,
    })
  const refused$ = new Subject<LinkEvent>()
  const report = reporter(options)
  let session: GattSession | undefined

  const openOnce = (): Observable<LinkEvent> =>
    openConnection(options, service, (current) => {
      session = current
    }).pipe(closeWhenSilent(options), tap(report))

  const opened$ = reconnecting(openOnce, {
    clock: options.clock,
    random: options.random,
    minDelayMs: options.minDelayMs ?? MIN_DELAY_MS,
    maxDelayMs: options.maxDelayMs ?? MAX_DELAY_MS,
  })

  return {
    events$: merge(opened$, refused$).pipe(share()),
    execute(command) {
      if (session === undefined) refuse(refused$, command)
      else session.execute(command)
    },
  }
}

/** Tells the log when the line changes; one that stays broken for the same reason says so once. */
function reporter({ log, address }: GattLinkOptions): (event: LinkEvent) => void {
  let toldReason: string | undefined
  return (event) => {
    if (event.kind === 'opened') {
      toldReason = undefined
      log.info('line-opened', { address })
    } else if (event.kind === 'closed' && event.reason !== toldReason) {
      toldReason = event.reason
      log.warn('line-closed', { address, reason: event.reason, advice: adviceOn(event.reason) })
    }
  }
}

/** Not before the caller has returned: a driver is not called back from within its own command. */
function refuse(refused$: Subject<LinkEvent>, command: Command): void {
  queueMicrotask(() => refused$.next({ kind: 'failed', command, reason: 'not-connected' }))
}

/** One connection from its beginning to its one `closed`. */
function openConnection(
  options: GattLinkOptions,
  service: string,
  use: (session: GattSession | undefined) => void,
): Observable<LinkEvent> {
  return new Observable((subscriber) => {
    const { central, clock } = options
    let phase: 'setting-up' | 'open' | 'over' = 'setting-up'
    let connection: GattConnection | undefined
    const cancelDeadline: Cancel = clock.after(SETUP_TIMEOUT_MS, () => end('setup-timeout'))

    const stop = (): void => {
      phase = 'over'
      cancelDeadline()
      use(undefined)
      connection?.disconnect()
    }

    const end = (reason: string): void => {
      if (phase === 'over') return
      stop()
      subscriber.next({ kind: 'closed', reason })
      subscriber.complete()
    }

    const hear = (event: LinkEvent): void => {
      if (phase === 'open') subscriber.next(event)
    }

    const setUp = async (): Promise<string | undefined> => {
      const connected = await central.connect(options.address, {
        onValue: ({ characteristic, via, bytes }) =>
          hear({ kind: 'value', characteristic: shortName(characteristic.uuid), via, bytes }),
        onSecurity: (level) => {
          if (phase === 'open' && !isAtLeast(level, options.security)) end('security-too-low')
        },
        onClosed: end,
      })
      if (!connected.ok) return connected.reason
      connection = connected.value
      if (hasEnded()) {
        connection.disconnect()
        return undefined
      }
      const refusal = await protect(connection, options.security)
      if (refusal !== undefined) return refusal
      const discovered = await connection.discover()
      if (!discovered.ok) return discovered.reason
      if (hasEnded()) return undefined
      // It may have been lost since.
      if (!isAtLeast(connection.security, options.security)) return 'security-too-low'
      const served = servedCharacteristics(discovered.value, service)
      if (served === undefined) return 'service-not-found'
      phase = 'open'
      cancelDeadline()
      use(createGattSession(connection, served, hear))
      subscriber.next({ kind: 'opened', characteristics: [...served.keys()] })
      return undefined
    }

    const hasEnded = (): boolean => phase === 'over'

    setUp().then(
      (refusal) => {
        if (refusal !== undefined) end(refusal)
      },
      (error: unknown) => end(`setup-failed: ${errorMessage(error)}`),
    )
    return stop
  })
}

/** Bonds where the profile asks for it, and believes only what was achieved. */
async function protect(connection: GattConnection, wanted: SecurityLevel): Promise<string | undefined> {
  if (isAtLeast(connection.security, wanted)) return undefined
  const paired = await connection.pair()
  if (!paired.ok) return paired.reason
  return isAtLeast(connection.security, wanted) ? undefined : 'security-too-low'
}
