/**
 * All errors of the gateway on one page, by whose fault they are. Expected faults (a bad frame, a refused reading)
 * are values, not errors. `code` is stable and decides; `message` is for the engineer who reads it at night:
 * what, where, what to do. Faults of certificates and keys are in certs/errors.ts, in the same form.
 */

type ErrorContext = Readonly<Record<string, string | number | boolean | undefined>>

abstract class GatewayError extends Error {
  abstract readonly code: string
  readonly context: ErrorContext

  constructor(message: string, context: ErrorContext = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.context = context
  }
}

/** The operator's: configuration, paths, permissions, a port in use. Exit code 78. */
export class ConfigError extends GatewayError {
  readonly code = 'WG_CONFIG'
}

/** The command line's: unknown option, missing argument. Exit code 2. */
export class UsageError extends GatewayError {
  readonly code = 'WG_USAGE'
}

/** The listener or the embedded broker. */
export class BrokerError extends GatewayError {
  readonly code = 'WG_BROKER'
}

/** The way out: refused by the guard, or the far end is gone. */
export class UplinkError extends GatewayError {
  readonly code = 'WG_UPLINK'
}

/** Disk: inventory, journal, certificate store. */
export class StorageError extends GatewayError {
  readonly code = 'WG_STORAGE'
}

/** Ours: a state that cannot be. Crash and restart. */
export class InvariantError extends GatewayError {
  readonly code = 'WG_INVARIANT'
}

/** The `code` of what Node throws ('ENOENT'), or undefined. Never test `instanceof` on what Node throws. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** The message of anything thrown. */
export function errorMessage(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string')
    return error.message
  return String(error)
}
