/** Logs are events with fields, one JSON object a line on stderr; never a payload, a key or a person. */

import { destination, pino, type Logger } from 'pino'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'
export type LogFields = Readonly<Record<string, unknown>>

export interface Log {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
  /** A logger for one part: every line it writes carries these fields. */
  child(fields: LogFields): Log
}

// Paths that could carry a secret if a careless field ever did.
const REDACTED = [
  'key',
  'password',
  'passphrase',
  'payload',
  '*.key',
  '*.password',
  '*.passphrase',
  '*.payload',
]

export function createLog(level: LogLevel, fileDescriptor = 2): Log {
  const root = pino(
    {
      level,
      base: null,
      redact: { paths: REDACTED, censor: '[redacted]' },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    destination({ dest: fileDescriptor, sync: true }),
  )
  return wrap(root)
}

/** Says nothing: for tests and for commands whose output is read by a program. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
}

function wrap(logger: Logger): Log {
  return {
    debug: (event, fields) => logger.debug({ ...fields, event }),
    info: (event, fields) => logger.info({ ...fields, event }),
    warn: (event, fields) => logger.warn({ ...fields, event }),
    error: (event, fields) => logger.error({ ...fields, event }),
    child: (fields) => wrap(logger.child(fields)),
  }
}
