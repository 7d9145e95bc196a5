/** One writer at a time for a file of the state directory, so that two commands do not undo each other's change. */

import { withStoreLock } from '../../certs/store-lock.ts'
import { CertificateError } from '../../certs/errors.ts'
import { StorageError } from '../errors.ts'

/** `what` names the file in messages: 'the inventory'. */
export function withFileLock<T>(path: string, what: string, action: () => T): T {
  let isHeld = false
  try {
    return withStoreLock(path, () => {
      isHeld = true
      return action()
    })
  } catch (error) {
    if (isHeld || !(error instanceof CertificateError)) throw error
    throw new StorageError(
      `cannot change ${what} while ${path} is held by another process, or cannot be made: try again when that has ` +
        'finished, as the owner of the state directory; nothing was changed',
      { path },
      error,
    )
  }
}
